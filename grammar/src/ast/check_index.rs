//! `CHECK INDEX name [WITH (name = value, …)]`

use std::fmt;

use sqlparser::ast::Ident;

use crate::{
    ast::{Options, write_options},
    keywords::{Syntax, setting},
};

/// Compares an index with its table, and its answers with the exact ones.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckIndex {
    /// The index.
    pub name: Ident,
    /// `WITH (…)`
    pub options: Options,
}

/// What help says of it.
pub(crate) const SYNTAX: Syntax = Syntax {
    opening: "CHECK INDEX",
    form: "CHECK INDEX name [WITH (name = value, …)]",
    summary: "compares an index with its table, and measures how many of the true neighbours it finds",
    details: "\
The checksums of its files, its rows with those of the table, its vectors with a sample of those in the table; then the \
recall at k: the share of the k nearest rows that a search of the graph finds, asked for rows of the table and, where \
an encoder of this engine has made them, for generated patches. A recall is given with that of the question that \
found least. Nothing is changed.",
    settings: &[
        setting(
            "k",
            "whole number",
            "",
            "10",
            "how many neighbours are asked for, up to 1000",
        ),
        setting("queries", "whole number", "", "200", "rows that ask, up to 10000"),
        setting(
            "generated",
            "whole number",
            "",
            "20",
            "generated patches that ask, up to 1000",
        ),
        setting("seed", "whole number", "", "0", "that of both samples"),
    ],
    returns: "A table of fact and value: what it covers, whether it is whole, and each recall.",
    examples: &[
        "CREATE INDEX sharps_hnsw ON sharps USING HNSW (embedding) WITH (expansion_search = 256);\n\
         CHECK INDEX sharps_hnsw WITH (queries = 50, generated = 4)",
    ],
    errors: &["CHECK INDEX sharps_hsnw"],
};

impl fmt::Display for CheckIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CHECK INDEX {}", self.name)?;
        write_options(f, &self.options)
    }
}
