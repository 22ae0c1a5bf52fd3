//! `DROP GENERATOR | ENCODER | DIRECTIONS [IF EXISTS] name`

use std::fmt;

use sqlparser::ast::Ident;

use crate::ast::ModelKind;

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

impl fmt::Display for DropModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let if_exists = if self.if_exists { "IF EXISTS " } else { "" };
        write!(f, "DROP {} {if_exists}{}", self.kind, self.name)
    }
}
