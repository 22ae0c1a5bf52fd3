//! Tells our statements from SQL's by their first words, and hands each to its own parser.
//!
//! SQL is not parsed here: its tokens go to `DataFusion`'s parser, which knows it best. But a first
//! word that neither knows is refused here, where all the words that were possible are known.

mod check_catalog;
mod check_index;
mod create_directions;
mod create_index;
mod create_model;
mod cursor;
mod describe;
mod drop_index;
mod drop_model;
mod evaluate;
mod explain;
mod export_sharps;
mod import_model;
mod import_sharps;
mod options;
mod query;
mod rename_table;
mod show;
mod vacuum;

use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::{
    ast::{ModelKind, Show, Statement, StatementKind},
    desugar::desugar,
    diagnostic::Diagnostic,
    keywords::{self, OPENINGS},
    nesting,
    span::LineIndex,
    suggest::closest,
};
use cursor::Cursor;

/// Parses the tokens of one statement, which are at least one and begin and end with a significant one.
pub(crate) fn statement(tokens: &[TokenWithSpan], lines: &LineIndex<'_>) -> Result<Statement, Diagnostic> {
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
        return Err(Diagnostic::error("expected a statement, found nothing"));
    };
    nesting::check(tokens)?;
    let span = first.span.union(&last.span);
    let mut cursor = Cursor::new(tokens);
    let kind = if let Some(opening) = opening(&cursor)? {
        own(opening, &mut cursor, lines).map_err(|error| match opening.form() {
            Some(form) => error.with_note(format!("the form is {form}")),
            None => error,
        })?
    } else {
        check_explain(&cursor)?;
        match explain::parse(&cursor, lines)? {
            Some(explain) => StatementKind::Explain(explain),
            None => StatementKind::Sql(desugar(tokens)?),
        }
    };
    Ok(Statement {
        kind,
        span,
        text: lines.slice(span).to_owned(),
    })
}

/// Which of our statements begins here.
#[derive(Debug, Clone, Copy)]
enum Opening {
    ImportSharps,
    ExportSharps,
    ImportGenerator,
    ImportEncoder,
    CreateGenerator,
    CreateEncoder,
    CreateDirections,
    CreateIndex,
    Evaluate(ModelKind),
    Show(Show),
    Describe(ModelKind),
    Drop(ModelKind),
    DropIndex,
    RenameTable,
    Vacuum,
    CheckCatalog,
    CheckIndex,
}

impl Opening {
    /// The words it begins with, as they stand in [`keywords::STATEMENTS`].
    fn words(self) -> &'static str {
        match self {
            Self::ImportSharps => "IMPORT SHARPS",
            Self::ExportSharps => "EXPORT SHARPS",
            Self::ImportGenerator => "IMPORT GENERATOR",
            Self::ImportEncoder => "IMPORT ENCODER",
            Self::CreateGenerator => "CREATE GENERATOR",
            Self::CreateEncoder => "CREATE ENCODER",
            Self::CreateDirections => "CREATE DIRECTIONS",
            Self::CreateIndex => "CREATE INDEX",
            Self::Evaluate(_) => "EVALUATE",
            Self::Show(_) => "SHOW",
            Self::Describe(_) => "DESCRIBE",
            Self::Drop(_) => "DROP",
            Self::DropIndex => "DROP INDEX",
            Self::RenameTable => "ALTER TABLE",
            Self::Vacuum => "VACUUM",
            Self::CheckCatalog => "CHECK CATALOG",
            Self::CheckIndex => "CHECK INDEX",
        }
    }

    fn form(self) -> Option<&'static str> {
        keywords::form_of(self.words())
    }
}

