//! `CREATE [OR REPLACE] INDEX [IF NOT EXISTS] name ON table USING HNSW (column) [WITH (name = value, …)]`

use std::fmt;

use sqlparser::ast::Ident;

use crate::{
    ast::{Options, or_replace, write_options},
    keywords::{Syntax, setting},
};

/// Makes an index by which NEAREST finds rows without comparing all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateIndex {
    /// What it is called.
    pub name: Ident,
    /// The table whose rows it finds.
    pub table: Ident,
    /// The column of vectors that it compares.
    pub column: Ident,
    /// Whether an index of this name is replaced.
    pub or_replace: bool,
    /// Whether it is no error if there is one of this name.
    pub if_not_exists: bool,
    /// `WITH (…)`
    pub options: Options,
}

/// What help says of it.
pub(crate) const SYNTAX: Syntax = Syntax {
    opening: "CREATE INDEX",
    form: "CREATE [OR REPLACE] INDEX [IF NOT EXISTS] name ON table USING HNSW (column) [WITH (name = value, …)]",
    summary: "makes a graph of neighbours, by which NEAREST finds rows without comparing all of them",
    details: "\
The index serves NEAREST and ORDER BY a distance over the table, with any WHERE on its columns and with its metric. \
Which rows match is found first; few are compared exactly, many are sought in the graph, and a small table is always \
compared exactly. EXPLAIN names the path, and exact => true asks for the exact answer. Candidates from the graph are \
compared once more by their full vectors, so that a distance is always exact, whatever the storage.\n\n\
Rows that are added later are compared exactly until the index is brought up to date, which VACUUM does; a table that \
was written anew by UPDATE, DELETE or IMPORT is compared exactly until then. Rows whose vector is NULL, has a value \
that is not a finite number, or, for cosine, is zero, are near to nothing and are left out. A damaged index is made \
anew by the next search that needs it, with a warning.\n\n\
Building takes about log(rows) × rows comparisons and runs on all threads; it can be interrupted, and reserves its \
memory before it begins. Of more than 10,000 rows two builds may differ in what they find at their edges.",
    settings: &[
        setting("metric", "text", "", "'l2'", "'l2' (Euclidean) or 'cosine'"),
        setting(
            "connectivity",
            "whole number",
            "",
            "16",
            "neighbours of a row in the graph, 2 to 128 (HNSW's M): more find more and take more memory",
        ),
        setting(
            "expansion_add",
            "whole number",
            "",
            "128",
            "candidates while a row is added, up to 4096 (HNSW's ef_construction)",
        ),
        setting(
            "expansion_search",
            "whole number",
            "",
            "64",
            "candidates of a search, up to 4096 (HNSW's ef): more find more and take longer",
        ),
        setting(
            "storage",
            "text",
            "",
            "'f16'",
            "how the graph keeps vectors: 'f32', 'f16' or 'i8', 4, 2 or 1 bytes a number",
        ),
    ],
    returns: "A table of fact and value: rows, rows left out, bytes, seconds.",
    examples: &["\
CREATE INDEX sharps_hnsw ON sharps USING HNSW (embedding) WITH (storage = 'f32');
SELECT name, metric, storage, rows, later, left_out FROM system.indexes"],
    errors: &[
        "CREATE INDEX usflux_hnsw ON sharps USING HNSW (usflux)",
        "CREATE INDEX sharps_l1 ON sharps USING HNSW (embedding) WITH (metric = 'l1')",
    ],
};

impl fmt::Display for CreateIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "CREATE {}INDEX {}{} ON {} USING HNSW ({})",
            or_replace(self.or_replace),
            if self.if_not_exists { "IF NOT EXISTS " } else { "" },
            self.name,
            self.table,
            self.column
        )?;
        write_options(f, &self.options)
    }
}
