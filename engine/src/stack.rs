//! Stacks for planning. Parsers, planners and destructors recurse with the depth of a statement, and a thread of
//! tokio has 2 MiB, which a statement just below the limits of the grammar can exceed.

use std::{future::poll_fn, pin::pin};

/// What one statement may need beside DataFusion's own recursion, which grows the stack by itself.
const STACK_BYTES: usize = 32 << 20;
/// How much must be left whenever DataFusion's recursion looks. What it calls between two looks is built without
/// optimisation, and needs more than the 128 KiB that it looks for otherwise.
const LEFT_BYTES: usize = 1 << 20;

/// Runs a future with a deep stack under each of its steps.
pub(crate) async fn deep<F: Future>(future: F) -> F::Output {
    recursive::set_minimum_stack_size(LEFT_BYTES);
    let mut future = pin!(future);
    poll_fn(|context| stacker::maybe_grow(STACK_BYTES / 2, STACK_BYTES, || future.as_mut().poll(context)))
        .await
}
