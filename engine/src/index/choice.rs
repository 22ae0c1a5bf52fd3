//! By which path an index answers: exactly among the rows that match, or by its graph.
//!
//! A search of the graph costs about as much as comparing [`PAYS_FROM`] rows exactly, and n/m times that where m of n
//! rows match, because it passes by those that do not. So m rows are compared exactly as long as m ≤ `pays_from` · n/m,
//! and a table of fewer than `pays_from` rows always is. The figure grows with the candidates of a search. It was
//! measured on 100,000 vectors of 128 numbers; the setting `helioql.index_pays_from` changes it.

use super::Settings;

/// How many rows are compared exactly in the time of one search of the graph with [`CANDIDATES`] candidates.
pub(crate) const PAYS_FROM: u64 = 6000;
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

    /// For `k` of `rows` rows.
    pub(crate) fn new(settings: &Settings, rows: u64, k: usize, pays_from: u64) -> Self {
        // A search that keeps no more candidates than it must return misses many of the last.
        let candidates = settings.expansion_search.max(2 * k);
        let pays_from = pays_from as f64 * candidates as f64 / CANDIDATES;
        Self {
            exact_up_to: (pays_from * rows as f64).sqrt() as u64,
            candidates,
        }
    }
}