fn own(
    opening: Opening,
    cursor: &mut Cursor<'_>,
    lines: &LineIndex<'_>,
) -> Result<StatementKind, Diagnostic> {
    let kind = match opening {
        Opening::ImportSharps => StatementKind::ImportSharps(import_sharps::parse(cursor)?),
        Opening::ExportSharps => StatementKind::ExportSharps(export_sharps::parse(cursor, lines)?),
        Opening::ImportGenerator => StatementKind::ImportGenerator(import_model::parse(cursor, "GENERATOR")?),
        Opening::ImportEncoder => StatementKind::ImportEncoder(import_model::parse(cursor, "ENCODER")?),
        Opening::CreateGenerator => {
            StatementKind::CreateGenerator(create_model::parse(cursor, "GENERATOR", lines)?)
        }
        Opening::CreateEncoder => {
            StatementKind::CreateEncoder(create_model::parse(cursor, "ENCODER", lines)?)
        }
        Opening::CreateDirections => StatementKind::CreateDirections(create_directions::parse(cursor)?),
        Opening::CreateIndex => StatementKind::CreateIndex(create_index::parse(cursor)?),
        Opening::Evaluate(kind) => StatementKind::Evaluate(evaluate::parse(cursor, kind, lines)?),
        Opening::Show(show) => StatementKind::Show(show::parse(cursor, show)?),
        Opening::Describe(kind) => StatementKind::Describe(describe::parse(cursor, kind)?),
        Opening::Drop(kind) => StatementKind::Drop(drop_model::parse(cursor, kind)?),
        Opening::DropIndex => StatementKind::DropIndex(drop_index::parse(cursor)?),
        Opening::RenameTable => StatementKind::RenameTable(rename_table::parse(cursor)?),
        Opening::Vacuum => StatementKind::Vacuum(vacuum::parse(cursor)?),
        Opening::CheckCatalog => {
            check_catalog::parse(cursor)?;
            StatementKind::CheckCatalog
        }
        Opening::CheckIndex => StatementKind::CheckIndex(check_index::parse(cursor)?),
    };
    cursor.finish()?;
    Ok(kind)
}

/// Looks at the first words without taking them. `None` is SQL.
fn opening(cursor: &Cursor<'_>) -> Result<Option<Opening>, Diagnostic> {
    let Some(verb) = cursor.word(0) else {
        return Ok(None);
    };
    Ok(match verb.to_ascii_uppercase().as_str() {
        "IMPORT" => Some(import(cursor)),
        "EXPORT" => Some(Opening::ExportSharps),
        "CREATE" if cursor.is_word(after_or_replace(cursor), "INDEX") => Some(Opening::CreateIndex),
        "CREATE" => object(cursor, after_or_replace(cursor), "CREATE")?.map(|kind| match kind {
            ModelKind::Generator => Opening::CreateGenerator,
            ModelKind::Encoder => Opening::CreateEncoder,
            ModelKind::Directions => Opening::CreateDirections,
        }),
        "EVALUATE" => Some(Opening::Evaluate(evaluated(cursor)?)),
        "SHOW" => show(cursor)?.map(Opening::Show),
        // `DESCRIBE generator` alone describes a table of that name.
        "DESCRIBE" | "DESC"
            if cursor.is_name(2) || (cursor.is_word(1, "DIRECTIONS") && cursor.ends_at(2)) =>
        {
            object(cursor, 1, "DESCRIBE")?.map(Opening::Describe)
        }
        "DROP" if cursor.is_word(1, "INDEX") => Some(Opening::DropIndex),
        "DROP" => object(cursor, 1, "DROP")?.map(Opening::Drop),
        "ALTER" if rename_table::begins(cursor) => Some(Opening::RenameTable),
        "VACUUM" => Some(Opening::Vacuum),
        "CHECK" if cursor.is_word(1, "INDEX") => Some(Opening::CheckIndex),
        "CHECK" => Some(Opening::CheckCatalog),
        upper if OPENINGS.contains(&upper) => None,
        _ => {
            return Err(Diagnostic::error(format!("unknown statement `{verb}`"))
                .with_span(cursor.span(0))
                .with_suggestion(closest(verb, OPENINGS.iter().copied())));
        }
    })
}

/// Records are what is imported where nothing else is named.
fn import(cursor: &Cursor<'_>) -> Opening {
    let at = after_or_replace(cursor);
    if cursor.is_word(at, "GENERATOR") {
        Opening::ImportGenerator
    } else if cursor.is_word(at, "ENCODER") {
        Opening::ImportEncoder
    } else {
        Opening::ImportSharps
    }
}

