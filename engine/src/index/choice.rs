//! By which path an index answers: exactly among the rows that match, or by its graph.
//!
//! A search of the graph costs about as much as comparing [`PAYS_FROM`] rows exactly, one after the other, and n/m times
//! that where m of n rows match, because it passes by those that do not. Rows that match lie apart, and comparing one costs
//! [`APART`] times as much. So m rows are compared exactly as long as m · `APART` ≤ `pays_from` · n/m, and a table of fewer
//! than `pays_from` rows always is. The figure grows with the candidates of a search. Both were measured on 100,000
//! vectors of 128 numbers; the setting `helioql.index_pays_from` changes the first.

use super::Settings;

/// How many rows are compared exactly in the time of one search of the graph with [`CANDIDATES`] candidates.
pub(crate) const PAYS_FROM: u64 = 8000;
/// How many rows one after the other are compared in the time of one among others that do not match.
const APART: f64 = 2.5;
/// The candidates that it was measured with.
const CANDIDATES: f64 = 64.0;

/// Where one path begins to pay and the other ceases to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Choice {
    /// The most matching rows that are compared exactly.
    pub(crate) exact_up_to: u64,
    /// How many candidates a search of the graph asks for.
    pub(crate) candidates: usize,
}

impl Choice {
    /// Where there is no graph.
    pub(crate) fn exact() -> Self {
        Self {
            exact_up_to: u64::MAX,
            candidates: 0,
        }
    }

    /// For `k` of `rows` rows, or of those that match a filter.
    pub(crate) fn new(settings: &Settings, rows: u64, is_filtered: bool, k: usize, pays_from: u64) -> Self {
        // A search that keeps no more candidates than it must return misses many of the last.
        let candidates = settings.expansion_search.max(2 * k);
        let pays_from = pays_from as f64 * candidates as f64 / CANDIDATES;
        let apart = if is_filtered { APART } else { 1.0 };
        Self {
            exact_up_to: (pays_from * rows as f64 / apart).sqrt() as u64,
            candidates,
        }
    }
}
