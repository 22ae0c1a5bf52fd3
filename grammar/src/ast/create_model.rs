//! `CREATE [OR REPLACE] GENERATOR | ENCODER name [WITH (name = value, …)] AS query`

use sqlparser::{ast::Ident, tokenizer::TokenWithSpan};

use crate::ast::{ModelKind, Options, or_replace};

/// Trains a generator or an encoder on the patches that a query returns.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateModel {
    /// The model's name.
    pub name: Ident,
    /// Whether a model of that name is replaced.
    pub or_replace: bool,
    /// `WITH (…)`
    pub options: Options,
    /// The query, for `DataFusion`'s parser; literals are already written out.
    pub query: Vec<TokenWithSpan>,
    /// The query as it was typed.
    pub query_text: String,
}

impl CreateModel {
    /// The statement as text; whether it makes a generator or an encoder is known to the caller.
    pub fn to_sql(&self, kind: ModelKind) -> String {
        let options = if self.options.is_empty() {
            String::new()
        } else {
            format!("WITH ({}) ", self.options)
        };
        format!(
            "CREATE {}{kind} {} {options}AS {}",
            or_replace(self.or_replace),
            self.name,
            self.query_text
        )
    }
}
