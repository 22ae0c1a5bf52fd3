//! `EVALUATE GENERATOR | ENCODER name ON (query) [WITH (name = value, …)]`

use std::fmt;

use sqlparser::{ast::Ident, tokenizer::TokenWithSpan};

use crate::{
    ast::{ModelKind, Options, write_options},
    keywords::{Syntax, setting},
};

/// Measures a generator or an encoder on the patches that a query returns.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluate {
    /// A generator or an encoder; directions are judged with their generator.
    pub kind: ModelKind,
    /// The model's name.
    pub name: Ident,
    /// The query, for `DataFusion`'s parser; literals are already written out.
    pub query: Vec<TokenWithSpan>,
    /// The query as it was typed.
    pub query_text: String,
    /// `WITH (…)`
    pub options: Options,
}

/// What help says of it.
pub(crate) const SYNTAX: Syntax = Syntax {
    opening: "EVALUATE",
    form: "EVALUATE GENERATOR | ENCODER name ON (query) [WITH (held_out = 'predicate', name = value, …)]",
    summary: "measures a model on the patches that a query returns and keeps the figures in system.metrics",
    details: "\
A generator is judged by how its patches' quantities, images and embeddings are distributed beside real ones, \
whether it copies, how often targets are met and at what price; an encoder by whether the nearest match measures alike \
and a region is found again, beside simpler ways to compare patches. Every figure stands beside what to compare it \
with: a floor of real patches against real ones, or another method. Intervals are of 95 %, from resampled regions. The \
names of figures are stable.",
    settings: &[
        setting("held_out", "text", "", "all rows", "a predicate over the query's columns: the rows to judge by; the model may know the others"),
        setting("samples", "whole number", "", "2000", "patches that are drawn"),
        setting("seed", "whole number", "", "100000", "the first seed of those, and that of everything else random"),
        setting("targets", "whole number", "", "300", "how often a target is asked for, for each number of targets at once"),
        setting("inversions", "whole number", "", "100", "held-out patches that are inverted"),
        setting("bootstrap", "whole number", "", "300", "resamples for an interval"),
        setting("encoder", "text", "", "'look'", "of a generator: the encoder in whose space patches are compared"),
        setting("generator", "text", "", "'sun'", "of an encoder: the generator whose patches are searched with"),
        setting("pictures", "text", "", "none", "a directory for pictures (PNG)"),
    ],
    returns: "metric, value, n, ci_low, ci_high and compare, which says what to hold the value against.",
    examples: &["\
EVALUATE ENCODER look ON (SELECT patch, harpnum, t_rec FROM sharps)
  WITH (held_out = 'harpnum % 4 = 1', samples = 20, bootstrap = 20);
SELECT metric, n FROM system.metrics WHERE model = 'look' AND metric LIKE 'retrieval_tuf_%' ORDER BY metric LIMIT 4"],
    errors: &["EVALUATE ENCODER look ON (SELECT patch FROM sharps) WITH (held_out = 'FALSE')"],
};

impl fmt::Display for Evaluate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EVALUATE {} {} ON ({})", self.kind, self.name, self.query_text)?;
        write_options(f, &self.options)
    }
}
