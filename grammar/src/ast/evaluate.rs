//! `EVALUATE GENERATOR | ENCODER name ON (query) [WITH (name = value, …)]`

use std::fmt;

use sqlparser::{ast::Ident, tokenizer::TokenWithSpan};

use crate::ast::{ModelKind, Options, write_options};

/// Measures a generator or an encoder on the patches that a query returns.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluate {
    /// A generator or an encoder; directions are judged with their generator.
    pub kind: ModelKind,
    /// The model's name.
    pub name: Ident,
    /// The query, for `DataFusion`'s parser; literals are already written out.
    pub query: Vec<TokenWithSpan>,
    /// The query as it was typed.
    pub query_text: String,
    /// `WITH (…)`
    pub options: Options,
}

impl fmt::Display for Evaluate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EVALUATE {} {} ON ({})", self.kind, self.name, self.query_text)?;
        write_options(f, &self.options)
    }
}
