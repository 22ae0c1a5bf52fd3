//! `typed(value, metadata)`: what the analyzer wraps around a scalar subquery of a PATCH, LATENT or
//! EMBEDDING. DataFusion's operator for such subqueries gives out the bare Arrow type; this puts back the
//! field metadata that makes it ours.

use std::{collections::HashMap, sync::Arc};

use arrow::{
    array::ArrayRef,
    datatypes::{Field, FieldRef},
};
use datafusion::{
    common::{Result, plan_datafusion_err},
    logical_expr::{Expr, ReturnFieldArgs, ScalarUDF, expr::ScalarFunction, lit},
};
use helioql_grammar::bind::CallSignature;

use super::{Kernel, Rows, constant_text, required};

/// The name by which the analyzer knows the call.
pub(crate) const TYPED: &str = "typed";

#[derive(Debug)]
pub(super) struct Typed;

/// The second argument for a value of `field`.
pub(crate) fn metadata_of(field: &Field) -> Option<String> {
    let entries: std::collections::BTreeMap<_, _> = field.metadata().iter().collect();
    if entries.is_empty() {
        None
    } else {
        serde_json::to_string(&entries).ok()
    }
}

/// `value`, of which `metadata` is said.
pub(crate) fn with_metadata(typed: &Arc<ScalarUDF>, value: Expr, metadata: String) -> Expr {
    Expr::ScalarFunction(ScalarFunction::new_udf(
        Arc::clone(typed),
        vec![value, lit(metadata)],
    ))
}

impl Kernel for Typed {
    fn call(&self) -> CallSignature {
        CallSignature {
            name: TYPED,
            parameters: ["value", "metadata"].map(required).to_vec(),
            positional: 2,
        }
    }

    fn return_field(&self, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let text = constant_text(args, 1, "typed")?.unwrap_or_default();
        let metadata: HashMap<String, String> =
            serde_json::from_str(&text).map_err(|error| plan_datafusion_err!("internal: typed: {error}"))?;
        let field = args.arg_fields[0].as_ref().clone().with_nullable(true);
        Ok(Arc::new(field.with_metadata(metadata)))
    }

    fn invoke(&self, rows: &Rows<'_>) -> Result<ArrayRef> {
        rows.array(0)
    }
}
