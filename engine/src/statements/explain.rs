//! EXPLAIN, in whose texts a list of many numbers stands by its first ones, since the value of a subquery may be a patch.
//!
//! `EXPLAIN [ANALYZE] FORMAT JSON query`: one row with both plans as a JSON text. Every node has its `name`, its
//! `detail` as the other formats show it, and its `inputs`; after ANALYZE also `metrics`, times in nanoseconds.

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
    physical_plan::{ExecutionPlan, displayable, execute_stream},
};
use futures::StreamExt;
use helioql_grammar::ast::Explain;
use serde_json::{Map, Value, json};

use super::answer;
use crate::{Result, session::Session};

/// A list of more numbers is shortened.
const MANY: usize = 12;
/// How many of them stay.
const SHOWN: usize = 3;

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

/// The other formats: what DataFusion writes.
pub(crate) async fn in_text(session: &Session, state: SessionState, plan: LogicalPlan) -> Result<DataFrame> {
    let schema = Arc::clone(plan.schema().inner());
    let batches = DataFrame::new(state, plan).collect().await?;
    let batch = concat_batches(&schema, &batches)?;
    let columns = batch.columns().iter().map(|column| {
        let texts = column.as_string_opt::<i32>()?.iter();
        let short: StringArray = texts.map(|text| text.map(shortened)).collect();
        Some(Arc::new(short) as ArrayRef)
    });
    let columns = columns
        .zip(batch.columns())
        .map(|(short, column)| short.unwrap_or_else(|| Arc::clone(column)));
    answer(session, RecordBatch::try_new(schema, columns.collect())?)
}

/// `[0.5, 0.25, 0.125, … 16384 numbers]` for a list of so many.
fn shortened(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        let (before, list) = rest.split_at(open + 1);
        out.push_str(before);
        rest = list;
        let Some((numbers, _)) = list.split_once(']') else {
            break;
        };
        let count = numbers.split(", ").count();
        let is_number = |text: &str| text == "null" || text.parse::<f64>().is_ok();
        if count > MANY && numbers.split(", ").all(is_number) {
            let first: Vec<&str> = numbers.split(", ").take(SHOWN).collect();
            out.extend([&first.join(", "), ", … ", &count.to_string(), " numbers"]);
            rest = &list[numbers.len()..];
        }
    }
    out.push_str(rest);
    out
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
    let text = shortened(text.trim_end());
    let (name, detail) = text.split_once(": ").unwrap_or((&text, ""));
    let mut node = Map::new();
    node.insert("name".to_owned(), json!(name));
    node.insert("detail".to_owned(), json!(detail));
    node
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_lists_of_numbers_are_shortened() {
        let numbers: Vec<String> = (0..20).map(|number| format!("{number}.5")).collect();
        let long = format!("expr=[a, scalar_subquery({{patch:[{}]}})]", numbers.join(", "));
        assert_eq!(
            shortened(&long),
            "expr=[a, scalar_subquery({patch:[0.5, 1.5, 2.5, … 20 numbers]})]"
        );
        let names: Vec<String> = (0..20).map(|number| format!("c{number}")).collect();
        for kept in [
            format!("projection=[{}]", names.join(", ")),
            "[1, 2, NaN]".to_owned(),
            "[1, ".repeat(20),
        ] {
            assert_eq!(shortened(&kept), kept);
        }
    }
}
