//! `DESCRIBE GENERATOR name | ENCODER name | DIRECTIONS [FOR GENERATOR name]`: a model's card, every fact
//! of its stored description on a line of its own, and what EVALUATE found in a line for each figure (the floors
//! and the figures of simpler methods are in `system.metrics`).

use datafusion::dataframe::DataFrame;
use helioql_catalog::ModelKind;
use helioql_grammar::ast::Describe;
use serde_json::Value;

use super::facts;
use crate::{DEFAULT_GENERATOR, Result, models::METRICS, session::Session};

pub(super) fn execute(session: &Session, describe: &Describe) -> Result<DataFrame> {
    let (kind, name) = match describe {
        Describe::Generator(name) => (ModelKind::Generator, name.value.as_str()),
        Describe::Encoder(name) => (ModelKind::Encoder, name.value.as_str()),
        Describe::Directions { generator } => (
            ModelKind::Directions,
            generator
                .as_ref()
                .map_or(DEFAULT_GENERATOR, |name| name.value.as_str()),
        ),
    };
    let (mut config, weights) = session.models().store().stored(kind, name)?;
    let mut lines = vec![
        ("name".to_owned(), name.to_owned()),
        ("bytes".to_owned(), weights.len().to_string()),
    ];
    if let Value::Object(members) = &mut config {
        members.remove(METRICS);
    }
    flatten(String::new(), &config, &mut lines);
    let scores = session.models().store().metrics(kind, name)?;
    let own = scores.iter().filter(|score| !score.is_comparison());
    lines.extend(own.map(|score| (format!("{METRICS}.{}", score.metric), score.to_string())));
    facts(session, lines)
}

/// `{"a": {"b": 1}}` as the line `a.b`, 1. A list of plain values is one line.
fn flatten(path: String, value: &Value, lines: &mut Vec<(String, String)>) {
    let join = |part: &str| {
        if path.is_empty() {
            part.to_owned()
        } else {
            format!("{path}.{part}")
        }
    };
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                flatten(join(name), member, lines);
            }
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            for (index, item) in items.iter().enumerate() {
                flatten(join(&index.to_string()), item, lines);
            }
        }
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(plain).collect();
            lines.push((path, items.join(", ")));
        }
        other => lines.push((path, plain(other))),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
