//! The names that a session knows, among which the one that was meant is looked for.

use datafusion::{catalog::DynamicFileCatalog, execution::SessionState};
use helioql_catalog::KEYWORDS;
use helioql_grammar::{Diagnostic, Quantity, TokenWithSpan, ast::Show, closest, sqlparser::tokenizer::Token};

use super::{rules::Family, templates::About};
use crate::{relations::relations, types::sample_names};

/// Adds "did you mean" from the names of the session.
pub(super) fn suggest(
    diagnostic: Diagnostic,
    about: Option<&About>,
    tokens: &[TokenWithSpan],
    state: &SessionState,
) -> Diagnostic {
    let Some(About { texts, family }) = about else {
        return diagnostic;
    };
    let Some(name) = texts.first().filter(|_| diagnostic.hints.is_empty()) else {
        return diagnostic;
    };
    let mut names = match family {
        Family::Value if name.parse::<Quantity>().is_ok() => {
            return diagnostic.with_hint(format!(
                "a quantity is written without quotes: `{}`",
                name.replace(' ', "")
            ));
        }
        Family::None | Family::Call | Family::Argument | Family::Query | Family::Value => return diagnostic,
        Family::Column if !has_from(tokens) => {
            return diagnostic.with_hint("a column comes from a table, which is named in FROM");
        }
        Family::Column => columns(),
        Family::Table if is_file(name) => return diagnostic.with_hint(no_file(state)),
        Family::Table => tables(state),
        Family::Function => functions(state),
        Family::Relation => relations_of(state),
        Family::Setting => settings(state, name),
        Family::Shown => lists().chain(settings(state, name)).collect(),
        Family::Field => sample_names().map(str::to_owned).collect(),
        Family::Type => TYPES.map(str::to_owned).to_vec(),
    };
    // In order, so that the answer does not depend on a map of DataFusion's.
    names.sort();
    // Of a qualified column the qualifier was right.
    let name = match family {
        Family::Column => name.rsplit('.').next().unwrap_or(name),
        _ => name,
    };
    match closest(name, names.iter().map(String::as_str)) {
        Some(relation)
            if *family == Family::Table && relations_of(state).iter().any(|known| known == relation) =>
        {
            diagnostic.with_hint(format!(
                "a function in FROM is called with brackets: `{relation}(…)`"
            ))
        }
        // A function that is there and yet unknown is one of windows that was called without a window.
        Some(same) if *family == Family::Function && same.eq_ignore_ascii_case(name) => diagnostic.with_hint(
            format!("a window function is called with OVER: `{same}() OVER (ORDER BY …)`"),
        ),
        None if *family == Family::Shown => {
            let lists: Vec<String> = lists().collect();
            diagnostic.with_hint(format!("SHOW takes {}, or a setting", lists.join(", ")))
        }
        None if *family == Family::Relation => {
            diagnostic.with_hint(format!("FROM takes {}", names.join(", ")))
        }
        closest => diagnostic.with_suggestion(closest.filter(|close| !close.eq_ignore_ascii_case(name))),
    }
}

/// The types that a cast is likely to name.
const TYPES: [&str; 14] = [
    "BIGINT",
    "BOOLEAN",
    "DATE",
    "DECIMAL",
    "DOUBLE",
    "FLOAT",
    "INT",
    "INTEGER",
    "REAL",
    "SMALLINT",
    "TEXT",
    "TIME",
    "TIMESTAMP",
    "VARCHAR",
];

fn has_from(tokens: &[TokenWithSpan]) -> bool {
    let is_from = |token: &TokenWithSpan| matches!(&token.token, Token::Word(word) if word.value.eq_ignore_ascii_case("FROM"));
    tokens.iter().any(is_from)
}

/// The columns of records, where the planner does not tell which are in scope.
fn columns() -> Vec<String> {
    let keywords = KEYWORDS.iter().map(|keyword| keyword.name.to_owned());
    keywords
        .chain(["patch", "embedding"].map(str::to_owned))
        .collect()
}

/// What SHOW lists.
fn lists() -> impl Iterator<Item = String> {
    Show::ALL.into_iter().map(|show| show.word().to_owned())
}

/// Every table, those outside of `public` with their schema, and what can stand in the place of one.
fn tables(state: &SessionState) -> Vec<String> {
    let mut names = relations_of(state);
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

/// Whether a name is that of a file rather than of a table.
fn is_file(name: &str) -> bool {
    let ending = name.rsplit('.').next().unwrap_or_default();
    name.contains('/') || ["csv", "json", "parquet", "arrow", "avro"].contains(&ending)
}

fn no_file(state: &SessionState) -> &'static str {
    if state.catalog_list().is::<DynamicFileCatalog>() {
        "there is no such file: a path is absolute or counts from the working directory"
    } else {
        "a safe session reads no file; its tables are those of the catalogue"
    }
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
