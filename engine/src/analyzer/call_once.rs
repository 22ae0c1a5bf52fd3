//! A call of a model on constants is made once, however many rows there are and however often it is written.
//!
//! ```text
//! Projection: harpnum, generate(…)['psep'], generate(…)['usflux']     Projection: harpnum, (<subquery>)['psep'], (<subquery>)['usflux']
//!   TableScan: sharps                                             ⇒      Subquery:
//!                                                                          Projection: generate(…)
//!                                                                            EmptyRelation: rows=1
//!                                                                        TableScan: sharps
//! ```
//!
//! DataFusion runs such a subquery once, before the rows, and those that are equal together; the call itself it would make
//! for each batch. It does not apply to a single row, to a draw without a seed, nor in CASE and coalesce, whose values may
//! never be asked for.

use std::sync::Arc;

use datafusion::{
    common::{
        DFSchema, Result, Spans,
        config::ConfigOptions,
        tree_node::{Transformed, TreeNode, TreeNodeRecursion},
    },
    logical_expr::{
        Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, ScalarUDF, Subquery, Volatility,
        expr::ScalarFunction, expr_rewriter::NamePreserver, lit,
    },
    optimizer::AnalyzerRule,
};

use super::draw_once::draws_afresh;
use crate::{contains, functions::typed::metadata_of};

/// The functions that run a model.
const MODELS: [&str; 4] = ["generate", "steer", "invert", "embed"];

#[derive(Debug)]
pub(super) struct CallOnce {
    /// The function that [`crate::functions::typed`] describes.
    pub(super) typed: Arc<ScalarUDF>,
}

impl AnalyzerRule for CallOnce {
    fn name(&self) -> &'static str {
        "call_once"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        if !contains::node(&plan, calls) {
            return Ok(plan);
        }
        plan.transform_up_with_subqueries(|plan| {
            if !calls(&plan) {
                return Ok(Transformed::no(plan));
            }
            let names = NamePreserver::new(&plan);
            plan.map_expressions(|expr| {
                let name = names.save(&expr);
                let once = expr.transform_down(|expr| self.once(expr))?;
                Ok(once.update_data(|expr| name.restore(expr)))
            })
        })
        .map(|transformed| transformed.data)
    }
}

impl CallOnce {
    fn once(&self, expr: Expr) -> Result<Transformed<Expr>> {
        let may_be_skipped = match &expr {
            Expr::Case(_) => true,
            Expr::ScalarFunction(call) => ["coalesce", "nvl", "ifnull"].contains(&call.name()),
            _ => false,
        };
        if may_be_skipped {
            return Ok(Transformed::new(expr, false, TreeNodeRecursion::Jump));
        }
        if !is_constant(&expr) {
            return Ok(Transformed::no(expr));
        }
        let (_, field) = expr.to_field(&DFSchema::empty())?;
        let call = LogicalPlanBuilder::empty(true).project(vec![expr])?.build()?;
        let mut value = Expr::ScalarSubquery(Subquery {
            subquery: Arc::new(call),
            outer_ref_columns: Vec::new(),
            spans: Spans::new(),
        });
        if let Some(metadata) = metadata_of(&field) {
            let typed = ScalarFunction::new_udf(Arc::clone(&self.typed), vec![value, lit(metadata)]);
            value = Expr::ScalarFunction(typed);
        }
        Ok(Transformed::new(value, true, TreeNodeRecursion::Jump))
    }
}

/// Whether a model is called on constants at `node`, for more than one row.
fn calls(node: &LogicalPlan) -> bool {
    let input = match node {
        LogicalPlan::Projection(projection) => &projection.input,
        LogicalPlan::Filter(filter) => &filter.input,
        _ => return false,
    };
    !matches!(input.as_ref(), LogicalPlan::EmptyRelation(_)) && contains::expression(node, is_constant)
}

/// Whether `expr` is a call of a model that has the same value for every row.
fn is_constant(expr: &Expr) -> bool {
    let Expr::ScalarFunction(call) = expr else {
        return false;
    };
    let varies = |part: &Expr| match part {
        Expr::Column(_) | Expr::LambdaVariable(_) | Expr::Placeholder(_) | Expr::Unnest(_) => true,
        Expr::ScalarFunction(call) => {
            let is_volatile = call.func.signature().volatility == Volatility::Volatile;
            draws_afresh(part) || (is_volatile && !MODELS.contains(&call.name()))
        }
        _ => false,
    };
    MODELS.contains(&call.name()) && !contains::asks_elsewhere(expr) && !contains::part(expr, varies)
}
