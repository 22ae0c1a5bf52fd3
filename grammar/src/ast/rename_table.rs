//! `ALTER TABLE name RENAME TO new_name`

use std::fmt;

use sqlparser::ast::Ident;

use crate::keywords::Syntax;

/// Gives a table another name. The other forms of `ALTER` are SQL's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenameTable {
    /// The table.
    pub name: Ident,
    /// What it will be called.
    pub new_name: Ident,
}

/// What help says of it.
pub(crate) const SYNTAX: Syntax = Syntax {
    opening: "ALTER TABLE",
    form: "ALTER TABLE name RENAME TO new_name",
    summary: "gives a table another name",
    details: "\
Its rows stay where they are, whatever their number. A view that reads the table goes on asking for the old name. The \
table sharps is where records are imported to; under another name it is a table like any other, and sharps is empty.",
    settings: &[],
    returns: "Nothing.",
    examples: &[
        "CREATE TABLE strong AS SELECT harpnum, t_rec FROM sharps WHERE usflux > 1e22Mx;\n\
                 ALTER TABLE strong RENAME TO strongest;\nSELECT count(*) > 0 AS found FROM strongest",
    ],
    errors: &["ALTER TABLE sharp RENAME TO regions"],
};

impl fmt::Display for RenameTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ALTER TABLE {} RENAME TO {}", self.name, self.new_name)
    }
}
