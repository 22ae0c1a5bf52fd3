//! The operator of [`DrawNode`](super::DrawNode): a projection that no rule of the physical optimizer knows as
//! one, and so none takes apart.

use std::{fmt, sync::Arc};

use datafusion::{
    common::{Result, internal_datafusion_err, tree_node::TreeNodeRecursion},
    execution::{SendableRecordBatchStream, TaskContext},
    physical_expr::PhysicalExpr,
    physical_plan::{
        DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, metrics::MetricsSet,
        projection::ProjectionExec,
    },
};

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

    fn metrics(&self) -> Option<MetricsSet> {
        self.projection.metrics()
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        self.projection.execute(partition, context)
    }
}
