//! `EXPLAIN [ANALYZE] FORMAT JSON query`: one row with both plans as a JSON text. Every node has its `name`, its
//! `detail` as the other formats show it, and its `inputs`; after ANALYZE also `metrics`, times in nanoseconds.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, StringArray},
    datatypes::{DataType, Field, Schema},
    record_batch::RecordBatch,
};
use datafusion::{
    dataframe::DataFrame,
    logical_expr::LogicalPlan,
    physical_plan::{ExecutionPlan, displayable, execute_stream},
};
use futures::StreamExt;
use helioql_grammar::ast::Explain;
use serde_json::{Map, Value, json};

use super::answer;
use crate::{Result, session::Session};

pub(super) async fn execute(session: &Session, explain: &Explain) -> Result<DataFrame> {
    let (plan, state) = session.plan(&explain.query).await?;
    let logical = state.optimize(&plan)?;
    let physical = state
        .query_planner()
        .create_physical_plan(&logical, &state)
        .await?;
    if explain.analyze {
        let mut rows = execute_stream(Arc::clone(&physical), session.context().task_ctx())?;
        while let Some(batch) = rows.next().await {
            batch?;
        }
    }
    let plans =
        json!({ "logical": of_logical(&logical), "physical": of_physical(&physical, explain.analyze) });
    let text = serde_json::to_string_pretty(&plans).unwrap_or_default();
    let schema = Schema::new(vec![Field::new("plan", DataType::Utf8, false)]);
    let column: ArrayRef = Arc::new(StringArray::from(vec![text]));
    answer(session, RecordBatch::try_new(Arc::new(schema), vec![column])?)
}

fn of_logical(plan: &LogicalPlan) -> Value {
    let text = plan.display().to_string();
    let mut node = named(&text);
    node.insert(
        "inputs".to_owned(),
        plan.inputs().into_iter().map(of_logical).collect(),
    );
    Value::Object(node)
}

fn of_physical(plan: &Arc<dyn ExecutionPlan>, analyzed: bool) -> Value {
    let mut node = named(&displayable(plan.as_ref()).one_line().to_string());
    if analyzed && let Some(metrics) = plan.metrics() {
        let metrics = metrics.aggregate_by_name();
        let values = metrics
            .iter()
            .map(|metric| (metric.value().name().to_owned(), json!(metric.value().as_usize())));
        node.insert("metrics".to_owned(), Value::Object(values.collect()));
    }
    let inputs = plan
        .children()
        .into_iter()
        .map(|input| of_physical(input, analyzed));
    node.insert("inputs".to_owned(), inputs.collect());
    Value::Object(node)
}

/// `Nearest: k=5, …` taken apart.
fn named(text: &str) -> Map<String, Value> {
    let (name, detail) = text.trim_end().split_once(": ").unwrap_or((text.trim_end(), ""));
    let mut node = Map::new();
    node.insert("name".to_owned(), json!(name));
    node.insert("detail".to_owned(), json!(detail));
    node
}
