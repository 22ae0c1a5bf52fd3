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
//!
//! A predicate that reads no column and is another for each row, such as `random() < 0.5`, is a draw too where it
//! stands above NEAREST:
//!
//! ```text
//! Filter: random() < 0.5                          Projection: n.harpnum
//!   Nearest: …                               ⇒      Filter: __draw_1
//!                                                     Draw: random() < 0.5 AS __draw_1
//!                                                       Nearest: …
//! ```
//!
//! Without it the optimizer would choose from the rows that ask and from those to choose from, before the ranking.

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
    logical_expr::{
        Expr, Extension, Filter, LogicalPlan, LogicalPlanBuilder, Projection,
        expr_rewriter::NamePreserver,
        ident, lit,
        utils::{conjunction, split_conjunction},
    },
    optimizer::AnalyzerRule,
};

use crate::{contains, draw::DrawNode, functions::generate, nearest::NearestNode};

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
        if !contains::node(&plan, draws) {
            return Ok(plan);
        }
        plan.transform_up_with_subqueries(|plan| match plan {
            LogicalPlan::Projection(projection) => self.place(projection),
            LogicalPlan::Filter(filter) if stands_above_nearest(&filter.input) => {
                self.place_predicates(filter)
            }
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
                if !draws_afresh(&expr) {
                    return Ok(Transformed::no(expr));
                }
                let column = self.column();
                calls.push(expr.alias(column.clone()));
                Ok(Transformed::yes(ident(column)))
            })?;
            columns.push(name.restore(read.data));
        }
        if calls.is_empty() {
            return Ok(Transformed::no(LogicalPlan::Projection(projection)));
        }
        let above = Projection::try_new(columns, drawn(projection.input, calls)?)?;
        Ok(Transformed::yes(LogicalPlan::Projection(above)))
    }

    fn place_predicates(&self, filter: Filter) -> Result<Transformed<LogicalPlan>> {
        let (draws, others): (Vec<Expr>, Vec<Expr>) = split_conjunction(&filter.predicate)
            .into_iter()
            .cloned()
            .partition(|predicate| predicate.is_volatile() && predicate.column_refs().is_empty());
        if draws.is_empty() {
            return Ok(Transformed::no(LogicalPlan::Filter(filter)));
        }
        let columns = filter.input.schema().columns();
        let mut input = filter.input;
        if let Some(predicate) = conjunction(others) {
            input = Arc::new(LogicalPlan::Filter(Filter::try_new(predicate, input)?));
        }
        let names: Vec<String> = draws.iter().map(|_| self.column()).collect();
        let calls = draws.into_iter().zip(&names);
        let calls = calls.map(|(draw, name)| draw.alias(name.clone())).collect();
        let chosen = names.into_iter().map(ident).reduce(Expr::and);
        LogicalPlanBuilder::from(drawn(input, calls)?)
            .filter(chosen.unwrap_or_else(|| lit(true)))?
            .project(columns.into_iter().map(Expr::Column))?
            .build()
            .map(Transformed::yes)
    }

    /// A name for the column of one draw.
    fn column(&self) -> String {
        format!("__draw_{}", self.draws.fetch_add(1, Ordering::Relaxed))
    }
}

/// The rows of `input` with a column for each of `calls`.
fn drawn(input: Arc<LogicalPlan>, calls: Vec<Expr>) -> Result<Arc<LogicalPlan>> {
    let node = DrawNode::try_new(Arc::unwrap_or_clone(input), calls)?;
    Ok(Arc::new(LogicalPlan::Extension(Extension {
        node: Arc::new(node),
    })))
}

/// Whether a draw may have to be placed at `node`.
fn draws(node: &LogicalPlan) -> bool {
    match node {
        LogicalPlan::Projection(_) => contains::expression(node, draws_afresh),
        LogicalPlan::Filter(filter) => filter.predicate.is_volatile(),
        _ => false,
    }
}

/// Whether the optimizer could carry a predicate from above `plan` below a NEAREST.
fn stands_above_nearest(plan: &LogicalPlan) -> bool {
    plan.exists(|part| Ok(NearestNode::of(part).is_some()))
        .unwrap_or(false)
}

/// Whether `expr` is a call of GENERATE without a seed that stands on its own.
pub(super) fn draws_afresh(expr: &Expr) -> bool {
    let Expr::ScalarFunction(call) = expr else {
        return false;
    };
    let seeded = || {
        let seed = call.args.get(generate::seed_place());
        seed.is_some_and(|seed| !matches!(seed, Expr::Literal(value, _) if value.is_null()))
    };
    let is_bound = || {
        let is_of_a_lambda = |part: &Expr| matches!(part, Expr::LambdaVariable(_));
        contains::asks_elsewhere(expr) || contains::part(expr, is_of_a_lambda)
    };
    call.name() == generate::NAME && !seeded() && !is_bound()
}
