//! `VACUUM [table]`

use std::fmt;

use sqlparser::ast::Ident;

use crate::keywords::Syntax;

/// Tidies the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vacuum {
    /// The table that is tidied; all without one.
    pub table: Option<Ident>,
}

/// What help says of it.
pub(crate) const SYNTAX: Syntax = Syntax {
    opening: "VACUUM",
    form: "VACUUM [table]",
    summary: "writes tables that INSERT has scattered over several files into one, and deletes files that nobody needs",
    details: "\
Each INSERT adds a file to its table, so that it costs what is inserted and not what is there; a table in many files is \
read more slowly. Files that a change left out are deleted by the next change after the last query that may read them; \
VACUUM does it now, and says how many must stay because a query, here or in another process, reads an earlier state.\n\n\
It commits once. If it is killed, the catalogue is as it was.",
    settings: &[],
    returns: "A table of fact and value: tables written anew, files and bytes deleted, files kept for readers.",
    examples: &["VACUUM"],
    errors: &["VACUUM sharp"],
};

impl fmt::Display for Vacuum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.table {
            Some(table) => write!(f, "VACUUM {table}"),
            None => f.write_str("VACUUM"),
        }
    }
}
