//! A column that is computed says its unit, as a column of a table does.
//!
//! ```text
//! Projection: usflux / area_acr    ⇒  Projection: typed(usflux / area_acr, '{"unit": "Mx/uHem"}')
//! Projection: max(usflux)          ⇒  Projection: typed(max(usflux), '{"unit": "Mx"}')
//! ```
//!
//! The unit is the one by which [`super::resolve_quantities`] compares such a value. It does not apply to a column that
//! says its unit already, to plain numbers, to what has a unit that is none of the language's, nor below the
//! projection that gives out the rows, where no one reads it.

use std::sync::Arc;

use datafusion::{
    common::{
        Result,
        config::ConfigOptions,
        tree_node::{Transformed, TreeNode},
    },
    logical_expr::{Distinct, Expr, ExprSchemable, LogicalPlan, ScalarUDF, expr_rewriter::NamePreserver},
    optimizer::AnalyzerRule,
};
use helioql_catalog::types::{UNIT, unit_of};

use super::resolve_quantities::unit_of_expr;
use crate::functions::typed::{metadata_of, with_metadata};

#[derive(Debug)]
pub(super) struct KeepUnits {
    /// The function that [`crate::functions::typed`] describes.
    pub(super) typed: Arc<ScalarUDF>,
}

impl AnalyzerRule for KeepUnits {
    fn name(&self) -> &'static str {
        "keep_units"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        Ok(self.outermost(plan)?.data)
    }
}

impl KeepUnits {
    /// Goes through what passes columns on to the projection that names them.
    fn outermost(&self, plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
        match &plan {
            LogicalPlan::Sort(_) | LogicalPlan::Limit(_) | LogicalPlan::Distinct(Distinct::All(_)) => {
                plan.map_children(|child| self.outermost(child))
            }
            LogicalPlan::Projection(projection) => {
                let input = Arc::clone(&projection.input);
                let names = NamePreserver::new(&plan);
                let kept = plan.map_expressions(|expr| {
                    let name = names.save(&expr);
                    let Some(metadata) = metadata(&expr, &input) else {
                        return Ok(Transformed::no(expr));
                    };
                    let call = with_metadata(&self.typed, expr.unalias(), metadata);
                    Ok(Transformed::yes(name.restore(call)))
                })?;
                if kept.transformed {
                    return Ok(Transformed::yes(kept.data.recompute_schema()?));
                }
                Ok(kept)
            }
            _ => Ok(Transformed::no(plan)),
        }
    }
}

/// What a computed expression over `input` shall say of itself.
fn metadata(expr: &Expr, input: &LogicalPlan) -> Option<String> {
    let (_, field) = expr.to_field(input.schema()).ok()?;
    if unit_of(&field).is_some() || !field.data_type().is_numeric() {
        return None;
    }
    let unit = unit_of_expr(expr, input).filter(|unit| !unit.is_plain())?;
    let mut metadata = field.metadata().clone();
    metadata.insert(UNIT.to_owned(), unit.text);
    metadata_of(&field.as_ref().clone().with_metadata(metadata))
}
