//! DataFusion's errors in the house form: what wraps the message is taken off, the rules that [`templates`] applies write
//! it anew, and what none of them knows passes in lower case without its full stop.
//!
//! [`templates`]: super::templates

use datafusion::{
    common::{Column, SchemaError},
    error::DataFusionError,
};
use helioql_catalog::Keyword;
use helioql_grammar::{Diagnostic, Location, Span, closest, lower_first};

use super::{
    Error,
    rules::Family,
    templates::{self, About, plain},
};
use crate::types::measured_keywords;

/// An error in the house form, and what it is about, by which its place is found.
pub(crate) struct Translated {
    pub(crate) diagnostic: Diagnostic,
    pub(crate) about: Option<About>,
}

/// What DataFusion, arrow and the parser write before a message: where it arose, not what is wrong.
const PREFIXES: [&str; 14] = [
    "Arrow error: ",
    "Cast error: ",
    "Compute error: ",
    "Error during planning: ",
    "Execution error: ",
    "External error: ",
    "Internal error: ",
    "Invalid argument error: ",
    "Invalid or Unsupported Configuration: ",
    "Optimizer rule 'simplify_expressions' failed\ncaused by\n",
    "Parser error: ",
    "Resources exhausted: ",
    "Schema error: ",
    "This feature is not implemented: ",
];
/// What a note about a column that may have been meant begins with.
const POSSIBLE_COLUMN: &str = "possible column ";
/// What DataFusion says to its own developers.
const ASIDES: [&str; 3] = [
    "This issue was likely caused by a bug in DataFusion's code",
    "No function matches the given name and argument types",
    "Candidate functions:",
];

/// Notes that say what the message or a hint of ours says.
const SAID: [&str; 4] = [
    "Possible function",
    "Extra column",
    "NOT can only be used",
    POSSIBLE_COLUMN,
];

/// The error in the house form.
pub(crate) fn translate(error: &DataFusionError) -> Translated {
    if let DataFusionError::External(inner) = error.find_root()
        && let Some(own) = inner.downcast_ref::<Error>()
    {
        return Translated {
            diagnostic: own.diagnostic(),
            about: None,
        };
    }
    if let DataFusionError::SQL(parser_error, _) = error.find_root() {
        let diagnostic = helioql_grammar::from_sql_error(&parser_error.to_string());
        return Translated {
            diagnostic,
            about: None,
        };
    }
    let found = error.diagnostic();
    let text = match (found, innermost(error)) {
        (Some(found), _) => found.message.clone(),
        // Of a setting's value the context says more than the error of the standard library inside.
        (None, DataFusionError::Context(text, _)) => text.clone(),
        (None, inner) => inner.strip_backtrace(),
    };
    let Translated {
        mut diagnostic,
        mut about,
    } = message(&text);
    if let Some(found) = found {
        let of_left = || found.notes.iter().find_map(|note| note.span);
        if let Some(span) = found.span.or_else(of_left) {
            let place = |at: datafusion::common::Location| Location::new(at.line, at.column);
            diagnostic = diagnostic.with_span(Span::new(place(span.start), place(span.end)));
        }
        diagnostic = remarks(diagnostic, found);
    }
    if let DataFusionError::SchemaError(schema, _) = error.find_root() {
        diagnostic = suggest_column(diagnostic, schema);
        if let (SchemaError::FieldNotFound { valid_fields, .. }, Some(about)) = (schema.as_ref(), &mut about)
            && valid_fields.is_empty()
        {
            about.family = Family::Column;
        }
    }
    let possible = found.map(possible_columns).unwrap_or_default();
    if diagnostic.hints.is_empty() && !possible.is_empty() {
        diagnostic = diagnostic.with_hint(format!("there is {}", possible.join(", ")));
    }
    Translated { diagnostic, about }
}

/// Below every context: each of these says what DataFusion was doing.
fn innermost(mut error: &DataFusionError) -> &DataFusionError {
    loop {
        error = match error {
            DataFusionError::Context(text, _) if text.starts_with("Error parsing") => return error,
            DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => inner.as_ref(),
            DataFusionError::Shared(inner) => inner.as_ref(),
            other => return other,
        };
    }
}

