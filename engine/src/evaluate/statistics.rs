//! Correlations, quantiles, and intervals by resampling whole regions.
//!
//! The patches of one region are alike, so that an interval from resampled patches would be too narrow: the
//! bootstrap draws regions (Efron & Tibshirani 1993, ch. 8, for data in groups) and takes all patches of each.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::nn::Random;

/// Pearson's correlation of two samples of the same length; `None` of fewer than two pairs, or where one of the
/// samples does not vary.
///
/// # Examples
/// ```
/// use helioql::evaluate::statistics::pearson;
/// assert_eq!(pearson(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]), Some(1.0));
/// assert_eq!(pearson(&[1.0, 2.0, 3.0], &[5.0, 5.0, 5.0]), None);
/// ```
pub fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    let count = a.len().min(b.len()) as f64;
    if count < 2.0 {
        return None;
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / count;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - mean_a, b - mean_b);
        ab += a * b;
        aa += a * a;
        bb += b * b;
    }
    let scale = (aa * bb).sqrt();
    (scale > 0.0).then(|| (ab / scale).clamp(-1.0, 1.0))
}

/// Spearman's correlation: Pearson's of the ranks, equal values sharing the mean of theirs.
///
/// # Examples
/// ```
/// use helioql::evaluate::statistics::spearman;
/// assert_eq!(spearman(&[1.0, 5.0, 6.0, 100.0], &[1.0, 2.0, 3.0, 4.0]), Some(1.0));
/// ```
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    pearson(&ranks(a), &ranks(b))
}

/// The ranks of values, from 1; equal values share the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
    let mut ranks = vec![0.0; values.len()];
    let mut smaller = 0;
    for tied in order.chunk_by(|&i, &j| values[i].total_cmp(&values[j]).is_eq()) {
        for &i in tied {
            ranks[i] = smaller as f64 + f64::midpoint(tied.len() as f64, 1.0);
        }
        smaller += tied.len();
    }
    ranks
}

/// The value below which a part `p` of the sample lies, between neighbours in proportion; `None` of nothing. NaN
/// values are left out.
///
/// # Examples
/// ```
/// use helioql::evaluate::statistics::quantile;
/// assert_eq!(quantile(&[4.0, 1.0, 3.0, 2.0, 5.0], 0.5), Some(3.0));
/// assert_eq!(quantile(&[0.0, 10.0], 0.25), Some(2.5));
/// ```
pub fn quantile(values: &[f64], p: f64) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let at = p.clamp(0.0, 1.0) * sorted.len().checked_sub(1)? as f64;
    let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    Some(low + (high - low) * at.fract())
}

/// How an interval is found: so many resamples, from a seed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bootstrap {
    pub(super) resamples: usize,
    pub(super) seed: u64,
}

impl Bootstrap {
    /// The 95 % interval of a statistic of rows, of which those of one region are drawn together. `None` of fewer
    /// than two regions, without resamples, or where the statistic is mostly undefined.
    pub(super) fn interval(
        &self,
        regions: &[i64],
        statistic: impl Fn(&[usize]) -> Option<f64> + Sync,
    ) -> Option<(f64, f64)> {
        let mut of_region: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        for (row, &region) in regions.iter().enumerate() {
            of_region.entry(region).or_default().push(row);
        }
        let groups: Vec<Vec<usize>> = of_region.into_values().collect();
        if groups.len() < 2 {
            return None;
        }
        let found: Vec<f64> = (0..self.resamples as u64)
            .into_par_iter()
            .filter_map(|stream| {
                let mut random = Random::new(self.seed, stream);
                let rows: Vec<usize> = (0..groups.len())
                    .flat_map(|_| groups[random.index(groups.len())].iter().copied())
                    .collect();
                statistic(&rows)
            })
            .collect();
        // A statistic that most resamples lack (a quantity of a handful of patches) has no interval worth a name.
        if 2 * found.len() < self.resamples {
            return None;
        }
        Some((quantile(&found, 0.025)?, quantile(&found, 0.975)?))
    }
}

/// Mean and standard deviation of each column, by which other rows are standardised.
#[derive(Debug, Clone)]
pub(super) struct Standard {
    columns: Vec<(f64, f64)>,
}

