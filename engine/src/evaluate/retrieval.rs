//! How well the nearest match has the physical quantities of the query: correlations over queries of the quantity of
//! the query with that of its nearest row in a gallery (the test of arXiv:2502.05351).

use super::{
    Score,
    neighbours::nearest,
    statistics::{Bootstrap, pearson, spearman},
};
use crate::{generator::evaluate::QUANTITIES, physics::PatchQuantities};

/// Rows placed for comparison, with what is measured on them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed<'a> {
    pub(super) vectors: &'a [Vec<f64>],
    pub(super) quantities: &'a [PatchQuantities],
}

/// The correlations of `queries` with their matches, named `prefix_tuf_pearson` and so on, each with `suffix`.
pub(super) fn retrieval(
    prefix: &str,
    suffix: &str,
    queries: Placed<'_>,
    regions: &[i64],
    gallery: Placed<'_>,
    bootstrap: Bootstrap,
) -> Vec<Score> {
    let matches = nearest(queries.vectors, gallery.vectors).unwrap_or_default();
    let mut scores = Vec::new();
    for (keyword, metric) in QUANTITIES {
        let quantity = metric.trim_start_matches("ks_");
        let mut pairs = Vec::new();
        let mut of_regions = Vec::new();
        for ((query, &row), &region) in queries.quantities.iter().zip(&matches).zip(regions) {
            let pair = (query.get(keyword), gallery.quantities[row].get(keyword));
            if let (Some(a), Some(b)) = pair
                && a.is_finite()
                && b.is_finite()
            {
                pairs.push((a, b));
                of_regions.push(region);
            }
        }
        for (name, correlation) in [
            ("pearson", pearson as fn(&[f64], &[f64]) -> Option<f64>),
            ("spearman", spearman),
        ] {
            let of = |rows: &[usize]| {
                let (a, b): (Vec<f64>, Vec<f64>) = rows.iter().map(|&row| pairs[row]).unzip();
                correlation(&a, &b)
            };
            let all: Vec<usize> = (0..pairs.len()).collect();
            let metric = format!("{prefix}_{quantity}_{name}{suffix}");
            scores.push(
                Score::new(metric, of(&all), pairs.len()).with_interval(bootstrap.interval(&of_regions, of)),
            );
        }
    }
    scores
}
