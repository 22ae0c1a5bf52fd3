//! From the logical node to the operator.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::{
    catalog::Session,
    common::{Result, internal_err},
    execution::context::QueryPlanner,
    logical_expr::{LogicalPlan, UserDefinedLogicalNode, physical_planning_context::PhysicalPlanningContext},
    physical_plan::ExecutionPlan,
    physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner},
};

use super::{
    NearestNode,
    exec::{NearestExec, Search},
};

/// DataFusion's physical planner, which also knows [`NearestNode`].
#[derive(Debug)]
pub(crate) struct NearestPlanner;

#[async_trait]
impl QueryPlanner for NearestPlanner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(Self)])
            .create_physical_plan(plan, session)
            .await
    }
}

#[async_trait]
impl ExtensionPlanner for NearestPlanner {
    async fn plan_extension(
        &self,
        _: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _: &[&LogicalPlan],
        inputs: &[Arc<dyn ExecutionPlan>],
        _: &dyn Session,
        _: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(node) = node.as_any().downcast_ref::<NearestNode>() else {
            return Ok(None);
        };
        let [query, within] = inputs else {
            return internal_err!("NEAREST has two inputs, found {}", inputs.len());
        };
        let search = Search {
            vector: node.within.schema().index_of_column(&node.vector)?,
            columns: node.output_columns(),
            k: node.k,
            metric: node.metric,
            path: node.path(),
        };
        let schema = Arc::clone(datafusion::logical_expr::UserDefinedLogicalNodeCore::schema(node).inner());
        Ok(Some(Arc::new(NearestExec::new(
            Arc::clone(query),
            Arc::clone(within),
            search,
            schema,
        ))))
    }
}
