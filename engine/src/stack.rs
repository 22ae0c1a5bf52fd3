//! Stacks for planning. Parsers, planners and destructors recurse with the depth of a statement, and a thread of
//! tokio has 2 MiB, which a statement just below the limits of the grammar can exceed. A new stack takes longer than
//! a short query is planned, so only what may be deep has one.

use std::{future::poll_fn, pin::pin, sync::Arc};

use datafusion::{
    common::{
        Result,
        config::ConfigOptions,
        tree_node::{Transformed, TreeNode},
    },
    logical_expr::{Expr, LogicalPlan},
    optimizer::{AnalyzerRule, ApplyOrder, OptimizerConfig, OptimizerRule},
};

use crate::contains::{any, subquery_of};

/// What one statement may need beside DataFusion's own recursion, which grows the stack by itself.
const STACK_BYTES: usize = 32 << 20;
/// How much must be left whenever DataFusion's recursion looks. What it calls between two looks is built without
/// optimisation, and needs more than the 128 KiB that it looks for otherwise.
const LEFT_BYTES: usize = 1 << 20;
/// Steps from a root to a leaf that fit on the stack of a thread of tokio several times over, whatever they are.
const SHALLOW: usize = 40;

/// Runs a future, under each of whose steps there is a deep stack where what it works on `may_be_deep`.
pub(crate) async fn deep<F: Future>(may_be_deep: bool, future: F) -> F::Output {
    recursive::set_minimum_stack_size(LEFT_BYTES);
    let mut future = pin!(future);
    poll_fn(|context| grow(may_be_deep, || future.as_mut().poll(context))).await
}

fn grow<T>(may_be_deep: bool, step: impl FnOnce() -> T) -> T {
    if may_be_deep {
        stacker::maybe_grow(STACK_BYTES / 2, STACK_BYTES, step)
    } else {
        step()
    }
}

/// Whether a statement of so many tokens may be deep: a step takes at least two, an operator and its operand, a bracket
/// and the one that closes it, or a word and the space behind it.
pub(crate) fn may_be_deep(tokens: usize) -> bool {
    tokens > 2 * SHALLOW
}

/// Whether something in `plan` lies deep.
pub(crate) fn is_deep(plan: &LogicalPlan) -> bool {
    plan_exceeds(plan, SHALLOW)
}

/// Whether something in `expr` lies deep.
pub(crate) fn is_deep_expr(expr: &Expr) -> bool {
    expr_exceeds(expr, SHALLOW)
}

fn plan_exceeds(plan: &LogicalPlan, depth: usize) -> bool {
    depth == 0
        || any(|visit| plan.apply_expressions(|expr| visit(expr_exceeds(expr, depth - 1))))
        || plan
            .inputs()
            .into_iter()
            .any(|input| plan_exceeds(input, depth - 1))
}

fn expr_exceeds(expr: &Expr, depth: usize) -> bool {
    depth == 0
        || subquery_of(expr).is_some_and(|subquery| plan_exceeds(&subquery.subquery, depth - 1))
        || any(|visit| expr.apply_children(|child| visit(expr_exceeds(child, depth - 1))))
}

/// A rule that has a deep stack where it needs one: some of DataFusion's recurse on their own, and they run on the
/// thread that reads the rows.
#[derive(Debug)]
pub(crate) struct DeepRule<Rule>(pub(crate) Rule);

impl AnalyzerRule for DeepRule<Arc<dyn AnalyzerRule + Send + Sync>> {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn analyze(&self, plan: LogicalPlan, config: &ConfigOptions) -> Result<LogicalPlan> {
        grow(is_deep(&plan), || self.0.analyze(plan, config))
    }
}

impl OptimizerRule for DeepRule<Arc<dyn OptimizerRule + Send + Sync>> {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.0.apply_order()
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        // A rule that is applied node by node sees one node of a deep plan, and recurses through its expressions.
        let may_be_deep = match self.apply_order() {
            None => is_deep(&plan),
            Some(_) => any(|visit| plan.apply_expressions(|expr| visit(expr_exceeds(expr, SHALLOW)))),
        };
        grow(may_be_deep, || self.0.rewrite(plan, config))
    }
}
