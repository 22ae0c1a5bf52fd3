//! The names that a session knows, among which the one that was meant is looked for.

use datafusion::execution::SessionState;
use helioql_grammar::{Diagnostic, closest};

use super::{rules::Family, templates::About};
use crate::relations::relations;

/// Adds "did you mean" from the names of the session.
pub(super) fn suggest(diagnostic: Diagnostic, about: Option<&About>, state: &SessionState) -> Diagnostic {
    let Some(About { texts, family }) = about else {
        return diagnostic;
    };
    let Some(name) = texts.first().filter(|_| diagnostic.hints.is_empty()) else {
        return diagnostic;
    };
    let mut names = match family {
        Family::None | Family::Query => return diagnostic,
        Family::Table => tables(state),
        Family::Function => functions(state),
        Family::Relation => relations_of(state),
        Family::Setting => settings(state, name),
    };
    // In order, so that the answer does not depend on a map of DataFusion's.
    names.sort();
    match closest(name, names.iter().map(String::as_str)) {
        // A function that is there and yet unknown is one of windows that was called without a window.
        Some(same) if same.eq_ignore_ascii_case(name) => diagnostic.with_hint(format!(
            "a window function is called with OVER: `{same}() OVER (ORDER BY …)`"
        )),
        closest => diagnostic.with_suggestion(closest),
    }
}

/// Every table, those outside of `public` with their schema.
fn tables(state: &SessionState) -> Vec<String> {
    let mut names = Vec::new();
    for catalog in state.catalog_list().catalog_names() {
        let Some(catalog) = state.catalog_list().catalog(&catalog) else {
            continue;
        };
        for schema in catalog.schema_names() {
            let Some(tables) = catalog.schema(&schema) else {
                continue;
            };
            names.extend(
                tables
                    .table_names()
                    .into_iter()
                    .map(|table| match schema.as_str() {
                        "public" => table,
                        _ => format!("{schema}.{table}"),
                    }),
            );
        }
    }
    names
}

fn functions(state: &SessionState) -> Vec<String> {
    let scalar = state.scalar_functions().keys();
    let others = state
        .aggregate_functions()
        .keys()
        .chain(state.window_functions().keys());
    // What only the planner calls begins with an underscore.
    scalar
        .chain(others)
        .filter(|name| !name.starts_with('_'))
        .cloned()
        .collect()
}

fn relations_of(state: &SessionState) -> Vec<String> {
    let ours = relations().into_iter().map(|relation| relation.call().title());
    ours.chain(state.table_functions().keys().cloned()).collect()
}

/// Settings; where only the last part is known, the last parts.
fn settings(state: &SessionState, name: &str) -> Vec<String> {
    let last = |key: String| key.rsplit('.').next().map(str::to_owned);
    let keys = state
        .config_options()
        .entries()
        .into_iter()
        .map(|entry| entry.key);
    if name.contains('.') {
        keys.collect()
    } else {
        keys.filter_map(last).collect()
    }
}
