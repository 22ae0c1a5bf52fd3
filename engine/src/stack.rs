//! Stacks for planning. Parsers, planners and destructors recurse with the depth of a statement, and a thread of
//! tokio has 2 MiB, which a statement just below the limits of the grammar can exceed.

use std::{future::poll_fn, pin::pin, sync::Arc};

use datafusion::{
    common::{Result, config::ConfigOptions, tree_node::Transformed},
    logical_expr::LogicalPlan,
    optimizer::{AnalyzerRule, ApplyOrder, OptimizerConfig, OptimizerRule},
};

/// What one statement may need beside DataFusion's own recursion, which grows the stack by itself.
const STACK_BYTES: usize = 32 << 20;
/// How much must be left whenever DataFusion's recursion looks. What it calls between two looks is built without
/// optimisation, and needs more than the 128 KiB that it looks for otherwise.
const LEFT_BYTES: usize = 1 << 20;

/// Runs a future with a deep stack under each of its steps.
pub(crate) async fn deep<F: Future>(future: F) -> F::Output {
    recursive::set_minimum_stack_size(LEFT_BYTES);
    let mut future = pin!(future);
    poll_fn(|context| grow(|| future.as_mut().poll(context))).await
}

fn grow<T>(step: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(STACK_BYTES / 2, STACK_BYTES, step)
}

/// A rule that has a deep stack: some of DataFusion's recurse on their own, and they run on the thread that reads the
/// rows.
#[derive(Debug)]
pub(crate) struct DeepRule<Rule>(pub(crate) Rule);

impl AnalyzerRule for DeepRule<Arc<dyn AnalyzerRule + Send + Sync>> {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn analyze(&self, plan: LogicalPlan, config: &ConfigOptions) -> Result<LogicalPlan> {
        grow(|| self.0.analyze(plan, config))
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
        grow(|| self.0.rewrite(plan, config))
    }
}
