//! A scalar subquery keeps the type of its column.
//!
//! ```text
//! EMBED((SELECT patch FROM sharps LIMIT 1))  ⇒  EMBED(typed((SELECT patch …), '{"cell_mm": …}'))
//! ```
//!
//! It does not apply to columns without field metadata, nor to SAMPLEs, whose metadata lies inside their
//! type.

use std::sync::Arc;

use datafusion::{
    common::{
        Result,
        config::ConfigOptions,
        tree_node::{Transformed, TreeNode},
    },
    logical_expr::{Expr, LogicalPlan, ScalarUDF, expr::ScalarFunction, expr_rewriter::NamePreserver, lit},
    optimizer::AnalyzerRule,
};

use crate::functions::typed::metadata_of;

#[derive(Debug)]
pub(super) struct KeepSubqueryTypes {
    /// The function that [`crate::functions::typed`] describes.
    pub(super) typed: Arc<ScalarUDF>,
}

impl AnalyzerRule for KeepSubqueryTypes {
    fn name(&self) -> &'static str {
        "keep_subquery_types"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|plan| {
            let names = NamePreserver::new(&plan);
            plan.map_expressions(|expr| {
                let name = names.save(&expr);
                let wrapped = expr.transform_up(|expr| Ok(self.wrap(expr)))?;
                Ok(wrapped.update_data(|expr| name.restore(expr)))
            })
        })
        .map(|transformed| transformed.data)
    }
}

impl KeepSubqueryTypes {
    fn wrap(&self, expr: Expr) -> Transformed<Expr> {
        let metadata = match &expr {
            Expr::ScalarSubquery(subquery) => subquery
                .subquery
                .schema()
                .fields()
                .first()
                .and_then(|field| metadata_of(field)),
            _ => None,
        };
        match metadata {
            Some(metadata) => {
                let call = ScalarFunction::new_udf(Arc::clone(&self.typed), vec![expr, lit(metadata)]);
                Transformed::yes(Expr::ScalarFunction(call))
            }
            None => Transformed::no(expr),
        }
    }
}
