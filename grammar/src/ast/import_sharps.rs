//! `IMPORT SHARPS FROM 'files' [, …] [INTO table] [WITH (name = value, …)]`

use std::fmt;

use sqlparser::ast::Ident;

use crate::{
    ast::{Options, quoted, write_options},
    span::Span,
};

/// Reads SHARP records from FITS files into a table.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportSharps {
    /// Which files, at least one pattern.
    pub patterns: Vec<Pattern>,
    /// The table; `sharps` when not said.
    pub into: Option<Ident>,
    /// `WITH (…)`
    pub options: Options,
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
        let patterns: Vec<String> = self
            .patterns
            .iter()
            .map(|pattern| quoted(&pattern.glob))
            .collect();
        write!(f, "IMPORT SHARPS FROM {}", patterns.join(", "))?;
        if let Some(table) = &self.into {
            write!(f, " INTO {table}")?;
        }
        write_options(f, &self.options)
    }
}
