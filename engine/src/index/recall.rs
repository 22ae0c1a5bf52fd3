//! How many of the true neighbours an index finds.

use std::collections::BTreeSet;

use super::{Choice, Nearest, Rows, VectorIndex};
use crate::{Error, Result, progress::Observer};

/// What some questions found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Recall {
    /// How many asked.
    pub(crate) queries: usize,
    /// The share of the k nearest rows that the graph found, over all questions.
    pub(crate) mean: f64,
    /// The least of any question.
    pub(crate) least: f64,
}

/// The recall at `k` of the graph of `index`, each question asked by itself.
pub(crate) fn measure(
    index: &VectorIndex,
    queries: &[Vec<f32>],
    k: usize,
    observer: &dyn Observer,
) -> Result<Option<Recall>> {
    let (metric, rows) = (index.settings.metric, index.vectors.len());
    let candidates = Choice::new(&index.settings, rows as u64, false, k, 0)
        .candidates
        .min(rows);
    let mut recalls = Vec::new();
    for query in queries {
        if observer.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let mut nearest = Nearest::new(k);
        let found = index.graph.search(query, candidates, None)?;
        index.vectors.offer(metric, query, &found, &mut nearest);
        let found = nearest.finish();

        let mut nearest = Nearest::new(k);
        index
            .vectors
            .search(metric, query, (0, rows), Rows::All, 0, &mut nearest);
        let truth = nearest.finish();

        // Rows as far as the last of the k are as good as it.
        let true_rows: BTreeSet<usize> = truth.iter().map(|found| found.row).collect();
        let wanted = truth.len().min(k);
        if wanted > 0 {
            let hits = found
                .iter()
                .filter(|found| true_rows.contains(&found.row))
                .count();
            recalls.push(hits.min(wanted) as f64 / wanted as f64);
        }
    }
    if recalls.is_empty() {
        return Ok(None);
    }
    Ok(Some(Recall {
        queries: recalls.len(),
        mean: recalls.iter().sum::<f64>() / recalls.len() as f64,
        least: recalls.iter().copied().fold(1.0, f64::min),
    }))
}
