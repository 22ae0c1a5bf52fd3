//! What gives out one of several values, or the value of a subquery, keeps what the values are.
//!
//! ```text
//! EMBED((SELECT patch FROM sharps LIMIT 1))   ⇒  EMBED(typed((SELECT patch …), '{"cell_mm": …}'))
//! EMBED(coalesce(a.patch, b.patch))           ⇒  EMBED(typed(coalesce(a.patch, b.patch), '{"cell_mm": …}'))
//! ```
//!
//! PATCH, LATENT and EMBEDDING, and units, are field metadata, which DataFusion drops in scalar subqueries, CASE,
//! coalesce, nvl, nullif and in casts to the same type. It does not apply where the values differ in it, such as
//! embeddings of two encoders, nor to SAMPLEs, whose metadata lies inside their type.

use std::sync::Arc;

use datafusion::{
    common::{
        DFSchema, Result,
        config::ConfigOptions,
        tree_node::{Transformed, TreeNode},
    },
    logical_expr::{Expr, ExprSchemable, LogicalPlan, ScalarUDF, utils::merge_schema},
    optimizer::AnalyzerRule,
};
use helioql_catalog::types::EXTENSION_NAME;

use super::{each_expression, each_node};
use crate::{
    contains,
    functions::typed::{metadata_of, with_metadata},
};

#[derive(Debug)]
pub(super) struct KeepTypes {
    /// The function that [`crate::functions::typed`] describes.
    pub(super) typed: Arc<ScalarUDF>,
}

impl AnalyzerRule for KeepTypes {
    fn name(&self) -> &'static str {
        "keep_types"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        each_node(plan, chooses, |plan| {
            let schema = merge_schema(&plan.inputs());
            let kept = each_expression(plan, |expr| {
                expr.transform_up(|expr| Ok(self.wrap(expr, &schema)))
            })?;
            // What stands above reads the types from the schema.
            if kept.transformed {
                return Ok(Transformed::yes(kept.data.recompute_schema()?));
            }
            Ok(kept)
        })
    }
}

/// Whether an expression of `plan` gives out one of several values.
fn chooses(plan: &LogicalPlan) -> bool {
    contains::expression(plan, |expr| {
        matches!(expr, Expr::ScalarSubquery(_)) || !values(expr).is_empty()
    })
}

/// The values of which an expression gives out one.
fn values(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::Case(case) => {
            let results = case.when_then_expr.iter().map(|(_, then)| then.as_ref());
            results.chain(case.else_expr.as_deref()).collect()
        }
        Expr::Cast(cast) => vec![&cast.expr],
        Expr::ScalarFunction(call) => match call.func.name() {
            "coalesce" | "nvl" | "ifnull" => call.args.iter().collect(),
            "nullif" => call.args.iter().take(1).collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

impl KeepTypes {
    fn wrap(&self, expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
        match metadata(&expr, schema) {
            Some(metadata) => Transformed::yes(with_metadata(&self.typed, expr, metadata)),
            None => Transformed::no(expr),
        }
    }
}

/// What all values that `expr` chooses from say of themselves, where DataFusion would drop it.
fn metadata(expr: &Expr, schema: &DFSchema) -> Option<String> {
    if let Expr::ScalarSubquery(subquery) = expr {
        return metadata_of(subquery.subquery.schema().fields().first()?);
    }
    let mut common: Option<String> = None;
    for value in values(expr) {
        if matches!(value, Expr::Literal(value, _) if value.is_null()) {
            continue;
        }
        let (_, field) = value.to_field(schema).ok()?;
        // A cast keeps the other metadata by itself.
        if let Expr::Cast(cast) = expr
            && (cast.field.data_type() != field.data_type() || !field.metadata().contains_key(EXTENSION_NAME))
        {
            return None;
        }
        let metadata = metadata_of(&field)?;
        match &common {
            None => common = Some(metadata),
            Some(known) if *known == metadata => {}
            Some(_) => return None,
        }
    }
    common
}
