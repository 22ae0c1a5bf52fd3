//! The operator of [`DrawNode`](super::DrawNode): a projection that no rule of the physical optimizer knows as
//! one, and so none takes apart.

use std::{fmt, sync::Arc};

use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::{
    common::{Result, internal_datafusion_err, tree_node::TreeNodeRecursion},
    execution::{SendableRecordBatchStream, TaskContext},
    physical_expr::PhysicalExpr,
    physical_plan::{
        DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, projection::ProjectionExec,
        stream::RecordBatchStreamAdapter,
    },
};
use futures::{StreamExt, stream};

/// How many rows are drawn at once: enough for all threads, and a LIMIT waits for few.
const AT_ONCE: usize = 64;

#[derive(Debug)]
pub(crate) struct DrawExec {
    projection: ProjectionExec,
}

impl DrawExec {
    /// The operator that gives out what `projection` does.
    pub(crate) fn new(projection: ProjectionExec) -> Self {
        Self { projection }
    }

    /// The expressions of its columns.
    pub(crate) fn calls(&self) -> impl Iterator<Item = &Arc<dyn PhysicalExpr>> {
        self.projection.expr().iter().map(|column| &column.expr)
    }
}

impl DisplayAs for DrawExec {
    fn fmt_as(&self, format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DrawExec: ")?;
        self.projection.fmt_as(format, f)
    }
}

impl ExecutionPlan for DrawExec {
    fn name(&self) -> &'static str {
        "DrawExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.projection.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.projection.children()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    /// A draw takes all threads by itself, and rows stay in the order of their seeds.
    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn apply_expressions(
        &self,
        visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.projection.apply_expressions(visit)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let [input] = <[Arc<dyn ExecutionPlan>; 1]>::try_from(children).map_err(|children| {
            internal_datafusion_err!("DrawExec has one input, found {}", children.len())
        })?;
        let projection = ProjectionExec::try_new(self.projection.expr().iter().cloned(), input)?;
        Ok(Arc::new(Self { projection }))
    }

    /// Some rows at a time: what is drawn of them is let go before the next ones are, if nobody keeps it.
    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let rows = self.projection.input().execute(partition, context)?;
        let few = rows.flat_map(|batch| {
            let parts = batch.map_or_else(
                |error| vec![Err(error)],
                |batch| in_parts(&batch).map(Ok).collect(),
            );
            stream::iter(parts)
        });
        let (calls, schema) = (self.projection.expr().to_vec(), self.schema());
        let drawn = few.map(move |rows| {
            let rows = rows?;
            let columns = calls
                .iter()
                .map(|call| call.expr.evaluate(&rows)?.into_array(rows.num_rows()))
                .collect::<Result<Vec<_>>>()?;
            let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
            Ok(RecordBatch::try_new_with_options(
                Arc::clone(&schema),
                columns,
                &options,
            )?)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), drawn)))
    }
}

/// A batch in parts of at most [`AT_ONCE`] rows.
fn in_parts(batch: &RecordBatch) -> impl Iterator<Item = RecordBatch> {
    let rows = batch.num_rows();
    let starts = (0..rows).step_by(AT_ONCE);
    starts.map(move |start| batch.slice(start, AT_ONCE.min(rows - start)))
}
