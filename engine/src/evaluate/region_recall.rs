//! Whether a region is found again at another time. Correlations of a quantity reward an encoder that looks at
//! nothing but that quantity; a region that has turned and evolved for days is found only by its structure.

use rayon::prelude::*;

use super::neighbours::squared;

/// Seconds in a day.
const DAY: f64 = 86_400.0;

/// The queries that have a partner (a row of the same region, more than `gap_days` away in time), by row, each with
/// the rank of the nearest partner from 0 on. Rows of the same region at nearer times are left out of the ranking:
/// they are nearly the query itself.
///
/// # Examples
/// ```
/// use helioql::evaluate::region_recall::partner_ranks;
/// // Region 1 is seen on days 0 and 2; region 2 once, and lies between.
/// let (vectors, regions) = ([vec![0.0], vec![2.0], vec![1.0]], [1, 1, 2]);
/// let seconds = [0, 2 * 86_400, 0];
/// assert_eq!(partner_ranks(&vectors, &regions, &seconds, 0.5), [(0, 1), (1, 1)]);
/// assert_eq!(partner_ranks(&vectors, &regions, &seconds, 3.5), []);
/// ```
pub fn partner_ranks(
    vectors: &[Vec<f64>],
    regions: &[i64],
    seconds: &[i64],
    gap_days: f64,
) -> Vec<(usize, usize)> {
    let apart = |i: usize, j: usize| (seconds[i] - seconds[j]).unsigned_abs() as f64 > gap_days * DAY;
    let rank = |query: usize| {
        let (mut partner, mut others) = (f64::INFINITY, Vec::with_capacity(vectors.len()));
        for row in 0..vectors.len() {
            let distance = squared(&vectors[query], &vectors[row]);
            if regions[row] != regions[query] {
                others.push(distance);
            } else if row != query && apart(query, row) {
                partner = partner.min(distance);
            }
        }
        // Equals count against the partner: where all vectors are one, nothing is found.
        let nearer = others.iter().filter(|distance| **distance <= partner).count();
        partner.is_finite().then_some((query, nearer))
    };
    (0..vectors.len()).into_par_iter().filter_map(rank).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3600;

    #[test]
    fn near_times_are_neither_partners_nor_rivals() {
        // Region 1 at hours 0, 6 and 20; the one at hour 6 is nearest to the first, but says nothing.
        let vectors = [vec![0.0], vec![0.1], vec![3.0], vec![1.0], vec![2.0]];
        let regions = [1, 1, 1, 2, 3];
        let seconds = [0, 6 * HOUR, 20 * HOUR, 0, 0];
        let ranks = partner_ranks(&vectors, &regions, &seconds, 0.5);
        assert_eq!(ranks, [(0, 2), (1, 2), (2, 2)]);
    }

    #[test]
    fn a_collapsed_encoder_finds_nothing() {
        let vectors = vec![vec![1.0, 1.0]; 6];
        let days = [0, 1, 0, 1, 0, 1].map(|day| day * 24 * HOUR);
        let ranks = partner_ranks(&vectors, &[1, 1, 2, 2, 3, 3], &days, 0.5);
        assert!(
            ranks.len() == 6 && ranks.iter().all(|(_, rank)| *rank == 4),
            "{ranks:?}"
        );
    }
}
