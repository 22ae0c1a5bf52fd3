//! The operator that is metered: it hands on what its input gives out.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};
use datafusion::{
    common::{Result, internal_datafusion_err, tree_node::TreeNodeRecursion},
    execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext},
    physical_expr::PhysicalExpr,
    physical_plan::{
        DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties,
        metrics::{ExecutionPlanMetricsSet, MetricsSet},
    },
};
use futures::Stream;

use super::Meter;

#[derive(Debug)]
pub(super) struct ModelExec {
    input: Arc<dyn ExecutionPlan>,
    /// The functions that run a model in the expressions of the input.
    functions: Vec<String>,
    metrics: ExecutionPlanMetricsSet,
}

impl ModelExec {
    pub(super) fn new(input: Arc<dyn ExecutionPlan>, functions: Vec<String>) -> Self {
        Self {
            input,
            functions,
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }
}

impl DisplayAs for ModelExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ModelExec: {}", self.functions.join(", "))
    }
}

impl ExecutionPlan for ModelExec {
    fn name(&self) -> &'static str {
        "ModelExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let [input] = <[Arc<dyn ExecutionPlan>; 1]>::try_from(children).map_err(|children| {
            internal_datafusion_err!("ModelExec has one input, found {}", children.len())
        })?;
        Ok(Arc::new(Self::new(input, self.functions.clone())))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        Ok(Box::pin(Metered {
            stream: self.input.execute(partition, context)?,
            meter: Arc::new(Meter::new(&self.functions, &self.metrics, partition)),
        }))
    }
}

/// A stream that is polled with its meter in place.
struct Metered {
    stream: SendableRecordBatchStream,
    meter: Arc<Meter>,
}

impl Stream for Metered {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { stream, meter } = &mut *self;
        meter.enter(|| stream.as_mut().poll_next(context))
    }
}

impl RecordBatchStream for Metered {
    fn schema(&self) -> SchemaRef {
        self.stream.schema()
    }
}