impl Standard {
    pub(super) fn of(rows: &[Vec<f64>]) -> Self {
        let count = rows.len().max(1) as f64;
        let column = |j: usize| {
            let mean = rows.iter().map(|row| row[j]).sum::<f64>() / count;
            let variance = rows.iter().map(|row| (row[j] - mean).powi(2)).sum::<f64>() / count;
            (mean, variance.sqrt())
        };
        let width = rows.first().map_or(0, Vec::len);
        Self {
            columns: (0..width).map(column).collect(),
        }
    }

    /// (x − mean) / deviation; a column that did not vary becomes 0.
    pub(super) fn apply(&self, rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let standard = |row: &Vec<f64>| {
            let columns = row.iter().zip(&self.columns);
            columns
                .map(|(x, (mean, deviation))| {
                    if *deviation > 0.0 {
                        (x - mean) / deviation
                    } else {
                        0.0
                    }
                })
                .collect()
        };
        rows.iter().map(standard).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_their_rank() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0, 3.0]), [4.0, 1.0, 4.0, 2.0, 4.0]);
        // Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / √(4.5 · 5).
        let found = spearman(&[10.0, 20.0, 20.0, 30.0], &[1.0, 2.0, 3.0, 4.0]).expect("both vary");
        assert!((found - 0.9_f64.sqrt()).abs() < 1e-15, "{found}");
        // One swap of neighbours among four: 1 − 6·2/(4·15).
        let found = spearman(&[1.0, 3.0, 2.0, 4.0], &[1.0, 2.0, 3.0, 4.0]).expect("both vary");
        assert!((found - 0.8).abs() < 1e-15, "{found}");
    }

    #[test]
    fn pearson_of_a_known_sample() {
        // Deviations −1, 0, 1 and −1, 1, 0: 1 / (√2 √2).
        let found = pearson(&[1.0, 2.0, 3.0], &[1.0, 3.0, 2.0]).expect("both vary");
        assert!((found - 0.5).abs() < 1e-15, "{found}");
        // The fourth power of a flux is still a number.
        let flux: Vec<f64> = (1..2000).map(|i| f64::from(i) * 1e20).collect();
        assert!(pearson(&flux, &flux).is_some_and(|r| (r - 1.0).abs() < 1e-12));
        assert_eq!(pearson(&[1.0], &[1.0]), None);
    }

    #[test]
    fn the_bootstrap_draws_regions() {
        let bootstrap = Bootstrap {
            resamples: 2000,
            seed: 1,
        };
        let mean = |values: &[f64], rows: &[usize]| {
            Some(rows.iter().map(|&row| values[row]).sum::<f64>() / rows.len() as f64)
        };
        // 100 regions of values 0, 1, 0, 1, …: the mean has deviation 0.05, so ±1.96 · 0.05 around 0.5.
        let alone: Vec<f64> = (0..100).map(|i| f64::from(i % 2)).collect();
        let regions: Vec<i64> = (0..100).collect();
        let (low, high) = bootstrap
            .interval(&regions, |rows| mean(&alone, rows))
            .expect("a hundred regions");
        // The quantiles of 2000 resamples scatter by about 0.005.
        assert!(
            (low - 0.402).abs() < 0.02 && (high - 0.598).abs() < 0.02,
            "{low} {high}"
        );
        // Every patch seen four times tells no more.
        let four: Vec<f64> = (0..400).map(|i| f64::from(i / 4 % 2)).collect();
        let of_four: Vec<i64> = (0..400).map(|i| i / 4).collect();
        let repeated = bootstrap.interval(&of_four, |rows| mean(&four, rows));
        assert_eq!(repeated, Some((low, high)));
        assert_eq!(bootstrap.interval(&[7, 7, 7], |_| Some(1.0)), None);
    }

    #[test]
    fn a_column_that_does_not_vary_is_zero() {
        let standard = Standard::of(&[vec![1.0, 5.0], vec![3.0, 5.0]]);
        assert_eq!(standard.apply(&[vec![4.0, 9.0]]), [[2.0, 0.0]]);
    }
}
