//! Typed statements. One file holds one statement: its parts and the `Display` that writes it back.
//!
//! Names are folded as SQL folds them: an unquoted name is lower case, a quoted one is as written.

pub(crate) mod check_catalog;
pub(crate) mod check_index;
pub(crate) mod create_directions;
pub(crate) mod create_index;
pub(crate) mod create_model;
pub(crate) mod describe;
pub(crate) mod drop_index;
pub(crate) mod drop_model;
pub(crate) mod evaluate;
pub(crate) mod explain;
pub(crate) mod export_sharps;
pub(crate) mod import_model;
pub(crate) mod import_sharps;
mod options;
pub(crate) mod rename_table;
pub(crate) mod show;
pub(crate) mod vacuum;

use std::fmt;

use sqlparser::tokenizer::TokenWithSpan;

use crate::span::Span;

pub use check_index::CheckIndex;
pub use create_directions::CreateDirections;
pub use create_index::CreateIndex;
pub use create_model::CreateModel;
pub use describe::Describe;
pub use drop_index::DropIndex;
pub use drop_model::DropModel;
pub use evaluate::Evaluate;
pub use explain::Explain;
pub use export_sharps::ExportSharps;
pub use import_model::ImportModel;
pub use import_sharps::{ImportSharps, Pattern, SharpSource};
pub use options::{OptionValue, Options};
pub use rename_table::RenameTable;
pub use show::Show;
pub use vacuum::Vacuum;

/// A statement and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// What it says.
    pub kind: StatementKind,
    /// Where it stands in the script, without its semicolon.
    pub span: Span,
    /// Its source text.
    pub text: String,
}

/// What a statement says.
#[derive(Debug, Clone, PartialEq)]
pub enum StatementKind {
    /// Plain SQL, for `DataFusion`'s parser; quantities and typed strings are already written out.
    Sql(Vec<TokenWithSpan>),
    /// `IMPORT SHARPS`
    ImportSharps(ImportSharps),
    /// `EXPORT SHARPS`
    ExportSharps(ExportSharps),
    /// `IMPORT GENERATOR`
    ImportGenerator(ImportModel),
    /// `IMPORT ENCODER`
    ImportEncoder(ImportModel),
    /// `CREATE GENERATOR`
    CreateGenerator(CreateModel),
    /// `CREATE ENCODER`
    CreateEncoder(CreateModel),
    /// `CREATE DIRECTIONS`
    CreateDirections(CreateDirections),
    /// `CREATE INDEX`
    CreateIndex(CreateIndex),
    /// `EVALUATE GENERATOR` and `EVALUATE ENCODER`
    Evaluate(Evaluate),
    /// `EXPLAIN (FORMAT JSON)`
    Explain(Explain),
    /// `SHOW GENERATORS` and its like
    Show(Show),
    /// `DESCRIBE GENERATOR` and its like
    Describe(Describe),
    /// `DROP GENERATOR` and its like
    Drop(DropModel),
    /// `DROP INDEX`
    DropIndex(DropIndex),
    /// `ALTER TABLE … RENAME TO …`
    RenameTable(RenameTable),
    /// `VACUUM`
    Vacuum(Vacuum),
    /// `CHECK CATALOG`
    CheckCatalog,
    /// `CHECK INDEX`
    CheckIndex(CheckIndex),
}

/// As text that reads as the same statement again; of SQL, its tokens.
impl fmt::Display for StatementKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sql(tokens) => tokens.iter().try_for_each(|token| write!(f, "{token}")),
            Self::ImportSharps(import) => import.fmt(f),
            Self::ExportSharps(export) => export.fmt(f),
            Self::ImportGenerator(import) => f.write_str(&import.to_sql(ModelKind::Generator)),
            Self::ImportEncoder(import) => f.write_str(&import.to_sql(ModelKind::Encoder)),
            Self::CreateGenerator(create) => f.write_str(&create.to_sql(ModelKind::Generator)),
            Self::CreateEncoder(create) => f.write_str(&create.to_sql(ModelKind::Encoder)),
            Self::CreateDirections(create) => create.fmt(f),
            Self::CreateIndex(create) => create.fmt(f),
            Self::Explain(explain) => explain.fmt(f),
            Self::Evaluate(evaluate) => evaluate.fmt(f),
            Self::Show(show) => show.fmt(f),
            Self::Describe(describe) => describe.fmt(f),
            Self::Drop(drop) => drop.fmt(f),
            Self::DropIndex(drop) => drop.fmt(f),
            Self::RenameTable(rename) => rename.fmt(f),
            Self::Vacuum(vacuum) => vacuum.fmt(f),
            Self::CheckCatalog => f.write_str(check_catalog::SYNTAX.form),
            Self::CheckIndex(check) => check.fmt(f),
        }
    }
}

/// What kind of model a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ModelKind {
    /// Makes patches from latents.
    Generator,
    /// Makes embeddings from patches.
    Encoder,
    /// Says how a generator's latents change a keyword; named as its generator.
    Directions,
}

/// As the keyword: `GENERATOR`.
impl fmt::Display for ModelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Generator => "GENERATOR",
            Self::Encoder => "ENCODER",
            Self::Directions => "DIRECTIONS",
        })
    }
}

/// Writes a string literal, its quotes doubled.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Writes ` WITH (…)`, or nothing without options.
fn write_options(f: &mut fmt::Formatter<'_>, options: &Options) -> fmt::Result {
    if options.is_empty() {
        Ok(())
    } else {
        write!(f, " WITH ({options})")
    }
}

/// Writes `OR REPLACE ` where it was said.
fn or_replace(said: bool) -> &'static str {
    if said { "OR REPLACE " } else { "" }
}
