//! `IMPORT SHARPS FROM 'files' [, …] | JSOC 'record set' [INTO table] [WITH (name = value, …)]`

use std::fmt;

use sqlparser::ast::Ident;

use crate::{
    ast::{Options, quoted, write_options},
    literal::RecordSet,
    span::Span,
};

/// Reads SHARP records from files, or their keywords from JSOC, into a table.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportSharps {
    /// Where they come from.
    pub from: SharpSource,
    /// The table; `sharps` when not said.
    pub into: Option<Ident>,
    /// `WITH (…)`
    pub options: Options,
}

/// Where SHARP records come from.
#[derive(Debug, Clone, PartialEq)]
pub enum SharpSource {
    /// Files, at least one pattern.
    Files(Vec<Pattern>),
    /// JSOC, asked for the keywords of a record set.
    Jsoc(RecordSet),
}

/// A path, in which `*`, `?`, `[…]` and `**` match as in a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// The path as written.
    pub glob: String,
    /// Where it stands, its quotes included.
    pub span: Span,
}

impl fmt::Display for ImportSharps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IMPORT SHARPS FROM ")?;
        match &self.from {
            SharpSource::Files(patterns) => {
                let patterns: Vec<String> = patterns.iter().map(|pattern| quoted(&pattern.glob)).collect();
                f.write_str(&patterns.join(", "))?;
            }
            SharpSource::Jsoc(records) => write!(f, "JSOC {}", quoted(&records.to_string()))?,
        }
        if let Some(table) = &self.into {
            write!(f, " INTO {table}")?;
        }
        write_options(f, &self.options)
    }
}
