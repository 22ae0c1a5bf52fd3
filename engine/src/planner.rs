//! From the logical nodes that HelioQL adds to their operators.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::{
    catalog::Session,
    common::{Result, internal_err},
    execution::context::QueryPlanner,
    logical_expr::{
        Expr, LogicalPlan, UserDefinedLogicalNode, physical_planning_context::PhysicalPlanningContext,
    },
    physical_plan::{
        ExecutionPlan,
        expressions::Column,
        projection::{ProjectionExec, ProjectionExpr},
    },
    physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner},
};

use crate::{
    cancel::{self, CancelFlag},
    draw::{DrawExec, DrawNode},
    nearest::{Indexes, NearestNode, nearest_exec, question_exec},
    stack,
};

/// DataFusion's physical planner, which also knows [`NearestNode`] and [`DrawNode`].
#[derive(Debug, Clone)]
pub(crate) struct HelioPlanner {
    /// What a NEAREST may be answered by.
    pub(crate) indexes: Indexes,
}

#[async_trait]
impl QueryPlanner for HelioPlanner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let planner = DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(self.clone())]);
        let flag = CancelFlag::of(session.config_options());
        let planned = async {
            let plan = planner.create_physical_plan(plan, session).await?;
            cancel::cancellable(plan, &flag)
        };
        stack::deep(stack::is_deep(plan), planned).await
    }
}

#[async_trait]
impl ExtensionPlanner for HelioPlanner {
    async fn plan_extension(
        &self,
        planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        logical_inputs: &[&LogicalPlan],
        inputs: &[Arc<dyn ExecutionPlan>],
        session: &dyn Session,
        context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        if let Some(node) = node.as_any().downcast_ref::<NearestNode>() {
            let (within, asking) = match (inputs, node.question()) {
                ([within, asking], _) => (within, Arc::clone(asking)),
                ([within], Some(question)) => (within, question_exec(question, planner, session, context)?),
                _ => return internal_err!("NEAREST has one or two inputs, found {}", inputs.len()),
            };
            let indexes = self
                .indexes
                .for_statement(&CancelFlag::of(session.config_options()));
            return nearest_exec(node, &asking, within, &indexes, planner, session, context).map(Some);
        }
        if let Some(node) = node.as_any().downcast_ref::<DrawNode>() {
            let ([logical], [input]) = (logical_inputs, inputs) else {
                return internal_err!("Draw has one input, found {}", inputs.len());
            };
            let schema = input.schema();
            let kept = schema.fields().iter().enumerate().map(|(index, field)| {
                Ok(ProjectionExpr {
                    expr: Arc::new(Column::new(field.name(), index)),
                    alias: field.name().clone(),
                })
            });
            let drawn = node.calls().iter().map(|call| {
                let (expr, alias) = match call {
                    Expr::Alias(alias) => (alias.expr.as_ref(), alias.name.clone()),
                    other => (other, other.schema_name().to_string()),
                };
                let expr = planner.create_physical_expr(expr, logical.schema(), session, context)?;
                Ok(ProjectionExpr { expr, alias })
            });
            let columns = kept.chain(drawn).collect::<Result<Vec<_>>>()?;
            let projection = ProjectionExec::try_new(columns, Arc::clone(input))?;
            return Ok(Some(Arc::new(DrawExec::new(projection))));
        }
        Ok(None)
    }
}
