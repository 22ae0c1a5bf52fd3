//! `EXPORT SHARPS TO 'directory' [WITH (name = value, …)] AS query`

use std::fmt;

use sqlparser::tokenizer::TokenWithSpan;

use crate::{
    ast::{Options, quoted, write_options},
    span::Span,
};

/// Writes the records that a query returns to FITS files.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportSharps {
    /// The directory as written.
    pub directory: String,
    /// Where it stands, its quotes included.
    pub directory_span: Span,
    /// `WITH (…)`
    pub options: Options,
    /// The query, for `DataFusion`'s parser; literals are already written out.
    pub query: Vec<TokenWithSpan>,
    /// The query as it was typed.
    pub query_text: String,
}

impl fmt::Display for ExportSharps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EXPORT SHARPS TO {}", quoted(&self.directory))?;
        write_options(f, &self.options)?;
        write!(f, " AS {}", self.query_text)
    }
}
