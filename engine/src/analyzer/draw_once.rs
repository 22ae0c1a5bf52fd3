//! A draw without a seed happens once a row, however often its sample is read.
//!
//! ```text
//! Projection: s.seed, s.usflux                    Projection: s.seed, s.usflux
//!   SubqueryAlias: s                         ⇒      SubqueryAlias: s
//!     Projection: generate(…) AS s                    Projection: __draw_1 AS s
//!       TableScan: t                                    Draw: generate(…) AS __draw_1
//!                                                         TableScan: t
//! ```
//!
//! Without it the optimizer would write the call out in each access to a field, and the fields would come from
//! different patches. It does not apply to calls with a seed, which give the same patch wherever they are
//! repeated, nor to arguments that are subqueries or belong to an outer query.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use datafusion::{
    common::{
        Result,
        config::ConfigOptions,
        tree_node::{Transformed, TreeNode},
    },
    logical_expr::{Expr, Extension, LogicalPlan, Projection, expr_rewriter::NamePreserver, ident},
    optimizer::AnalyzerRule,
};

use crate::{draw::DrawNode, functions::generate};

#[derive(Debug, Default)]
pub(super) struct DrawOnce {
    /// Draws placed so far; each has a column of its own in the whole plan.
    draws: AtomicUsize,
}

impl AnalyzerRule for DrawOnce {
    fn name(&self) -> &'static str {
        "draw_once"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|plan| match plan {
            LogicalPlan::Projection(projection) => self.place(projection),
            other => Ok(Transformed::no(other)),
        })
        .map(|transformed| transformed.data)
    }
}

impl DrawOnce {
    fn place(&self, projection: Projection) -> Result<Transformed<LogicalPlan>> {
        let names = NamePreserver::new_for_projection();
        let mut calls = Vec::new();
        let mut columns = Vec::with_capacity(projection.expr.len());
        for expr in &projection.expr {
            let name = names.save(expr);
            let read = expr.clone().transform_up(|expr| {
                if !draws_afresh(&expr)? {
                    return Ok(Transformed::no(expr));
                }
                let column = format!("__draw_{}", self.draws.fetch_add(1, Ordering::Relaxed));
                calls.push(expr.alias(column.clone()));
                Ok(Transformed::yes(ident(column)))
            })?;
            columns.push(name.restore(read.data));
        }
        if calls.is_empty() {
            return Ok(Transformed::no(LogicalPlan::Projection(projection)));
        }
        let node = DrawNode::try_new(Arc::unwrap_or_clone(projection.input), calls)?;
        let draw = LogicalPlan::Extension(Extension { node: Arc::new(node) });
        let above = Projection::try_new(columns, Arc::new(draw))?;
        Ok(Transformed::yes(LogicalPlan::Projection(above)))
    }
}

/// Whether `expr` is a call of GENERATE without a seed that stands on its own.
fn draws_afresh(expr: &Expr) -> Result<bool> {
    let Expr::ScalarFunction(call) = expr else {
        return Ok(false);
    };
    let seeded = || {
        let seed = call.args.get(generate::seed_place());
        seed.is_some_and(|seed| !matches!(seed, Expr::Literal(value, _) if value.is_null()))
    };
    if call.name() != generate::NAME || seeded() {
        return Ok(false);
    }
    let bound = expr.exists(|part| {
        Ok(matches!(
            part,
            Expr::OuterReferenceColumn(..)
                | Expr::ScalarSubquery(_)
                | Expr::InSubquery(_)
                | Expr::Exists(_)
                | Expr::LambdaVariable(_)
        ))
    })?;
    Ok(!bound)
}
