//! EXPLAIN, whose plans are shown as [`text`] writes them.
//!
//! `EXPLAIN [ANALYZE] FORMAT JSON query`: one row with both plans as a JSON text. Every node has its `name`, its
//! `detail` as the other formats show it, and its `inputs`; after ANALYZE also `metrics`, times in nanoseconds.

mod text;

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, AsArray, StringArray},
    compute::concat_batches,
    datatypes::{DataType, Field, Schema},
    record_batch::RecordBatch,
};
use datafusion::{
    dataframe::DataFrame,
    execution::SessionState,
    logical_expr::LogicalPlan,
    physical_plan::{ExecutionPlan, displayable, execute_stream, metrics::MetricValue},
};
use futures::StreamExt;
use helioql_grammar::{ast::Explain, bind::Signatures};
use serde_json::{Map, Value, json};

use self::text::readable;
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
    let calls = session.calls();
    let plans = json!({ "logical": of_logical(&logical, calls), "physical": of_physical(&physical, explain.analyze, calls) });
    let text = serde_json::to_string_pretty(&plans).unwrap_or_default();
    let schema = Schema::new(vec![Field::new("plan", DataType::Utf8, false)]);
    let column: ArrayRef = Arc::new(StringArray::from(vec![text]));
    answer(session, RecordBatch::try_new(Arc::new(schema), vec![column])?)
}

/// The other formats: what DataFusion writes.
pub(crate) async fn in_text(session: &Session, state: SessionState, plan: LogicalPlan) -> Result<DataFrame> {
    let schema = Arc::clone(plan.schema().inner());
    let batches = DataFrame::new(state, plan).collect().await?;
    let batch = concat_batches(&schema, &batches)?;
    let columns = batch
        .columns()
        .iter()
        .map(|column| match column.as_string_opt::<i32>() {
            Some(texts) => {
                let shown = texts.iter().map(|text| Some(readable(text?, session.calls())));
                Arc::new(shown.collect::<StringArray>()) as ArrayRef
            }
            None => Arc::clone(column),
        });
    answer(session, RecordBatch::try_new(schema, columns.collect())?)
}

fn of_logical(plan: &LogicalPlan, calls: &dyn Signatures) -> Value {
    let text = plan.display().to_string();
    let mut node = named(&text, calls);
    node.insert(
        "inputs".to_owned(),
        plan.inputs()
            .into_iter()
            .map(|input| of_logical(input, calls))
            .collect(),
    );
    Value::Object(node)
}

fn of_physical(plan: &Arc<dyn ExecutionPlan>, analyzed: bool, calls: &dyn Signatures) -> Value {
    let mut node = named(&displayable(plan.as_ref()).one_line().to_string(), calls);
    if analyzed && let Some(metrics) = plan.metrics() {
        let metrics = metrics.aggregate_by_name();
        let values = metrics
            .iter()
            .map(|metric| (metric.value().name().to_owned(), number(metric.value())));
        node.insert("metrics".to_owned(), Value::Object(values.collect()));
    }
    let inputs = plan
        .children()
        .into_iter()
        .map(|input| of_physical(input, analyzed, calls));
    node.insert("inputs".to_owned(), inputs.collect());
    Value::Object(node)
}

/// A quotient as it is shown, everything else in its base unit.
fn number(metric: &MetricValue) -> Value {
    match metric {
        MetricValue::Custom { value, .. } => value
            .to_string()
            .parse()
            .map_or(Value::Null, |value: f64| json!(value)),
        other => json!(other.as_usize()),
    }
}

/// `Nearest: k=5, …` taken apart.
fn named(text: &str, calls: &dyn Signatures) -> Map<String, Value> {
    let text = readable(text.trim_end(), calls);
    let (name, detail) = text.split_once(": ").unwrap_or((&text, ""));
    let mut node = Map::new();
    node.insert("name".to_owned(), json!(name));
    node.insert("detail".to_owned(), json!(detail));
    node
}
