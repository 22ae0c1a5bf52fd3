//! `DROP GENERATOR | ENCODER | DIRECTIONS [IF EXISTS] name`

use std::fmt;

use sqlparser::ast::Ident;

use crate::{ast::ModelKind, keywords::Syntax};

/// Removes a model. `DROP TABLE` and SQL's other forms stay SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropModel {
    /// What kind of model.
    pub kind: ModelKind,
    /// Its name; directions go by their generator's.
    pub name: Ident,
    /// Whether it is no error if there is none.
    pub if_exists: bool,
}

/// What help says of it.
pub(crate) const SYNTAX: Syntax = Syntax {
    opening: "DROP",
    form: "DROP GENERATOR | ENCODER | DIRECTIONS [IF EXISTS] name",
    summary: "removes a model; the directions of a generator go by its name",
    details: "\
The models that are shipped with the program stay; one of your own that has the name of a shipped one hides it, and \
dropping it brings the shipped one back. DROP TABLE and DROP VIEW are SQL's.",
    settings: &[],
    returns: "A table of fact and value: whether there was one.",
    examples: &["DROP ENCODER IF EXISTS glance"],
    errors: &["DROP GENERATOR sun"],
};

impl fmt::Display for DropModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let if_exists = if self.if_exists { "IF EXISTS " } else { "" };
        write!(f, "DROP {} {if_exists}{}", self.kind, self.name)
    }
}