fn message(text: &str) -> Translated {
    let mut text = text.trim();
    while let Some(rest) = PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix)) {
        text = rest;
    }
    let candidates = text.split_once("Candidate functions:").map(|(_, list)| list);
    let called = text
        .split_once("argument types '")
        .and_then(|(_, rest)| rest.split_once("'. You might"))
        .map(|(call, _)| call);
    let end = ASIDES.iter().filter_map(|aside| text.find(aside)).min();
    let text = text[..end.unwrap_or(text.len())].trim().trim_end_matches('.');
    let mut translated = templates::apply(text, called).unwrap_or_else(|| Translated {
        diagnostic: Diagnostic::error(lower_first(unstopped(&plain(text)))),
        about: templates::title(text).map(About::call),
    });
    let mut forms: Vec<String> = candidates
        .into_iter()
        .flat_map(str::lines)
        .filter(|line| !line.contains("UserDefined"))
        .map(form)
        .filter(|form| !form.is_empty())
        .collect();
    let mut known = std::collections::HashSet::new();
    forms.retain(|form| known.insert(form.clone()));
    if !forms.is_empty() {
        translated.diagnostic = translated
            .diagnostic
            .with_note(format!("it is called as {}", forms.join(", ")));
    }
    translated
}

/// How a function is called, with the types as we name them.
fn form(line: &str) -> String {
    const NAMES: [(&str, &str); 13] = [
        ("Numeric(1)", "number"),
        ("Float64/Float32", "number"),
        ("Float64", "number"),
        ("Float32", "number"),
        ("Float", "number"),
        ("UInt64", "number"),
        ("Int64", "number"),
        ("Int32", "number"),
        ("Integer", "number"),
        ("Decimal", "number"),
        ("String", "text"),
        ("Duration", "duration"),
        ("Interval", "interval"),
    ];
    NAMES.iter().fold(line.trim().to_owned(), |line, (theirs, ours)| {
        line.replace(theirs, ours)
    })
}

/// The columns that DataFusion thinks may have been meant, in quotes.
fn possible_columns(found: &datafusion::common::Diagnostic) -> Vec<String> {
    found
        .notes
        .iter()
        .filter_map(|note| note.message.strip_prefix(POSSIBLE_COLUMN))
        .map(|column| format!("`{column}`"))
        .collect()
}

/// DataFusion's notes and helps; those about columns are ours to say.
fn remarks(mut diagnostic: Diagnostic, found: &datafusion::common::Diagnostic) -> Diagnostic {
    let columns = possible_columns(found);
    let mut types = Vec::new();
    for note in &found.notes {
        if let Some(kind) = note.message.strip_prefix("has type ") {
            types.push(templates::described_type(kind));
        } else if !SAID.iter().any(|said| note.message.starts_with(said)) {
            let note = lower_first(unstopped(&plain(&note.message)));
            diagnostic = diagnostic.with_note(
                note.replace(" fields", " columns")
                    .replace("1 columns", "1 column"),
            );
        }
    }
    if let [left, right] = types.as_slice() {
        diagnostic = diagnostic.with_note(format!("the left is {left}, the right is {right}"));
    }
    if found.message.ends_with("is ambiguous") && !columns.is_empty() {
        diagnostic = diagnostic.with_hint(format!("it is one of {}", columns.join(", ")));
    }
    if diagnostic.hints.is_empty() {
        for help in &found.helps {
            diagnostic = diagnostic.with_hint(lower_first(unstopped(&plain(&help.message))));
        }
    }
    diagnostic
}

/// The most columns that a hint names.
const FEW: usize = 12;

/// The nearest of the columns that are in scope, the function that measures what has no column, or all columns where they
/// are few.
fn suggest_column(diagnostic: Diagnostic, error: &SchemaError) -> Diagnostic {
    let SchemaError::FieldNotFound { field, valid_fields } = error else {
        return diagnostic;
    };
    let mut names: Vec<&str> = valid_fields.iter().map(|column| column.name.as_str()).collect();
    // Longer names last: `meanshr_pot` before `meanshr_pot_err`, which is as far away from a slip in either.
    names.sort_by_key(|name| name.len());
    match closest(&field.name, names) {
        None if !valid_fields.is_empty() && is_measured(&field.name) => diagnostic.with_hint(format!(
            "`{}(patch)` measures it on a patch",
            field.name.to_uppercase()
        )),
        None if (1..=FEW).contains(&valid_fields.len()) => {
            diagnostic.with_hint(format!("there is {}", listed(valid_fields)))
        }
        close => diagnostic.with_suggestion(close),
    }
}

/// The columns in quotes, with their tables where there are several.
fn listed(columns: &[Column]) -> String {
    let several = columns
        .windows(2)
        .any(|pair| pair[0].relation != pair[1].relation);
    let names: Vec<String> = columns
        .iter()
        .map(|column| {
            if several {
                format!("`{}`", column.flat_name())
            } else {
                format!("`{}`", column.name)
            }
        })
        .collect();
    names.join(", ")
}

/// Whether a function of this name measures a patch.
fn is_measured(name: &str) -> bool {
    measured_keywords()
        .flat_map(Keyword::names)
        .any(|known| known.eq_ignore_ascii_case(name))
}

fn unstopped(text: &str) -> &str {
    text.strip_suffix('.').unwrap_or(text)
}
