//! The operator that computes the single row that asks, where it is no input of the logical node.

use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion::{
    catalog::Session,
    common::{DFSchema, Result},
    logical_expr::{Expr, physical_planning_context::PhysicalPlanningContext},
    optimizer::simplify_expressions::{ExprSimplifier, SimplifyContext},
    physical_plan::{
        ExecutionPlan,
        placeholder_row::PlaceholderRowExec,
        projection::{ProjectionExec, ProjectionExpr},
    },
    physical_planner::PhysicalPlanner,
};

use super::QUERY;

/// The operator that computes the vector `question`, which reads no column.
pub(crate) fn question_exec(
    question: &Expr,
    planner: &dyn PhysicalPlanner,
    session: &dyn Session,
    context: &PhysicalPlanningContext,
) -> Result<Arc<dyn ExecutionPlan>> {
    let nothing = Arc::new(DFSchema::empty());
    let simplify = SimplifyContext::builder()
        .with_schema(Arc::clone(&nothing))
        .with_config_options(Arc::clone(session.config().options()))
        .with_query_execution_start_time(session.execution_props().query_execution_start_time)
        .build();
    // What the optimizer does to the expressions of an input; some functions, such as arrow_cast, are nothing without it.
    let question = ExprSimplifier::new(simplify).simplify(question.clone().unalias())?;
    let column = ProjectionExpr {
        expr: planner.create_physical_expr(&question, &nothing, session, context)?,
        alias: QUERY.to_owned(),
    };
    let row = PlaceholderRowExec::new(Arc::new(Schema::empty()));
    Ok(Arc::new(ProjectionExec::try_new([column], Arc::new(row))?))
}