/// Where the word stands that says what is created or imported.
fn after_or_replace(cursor: &Cursor<'_>) -> usize {
    if cursor.is_word(1, "OR") && cursor.is_word(2, "REPLACE") {
        3
    } else {
        1
    }
}

/// The kind of model named by the word at `at`; a near miss is an error, any other word is SQL's.
fn object(cursor: &Cursor<'_>, at: usize, verb: &str) -> Result<Option<ModelKind>, Diagnostic> {
    const KINDS: [(&str, ModelKind); 3] = [
        ("GENERATOR", ModelKind::Generator),
        ("ENCODER", ModelKind::Encoder),
        ("DIRECTIONS", ModelKind::Directions),
    ];
    let Some(word) = cursor.word(at) else {
        return Ok(None);
    };
    if let Some((_, kind)) = KINDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) {
        return Ok(Some(*kind));
    }
    near_miss(cursor, at, verb, word, KINDS.map(|(name, _)| name))
}

/// What is evaluated: nothing of SQL begins with EVALUATE, so any other word is an error.
fn evaluated(cursor: &Cursor<'_>) -> Result<ModelKind, Diagnostic> {
    match object(cursor, 1, "EVALUATE")? {
        Some(kind @ (ModelKind::Generator | ModelKind::Encoder)) => Ok(kind),
        Some(ModelKind::Directions) => Err(cursor
            .skip(1)
            .expected("GENERATOR or ENCODER")
            .with_hint("EVALUATE GENERATOR judges the directions of the generator too")),
        None => Err(cursor.skip(1).expected("GENERATOR or ENCODER")),
    }
}

fn show(cursor: &Cursor<'_>) -> Result<Option<Show>, Diagnostic> {
    // `SHOW FUNCTIONS LIKE …` and `SHOW a.variable` are SQL's.
    if !cursor.ends_at(2) {
        return Ok(None);
    }
    let Some(word) = cursor.word(1) else {
        return Ok(None);
    };
    match Show::ALL
        .into_iter()
        .find(|show| show.word().eq_ignore_ascii_case(word))
    {
        Some(show) => Ok(Some(show)),
        None => near_miss(cursor, 1, "SHOW", word, Show::ALL.map(Show::word)),
    }
}

fn near_miss<T, const N: usize>(
    cursor: &Cursor<'_>,
    at: usize,
    verb: &str,
    word: &str,
    words: [&'static str; N],
) -> Result<Option<T>, Diagnostic> {
    match closest(word, words) {
        Some(closest) => Err(Diagnostic::error(format!("{verb} does not know `{word}`"))
            .with_span(cursor.span(at))
            .with_suggestion(Some(closest))),
        None => Ok(None),
    }
}

/// `EXPLAIN` explains plans, and our statements have none.
fn check_explain(cursor: &Cursor<'_>) -> Result<(), Diagnostic> {
    if !cursor.is_word(0, "EXPLAIN") {
        return Ok(());
    }
    let at = (1..4)
        .find(|&at| !cursor.is_word(at, "ANALYZE") && !cursor.is_word(at, "VERBOSE"))
        .unwrap_or(1);
    let rest = cursor.skip(at);
    let found = if rest.is_word(0, "EXPLAIN") {
        "EXPLAIN"
    } else {
        match rest.word(0).map(str::to_ascii_uppercase).as_deref() {
            Some(
                "IMPORT" | "CREATE" | "EVALUATE" | "SHOW" | "DROP" | "DESCRIBE" | "DESC" | "ALTER" | "VACUUM"
                | "CHECK",
            ) => match opening(&rest)? {
                Some(opening) => opening.words(),
                None => return Ok(()),
            },
            _ => return Ok(()),
        }
    };
    Err(Diagnostic::error(format!("EXPLAIN takes a query, found {found}")).with_span(rest.span(0)))
}

/// A token as it is named in messages.
fn found(token: Option<&Token>) -> String {
    match token {
        None | Some(Token::EOF) => "the end of the statement".to_owned(),
        Some(token) => format!("`{token}`"),
    }
}
