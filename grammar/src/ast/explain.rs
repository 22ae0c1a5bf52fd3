//! `EXPLAIN [ANALYZE] FORMAT JSON query`

use std::fmt;

use sqlparser::tokenizer::TokenWithSpan;

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

impl fmt::Display for Explain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let analyze = if self.analyze { "ANALYZE, " } else { "" };
        write!(f, "EXPLAIN ({analyze}FORMAT JSON) {}", self.query_text)
    }
}
