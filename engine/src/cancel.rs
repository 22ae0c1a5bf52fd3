//! What stops a statement: the handle that a user keeps, and the operator that listens to it above every query.

use std::{
    any::Any,
    fmt,
    future::ready,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

use datafusion::{
    common::{
        Result, config_err,
        tree_node::{Transformed, TreeNode, TreeNodeRecursion},
    },
    config::{ConfigEntry, ConfigExtension, ConfigOptions, ExtensionOptions},
    execution::{SendableRecordBatchStream, TaskContext},
    physical_expr::PhysicalExpr,
    physical_plan::{
        DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, metrics::MetricsSet,
        replace_children_if_necessary, stream::RecordBatchStreamAdapter, unnest::UnnestExec,
    },
};
use futures::{StreamExt, stream};
use tokio::sync::Notify;

use crate::Error;

/// Stops what is running in a session.
#[derive(Debug, Clone, Default)]
pub struct CancelHandle(Arc<Mutex<Running>>);

#[derive(Debug, Default)]
struct Running {
    last: CancelFlag,
    /// Those of statements before it, of which rows may still be read.
    earlier: Vec<Weak<Flag>>,
}

impl CancelHandle {
    /// Asks the statements of the session that are running to stop. Each ends with [`Error::Cancelled`]: a query at
    /// once, and what it is computing at the next look of a loop or the next batch of rows.
    pub fn cancel(&self) {
        let running = self.running();
        running.last.raise();
        for flag in running.earlier.iter().filter_map(Weak::upgrade) {
            CancelFlag(flag).raise();
        }
    }

    /// The flag of a statement that begins. Each has its own, since work that was let go of may not have looked yet when
    /// the next one begins.
    pub(crate) fn begin(&self) -> CancelFlag {
        let mut running = self.running();
        let before = std::mem::take(&mut running.last);
        running.earlier.push(Arc::downgrade(&before.0));
        drop(before);
        running.earlier.retain(|flag| flag.strong_count() > 0);
        running.last.clone()
    }

    /// The flag of the statement that began last.
    pub(crate) fn last(&self) -> CancelFlag {
        self.running().last.clone()
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        // A panic elsewhere leaves the flags whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether one statement is to stop. What plans a statement finds it among its options, as does what runs it.
#[derive(Debug, Clone, Default)]
pub(crate) struct CancelFlag(Arc<Flag>);

#[derive(Debug, Default)]
struct Flag {
    raised: AtomicBool,
    waiting: Notify,
}

impl CancelFlag {
    /// The flag of the statement that has these options; one that nobody raises, if they are of none.
    pub(crate) fn of(options: &ConfigOptions) -> Self {
        options.extensions.get::<Self>().cloned().unwrap_or_default()
    }

    pub(crate) fn is_raised(&self) -> bool {
        self.0.raised.load(Ordering::Acquire)
    }

    pub(crate) fn check(&self) -> std::result::Result<(), Error> {
        if self.is_raised() {
            Err(Error::Cancelled)
        } else {
            Ok(())
        }
    }

    fn raise(&self) {
        self.0.raised.store(true, Ordering::Release);
        self.0.waiting.notify_waiters();
    }

    /// Ends when the flag is raised.
    async fn raised(self) {
        loop {
            let mut call = pin!(self.0.waiting.notified());
            // Heard from here on, so that a call between the look and the wait is not missed.
            call.as_mut().enable();
            if self.is_raised() {
                return;
            }
            call.await;
        }
    }
}

/// No setting: there is nothing in it that SQL could see or change.
impl ExtensionOptions for CancelFlag {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(self.clone())
    }

    fn set(&mut self, key: &str, _: &str) -> Result<()> {
        config_err!("there is no setting `{}.{key}`", Self::PREFIX)
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        Vec::new()
    }
}

impl ConfigExtension for CancelFlag {
    const PREFIX: &'static str = "helioql_cancel";
}

/// `plan` with what cancels it: at its root, and at every operator that can make many rows of few.
pub(crate) fn cancellable(plan: Arc<dyn ExecutionPlan>, flag: &CancelFlag) -> Result<Arc<dyn ExecutionPlan>> {
    let guard = |input| {
        Arc::new(CancelExec {
            input,
            flag: flag.clone(),
        })
    };
    let plan = plan.transform_up(|node| {
        // Between two rows that they are given, joins may give out millions, which the operators above work through
        // without a pause. No budget of tokio's is spent here: one poll of a hundred joins would use it up.
        let multiplies = node.children().len() > 1 || node.is::<UnnestExec>();
        Ok(if multiplies {
            Transformed::yes(guard(node))
        } else {
            Transformed::no(node)
        })
    })?;
    Ok(guard(plan.data))
}

/// An operator until it is cancelled. In all else it is the operator that it holds, so that no plan shows it.
///
/// Operators of DataFusion's know no flag: they end when nobody holds their stream, and this lets go of it.
#[derive(Debug)]
struct CancelExec {
    input: Arc<dyn ExecutionPlan>,
    flag: CancelFlag,
}

impl DisplayAs for CancelExec {
    fn fmt_as(&self, format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.input.fmt_as(format, f)
    }
}

impl ExecutionPlan for CancelExec {
    fn name(&self) -> &str {
        self.input.name()
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.input.children()
    }

    fn metrics(&self) -> Option<MetricsSet> {
        self.input.metrics()
    }

    fn apply_expressions(
        &self,
        visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.input.apply_expressions(visit)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let input = replace_children_if_necessary(Arc::clone(&self.input), children)?;
        let flag = self.flag.clone();
        Ok(Arc::new(Self { input, flag }))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let rows = self.input.execute(partition, context)?;
        let flag = self.flag.clone();
        let cancelled = stream::once(async move { flag.check() })
            .filter_map(|look| ready(look.err().map(|error| Err(error.into()))));
        let rows = rows.take_until(self.flag.clone().raised()).chain(cancelled);
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }
}
