//! Nearest rows by Euclidean distance, exactly: every row is compared with every other.

use rayon::prelude::*;

/// Squared Euclidean distance.
pub(super) fn squared(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// For each query the row of the gallery that is nearest, the first of equals; `None` of an empty gallery.
pub(super) fn nearest(queries: &[Vec<f64>], gallery: &[Vec<f64>]) -> Option<Vec<usize>> {
    let of = |query: &Vec<f64>| {
        let distances = gallery.iter().map(|row| squared(query, row)).enumerate();
        distances.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(row, _)| row)
    };
    queries.par_iter().map(of).collect()
}

/// The distance of each query to the nearest row of the gallery; `None` of an empty gallery.
pub(super) fn distances(queries: &[Vec<f64>], gallery: &[Vec<f64>]) -> Option<Vec<f64>> {
    let rows = nearest(queries, gallery)?;
    let distance = |(query, row): (&Vec<f64>, usize)| squared(query, &gallery[row]).sqrt();
    Some(queries.iter().zip(rows).map(distance).collect())
}

/// The squared distance of each row to the `k`-th nearest of the others; `None` of no more than `k` rows.
pub(super) fn radii(rows: &[Vec<f64>], k: usize) -> Option<Vec<f64>> {
    if rows.len() <= k || k == 0 {
        return None;
    }
    let radius = |i: usize| {
        let others = rows.iter().enumerate().filter(|(j, _)| *j != i);
        let mut distances: Vec<f64> = others.map(|(_, row)| squared(&rows[i], row)).collect();
        *distances.select_nth_unstable_by(k - 1, f64::total_cmp).1
    };
    Some((0..rows.len()).into_par_iter().map(radius).collect())
}
