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
//! DataFusion runs such a subquery once, before the rows, and those that are equal together; the call itself it would
//! make for each batch. It is made where no row comes, too. It does not apply to a single row, to a draw without a seed,
//! nor in CASE and coalesce, whose values may never be asked for.

use std::{collections::BTreeSet, sync::Arc};

use datafusion::{
    common::{
        DFSchema, Result, Spans,
        config::ConfigOptions,
        tree_node::{Transformed, TreeNode, TreeNodeRecursion},
    },
    logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, ScalarUDF, Subquery, Volatility},
    optimizer::AnalyzerRule,
};

use super::{draw_once::draws_afresh, each_expression, each_node};
use crate::{
    contains,
    functions::typed::{metadata_of, with_metadata},
};

#[derive(Debug)]
pub(super) struct CallOnce {
    /// The function that [`crate::functions::typed`] describes.
    pub(super) typed: Arc<ScalarUDF>,
    /// The functions that run a model.
    pub(super) models: BTreeSet<&'static str>,
}

impl AnalyzerRule for CallOnce {
    fn name(&self) -> &'static str {
        "call_once"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let is_called = |node: &LogicalPlan| self.is_called_at(node);
        each_node(plan, is_called, |plan| {
            each_expression(plan, |expr| expr.transform_down(|expr| self.once(expr)))
        })
    }
}

impl CallOnce {
    fn once(&self, expr: Expr) -> Result<Transformed<Expr>> {
        let may_be_skipped = match &expr {
            Expr::Case(_) => true,
            Expr::ScalarFunction(call) => call.func.short_circuits(),
            _ => false,
        };
        if may_be_skipped {
            return Ok(Transformed::new(expr, false, TreeNodeRecursion::Jump));
        }
        if !self.is_constant(&expr) {
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
            value = with_metadata(&self.typed, value, metadata);
        }
        Ok(Transformed::new(value, true, TreeNodeRecursion::Jump))
    }

    /// Whether a model is called on constants at `node`, for more than one row.
    fn is_called_at(&self, node: &LogicalPlan) -> bool {
        let input = match node {
            LogicalPlan::Projection(projection) => &projection.input,
            LogicalPlan::Filter(filter) => &filter.input,
            _ => return false,
        };
        !matches!(input.as_ref(), LogicalPlan::EmptyRelation(_))
            && contains::expression(node, |expr| self.is_constant(expr))
    }

    /// Whether `expr` is a call of a model that has the same value for every row.
    fn is_constant(&self, expr: &Expr) -> bool {
        let Expr::ScalarFunction(call) = expr else {
            return false;
        };
        let varies = |part: &Expr| match part {
            Expr::Column(_) | Expr::LambdaVariable(_) | Expr::Placeholder(_) | Expr::Unnest(_) => true,
            Expr::ScalarFunction(call) => {
                let is_volatile = call.func.signature().volatility == Volatility::Volatile;
                draws_afresh(part) || (is_volatile && !self.models.contains(call.name()))
            }
            _ => false,
        };
        self.models.contains(call.name()) && !contains::asks_elsewhere(expr) && !contains::part(expr, varies)
    }
}
