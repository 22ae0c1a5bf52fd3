//! `DROP INDEX [IF EXISTS] name`

use std::fmt;

use sqlparser::ast::Ident;

use crate::keywords::Syntax;

/// Removes an index; its table stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropIndex {
    /// The index.
    pub name: Ident,
    /// Whether it is no error if there is none.
    pub if_exists: bool,
}

/// What help says of it.
pub(crate) const SYNTAX: Syntax = Syntax {
    opening: "DROP INDEX",
    form: "DROP INDEX [IF EXISTS] name",
    summary: "removes an index; its table stays",
    details: "\
NEAREST over the table compares all rows again. The indexes of a table go with it when it is dropped.",
    settings: &[],
    returns: "A table of fact and value: whether there was one.",
    examples: &["CREATE INDEX sharps_hnsw ON sharps USING HNSW (embedding);\nDROP INDEX sharps_hnsw"],
    errors: &["DROP INDEX sharps_hsnw"],
};

impl fmt::Display for DropIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let if_exists = if self.if_exists { "IF EXISTS " } else { "" };
        write!(f, "DROP INDEX {if_exists}{}", self.name)
    }
}
