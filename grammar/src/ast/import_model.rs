//! `IMPORT [OR REPLACE] GENERATOR | ENCODER name FROM 'file' [WITH (name = value, …)]`

use sqlparser::ast::Ident;

use crate::{
    ast::{ModelKind, Options, or_replace, quoted},
    span::Span,
};

/// Takes a generator or an encoder from a file of weights.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportModel {
    /// The model's name.
    pub name: Ident,
    /// Whether a model of that name is replaced.
    pub or_replace: bool,
    /// The file as written.
    pub file: String,
    /// Where the file's name stands, its quotes included.
    pub file_span: Span,
    /// `WITH (…)`
    pub options: Options,
}

impl ImportModel {
    /// The statement as text; whether it brings a generator or an encoder is known to the caller.
    pub fn to_sql(&self, kind: ModelKind) -> String {
        let options = if self.options.is_empty() {
            String::new()
        } else {
            format!(" WITH ({})", self.options)
        };
        format!(
            "IMPORT {}{kind} {} FROM {}{options}",
            or_replace(self.or_replace),
            self.name,
            quoted(&self.file)
        )
    }
}
