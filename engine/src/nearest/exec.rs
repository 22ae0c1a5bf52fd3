//! The operator that answers a [`NearestNode`]: from vectors in memory, where they may be kept there, else by a pass over its input.

use std::{fmt, sync::Arc};

use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::{
    catalog::Session,
    common::{DFSchema, Result, internal_err, tree_node::TreeNodeRecursion},
    error::DataFusionError,
    execution::{SendableRecordBatchStream, TaskContext},
    logical_expr::{Expr, UserDefinedLogicalNodeCore, physical_planning_context::PhysicalPlanningContext},
    optimizer::simplify_expressions::{ExprSimplifier, SimplifyContext},
    physical_expr::{EquivalenceProperties, PhysicalExpr},
    physical_plan::{
        DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, Partitioning, PlanProperties,
        execution_plan::{Boundedness, EmissionType},
        metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet},
        stream::RecordBatchStreamAdapter,
    },
    physical_planner::PhysicalPlanner,
};
use futures::{StreamExt, TryStreamExt};

use super::{
    NearestNode,
    in_memory::{Counts, InMemory, Indexes},
    node::{Asking, key_columns},
    search::{PairFilter, Plan},
};

/// The operator that answers `node`.
pub(crate) fn nearest_exec(
    node: &NearestNode,
    asking: &Arc<dyn ExecutionPlan>,
    within: &Arc<dyn ExecutionPlan>,
    indexes: &Indexes,
    planner: &dyn PhysicalPlanner,
    session: &dyn Session,
    context: &PhysicalPlanningContext,
) -> Result<Arc<dyn ExecutionPlan>> {
    let physical =
        |expr: &Expr, schema: &DFSchema| planner.create_physical_expr(expr, schema, session, context);
    let filter = match &node.filter {
        Some(filter) => Some(pair_filter(node, filter, physical)?),
        None => None,
    };
    let output = UserDefinedLogicalNodeCore::schema(node);
    let after = match &node.after {
        Some(after) => {
            let context = SimplifyContext::builder().with_schema(Arc::clone(output)).build();
            let coerced = ExprSimplifier::new(context).coerce(after.clone(), output)?;
            Some(physical(&coerced, output)?)
        }
        None => None,
    };
    let plan = Plan {
        query: node.asking.schema().index_of_column(&node.query)?,
        asking_columns: node.asking_columns(),
        vector: node.within.schema().index_of_column(&node.search.vector)?,
        within_columns: node.within_columns(),
        key: key_columns(node.within.schema()).collect(),
        k: node.search.rows()?,
        metric: node.search.metric,
        fills_up: node.search.fills_up,
        shown: node.shown.clone(),
        filter,
        after,
        schema: Arc::clone(output.inner()),
    };
    let in_memory = InMemory::find(node, indexes, planner, session, context)?;
    let how = How {
        plan: Arc::new(plan),
        path: node.path(),
        in_memory: in_memory.map(Arc::new),
    };
    Ok(Arc::new(NearestExec::new(
        Arc::clone(asking),
        Arc::clone(within),
        how,
    )))
}

/// `filter` over the columns of both inputs that it reads, and over no others.
fn pair_filter(
    node: &NearestNode,
    filter: &Expr,
    physical: impl Fn(&Expr, &DFSchema) -> Result<Arc<dyn PhysicalExpr>>,
) -> Result<PairFilter> {
    let read = filter.column_refs();
    let places = |schema: &DFSchema| {
        let mut places: Vec<usize> = read
            .iter()
            .filter_map(|column| schema.maybe_index_of_column(column))
            .collect();
        places.sort_unstable();
        places
    };
    let (asking, within) = (places(node.asking.schema()), places(node.within.schema()));
    let fields = asking
        .iter()
        .map(|&index| node.asking.schema().qualified_field(index))
        .chain(
            within
                .iter()
                .map(|&index| node.within.schema().qualified_field(index)),
        )
        .map(|(qualifier, field)| (qualifier.cloned(), Arc::clone(field)))
        .collect();
    let pair = DFSchema::new_with_metadata(fields, std::collections::HashMap::new())?;
    let schema: Vec<Field> = pair
        .fields()
        .iter()
        .map(|field| field.as_ref().clone().with_nullable(true))
        .collect();
    Ok(PairFilter {
        predicate: physical(filter, &pair)?,
        schema: Arc::new(Schema::new(schema)),
        asking,
        within,
    })
}

/// What the operator does, and by which path.
#[derive(Debug, Clone)]
struct How {
    plan: Arc<Plan>,
    /// What the path is called where the input is passed over.
    path: &'static str,
    in_memory: Option<Arc<InMemory>>,
}

#[derive(Debug)]
struct NearestExec {
    asking: Arc<dyn ExecutionPlan>,
    within: Arc<dyn ExecutionPlan>,
    how: How,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl NearestExec {
    fn new(asking: Arc<dyn ExecutionPlan>, within: Arc<dyn ExecutionPlan>, how: How) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&how.plan.schema)),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Self {
            asking,
            within,
            how,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }
}

impl DisplayAs for NearestExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan {
            k,
            metric,
            shown,
            filter,
            after,
            ..
        } = self.how.plan.as_ref();
        write!(f, "NearestExec: k={k}, metric={metric}, path=")?;
        match &self.how.in_memory {
            Some(in_memory) => write!(f, "{in_memory}")?,
            None => f.write_str(self.how.path)?,
        }
        match shown {
            Asking::Alone => {}
            Asking::Joined => f.write_str(", join=inner")?,
            Asking::Padded => f.write_str(", join=left")?,
        }
        if let Some(filter) = filter {
            write!(f, ", filter={}", filter.predicate)?;
        }
        if let Some(after) = after {
            write!(f, ", after={after}")?;
        }
        Ok(())
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
        vec![&self.asking, &self.within]
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
            Ok([asking, within]) => Ok(Arc::new(Self::new(asking, within, self.how.clone()))),
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
        let asking = self.asking.execute(0, Arc::clone(&context))?;
        let within = Arc::clone(&self.within);
        let How { plan, in_memory, .. } = self.how.clone();
        let schema: SchemaRef = self.schema();
        let baseline = BaselineMetrics::new(&self.metrics, partition);
        let count = |name| MetricBuilder::new(&self.metrics).counter(name, partition);
        let time = |name| MetricBuilder::new(&self.metrics).subset_time(name, partition);
        let compared = count("distances_computed");
        let counts = in_memory.as_ref().map(|_| Counts {
            compared: compared.clone(),
            matching: count("rows_matching"),
            by_graph: count("answered_by_hnsw"),
            exactly: count("answered_exactly"),
            opening: time("time_opening"),
            searching: time("time_searching"),
            reading: time("time_reading"),
        });
        let batches = async move {
            let time = baseline.elapsed_compute();
            let questions = Arc::new(plan.questions(asking).await?);
            let mut answer = None;
            if let (Some(in_memory), Some(counts)) = (&in_memory, &counts) {
                let _timer = time.timer();
                answer = in_memory.search(&plan, &questions, counts).await?;
            }
            let answer = match answer {
                Some(answer) => answer,
                None => {
                    let within = within.execute(0, context)?;
                    plan.search(&questions, within, &compared, time).await?
                }
            };
            let answer = plan.finish(answer)?;
            let batches = Plan::clone(&plan).batches(answer).inspect(move |batch| {
                if let Ok(batch) = batch {
                    baseline.record_output(batch.num_rows());
                }
            });
            Ok::<_, DataFusionError>(futures::stream::iter(batches))
        };
        let stream = futures::stream::once(batches).try_flatten().boxed();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, stream)))
    }
}
