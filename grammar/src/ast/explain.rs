//! `EXPLAIN [ANALYZE] FORMAT JSON query`

use std::fmt;

use sqlparser::tokenizer::TokenWithSpan;

use crate::keywords::Syntax;

/// Shows the plans of a query as JSON; every other form of EXPLAIN is `DataFusion`'s.
#[derive(Debug, Clone, PartialEq)]
pub struct Explain {
    /// Whether the query is run, and what it cost is shown.
    pub analyze: bool,
    /// The query, for `DataFusion`'s parser; literals are already written out.
    pub query: Vec<TokenWithSpan>,
    /// The query as it was typed.
    pub query_text: String,
}

/// What help says of it.
pub(crate) const SYNTAX: Syntax = Syntax {
    opening: "EXPLAIN",
    form: "EXPLAIN [(ANALYZE, FORMAT JSON)] query",
    summary: "shows how a query is answered: how NEAREST searches, and what the models did",
    details: "\
Without ANALYZE nothing is run, no model either. NEAREST names its path (exact, or exact over filter), the column that \
it compares, whether it is a join, and the predicates on pairs of rows that it applies before ranking.\n\n\
ANALYZE runs the query. NEAREST then shows distances_computed; ModelExec shows for each function that runs a model how \
often it was called, for how many rows and how long, how often the solver turned for targets, how many images it had drawn and \
in how many milliseconds each. A sample that is remembered is not drawn again.\n\n\
FORMAT JSON, ours, gives both plans as one text: every node has name, detail and inputs, after ANALYZE also metrics, \
times in nanoseconds but for ms_per_image. The formats indent, tree, pgjson and graphviz are DataFusion's.",
    settings: &[],
    returns: "plan_type and plan, or plan alone for JSON.",
    examples: &["EXPLAIN (FORMAT JSON) SELECT 1 AS one"],
    errors: &["EXPLAIN SHOW GENERATORS"],
};

impl fmt::Display for Explain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let analyze = if self.analyze { "ANALYZE, " } else { "" };
        write!(f, "EXPLAIN ({analyze}FORMAT JSON) {}", self.query_text)
    }
}
