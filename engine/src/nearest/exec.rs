//! The exact answer: one pass over the rows, the k nearest kept. The oracle for every faster path to come.
//!
//! Cost grows with rows × length of the vectors; memory with k batches.

use std::{fmt, sync::Arc};

use arrow::{
    array::{ArrayRef, Float64Array, Int64Array},
    datatypes::SchemaRef,
    record_batch::RecordBatch,
};
use datafusion::{
    common::{Result, exec_err, internal_err, tree_node::TreeNodeRecursion},
    execution::{SendableRecordBatchStream, TaskContext},
    logical_expr::UserDefinedLogicalNodeCore,
    physical_expr::{EquivalenceProperties, PhysicalExpr},
    physical_plan::{
        DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, Partitioning, PlanProperties,
        execution_plan::{Boundedness, EmissionType},
        metrics::{BaselineMetrics, Count, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet},
        stream::RecordBatchStreamAdapter,
    },
};
use futures::{StreamExt, TryStreamExt};

use super::{Metric, NearestNode, top_k::TopK};
use crate::types::VectorColumn;

/// The operator that answers `node`.
pub(crate) fn nearest_exec(
    node: &NearestNode,
    query: &Arc<dyn ExecutionPlan>,
    within: &Arc<dyn ExecutionPlan>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let search = Search {
        vector: node.within.schema().index_of_column(&node.vector)?,
        columns: node.output_columns(),
        k: node.k,
        metric: node.metric,
        path: node.path(),
    };
    let schema = Arc::clone(UserDefinedLogicalNodeCore::schema(node).inner());
    Ok(Arc::new(NearestExec::new(
        Arc::clone(query),
        Arc::clone(within),
        search,
        schema,
    )))
}

/// What the operator does, apart from its inputs.
#[derive(Debug, Clone)]
struct Search {
    /// The place of the vectors among the columns of the right input.
    vector: usize,
    /// The places of the columns that are given out.
    columns: Vec<usize>,
    k: usize,
    metric: Metric,
    path: &'static str,
}

#[derive(Debug)]
struct NearestExec {
    query: Arc<dyn ExecutionPlan>,
    within: Arc<dyn ExecutionPlan>,
    search: Search,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl NearestExec {
    fn new(
        query: Arc<dyn ExecutionPlan>,
        within: Arc<dyn ExecutionPlan>,
        search: Search,
        schema: SchemaRef,
    ) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Self {
            query,
            within,
            search,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }
}

impl DisplayAs for NearestExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Search { k, metric, path, .. } = &self.search;
        write!(f, "NearestExec: k={k}, metric={metric}, path={path}")
    }
}

impl ExecutionPlan for NearestExec {
    fn name(&self) -> &'static str {
        "NearestExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.query, &self.within]
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        vec![Distribution::SinglePartition, Distribution::SinglePartition]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false, false]
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
        match <[Arc<dyn ExecutionPlan>; 2]>::try_from(children) {
            Ok([query, within]) => Ok(Arc::new(Self::new(
                query,
                within,
                self.search.clone(),
                self.schema(),
            ))),
            Err(children) => internal_err!("NEAREST has two inputs, found {}", children.len()),
        }
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        if partition != 0 {
            return internal_err!("NEAREST has one partition, number {partition} was asked for");
        }
        let query = self.query.execute(0, Arc::clone(&context))?;
        let within = self.within.execute(0, context)?;
        let search = self.search.clone();
        let schema = self.schema();
        let baseline = BaselineMetrics::new(&self.metrics, partition);
        let compared = MetricBuilder::new(&self.metrics).counter("distances_computed", partition);
        let answer_schema = Arc::clone(&schema);
        let answer = async move { answer(query, within, &search, answer_schema, &baseline, &compared).await };
        let stream = futures::stream::once(answer).try_filter_map(|batch| async move { Ok(batch) });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, stream)))
    }
}

async fn answer(
    query: SendableRecordBatchStream,
    mut within: SendableRecordBatchStream,
    search: &Search,
    schema: SchemaRef,
    baseline: &BaselineMetrics,
    compared: &Count,
) -> Result<Option<RecordBatch>> {
    let query: Vec<RecordBatch> = query.try_collect().await?;
    let Some(query) = query.iter().find(|batch| batch.num_rows() > 0) else {
        return Ok(None);
    };
    let query = VectorColumn::new(query.column(0))?;
    // A NULL query, such as the patch of a record that does not exist, is near to nothing.
    let Some(query) = query.get(0) else {
        return Ok(None);
    };
    if query.iter().any(|value| !value.is_finite()) {
        return exec_err!("NEAREST: the vector to search for has values that are not finite numbers");
    }
    let mut top = TopK::new(search.k);
    while let Some(batch) = within.next().await {
        let batch = batch?;
        let _timer = baseline.elapsed_compute().timer();
        let vectors = VectorColumn::new(batch.column(search.vector))?;
        compared.add(vectors.len());
        let distances: Vec<_> = (0..vectors.len())
            .map(|row| {
                vectors
                    .get(row)
                    .map(|vector| search.metric.distance(query, vector))
            })
            .collect();
        top.push(batch.project(&search.columns)?, distances.into_iter());
    }
    let Some((rows, distances)) = top.finish()? else {
        return Ok(None);
    };
    let ranks: ArrayRef = Arc::new((1..=rows.num_rows() as i64).collect::<Int64Array>());
    let mut columns = rows.columns().to_vec();
    columns.push(ranks);
    columns.push(Arc::new(Float64Array::from(distances)));
    baseline.record_output(rows.num_rows());
    Ok(Some(RecordBatch::try_new(schema, columns)?))
}
