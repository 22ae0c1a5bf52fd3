//! Classifier two-sample test (Lopez-Paz & Oquab 2017): how often a classifier that has seen most rows of two samples
//! tells of the rest which sample they are from. One half says that it cannot tell them apart.
//!
//! The classifier is a logistic regression with a penalty of ½|w|², found by Newton's method; the accuracy is that of
//! five folds, and no region stands on both sides of a fold.

use super::statistics::Standard;
use crate::{directions::Cholesky, nn::Random};

const FOLDS: usize = 5;
/// Newton steps; a penalised regression converges in a handful.
const STEPS: usize = 25;
/// Rows of either sample that a test needs.
const FEWEST: usize = 10;

/// One sample: its rows and the group of each.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// Vectors of one length.
    pub vectors: &'a [Vec<f64>],
    /// Rows of one group stay in one fold.
    pub groups: &'a [i64],
}

/// The accuracy over five folds, with as many rows of the larger sample, drawn by the seed, as the smaller has; `None`
/// when a sample has fewer than ten rows.
pub fn accuracy(a: Rows<'_>, b: Rows<'_>, seed: u64) -> Option<f64> {
    let count = a.vectors.len().min(b.vectors.len());
    if count < FEWEST {
        return None;
    }
    let mut random = Random::new(seed, 0);
    let (mut vectors, mut folds, mut labels) = (Vec::new(), Vec::new(), Vec::new());
    for (sample, label) in [(a, 0.0), (b, 1.0)] {
        let chosen = drawn(sample.vectors.len(), count, &mut random);
        folds.extend(fold(&chosen, sample.groups, &mut random));
        labels.extend(std::iter::repeat_n(label, count));
        vectors.extend(chosen.into_iter().map(|row| sample.vectors[row].clone()));
    }
    let mut vectors = Standard::of(&vectors).apply(&vectors);
    for row in &mut vectors {
        row.push(1.0);
    }
    let mut right = 0;
    for held in 0..FOLDS {
        let (tested, seen): (Vec<usize>, Vec<usize>) =
            (0..vectors.len()).partition(|&row| folds[row] == held);
        let weights = logistic(&vectors, &labels, &seen)?;
        let is_right = |row: &&usize| (score(&weights, &vectors[**row]) > 0.0) == (labels[**row] > 0.5);
        right += tested.iter().filter(is_right).count();
    }
    Some(f64::from(u32::try_from(right).ok()?) / vectors.len() as f64)
}

/// `count` different numbers below `of`, in random order.
fn drawn(of: usize, count: usize, random: &mut Random) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..of).collect();
    for at in 0..count {
        rows.swap(at, at + random.index(of - at));
    }
    rows.truncate(count);
    rows
}

/// The fold of each row: the groups in random order, one after the other into the smallest fold.
fn fold(rows: &[usize], groups: &[i64], random: &mut Random) -> Vec<usize> {
    let mut names: Vec<i64> = rows.iter().map(|&row| groups[row]).collect();
    names.sort_unstable();
    names.dedup();
    let order = drawn(names.len(), names.len(), random);
    let mut sizes = [0; FOLDS];
    let mut of_group = vec![0; names.len()];
    for name in order {
        let smallest = (0..FOLDS).min_by_key(|&fold| sizes[fold]).unwrap_or(0);
        of_group[name] = smallest;
        sizes[smallest] += rows.iter().filter(|&&row| groups[row] == names[name]).count();
    }
    let place = |row: &usize| names.binary_search(&groups[*row]).unwrap_or(0);
    rows.iter().map(|row| of_group[place(row)]).collect()
}

fn score(weights: &[f64], row: &[f64]) -> f64 {
    weights.iter().zip(row).map(|(w, x)| w * x).sum()
}

/// The weights that minimise Σ ln(1 + exp(∓w·x)) + ½|w|² over these rows.
fn logistic(vectors: &[Vec<f64>], labels: &[f64], rows: &[usize]) -> Option<Vec<f64>> {
    let n = vectors.first()?.len();
    let mut weights = vec![0.0; n];
    for _ in 0..STEPS {
        let mut gradient = weights.clone();
        let mut hessian = vec![0.0; n * n];
        for i in 0..n {
            hessian[i * n + i] = 1.0;
        }
        for &row in rows {
            let x = &vectors[row];
            let p = 1.0 / (1.0 + (-score(&weights, x)).exp());
            for i in 0..n {
                gradient[i] += (p - labels[row]) * x[i];
                let scale = p * (1.0 - p) * x[i];
                for (h, xj) in hessian[i * n..=i * n + i].iter_mut().zip(x) {
                    *h += scale * xj;
                }
            }
        }
        let step = Cholesky::new(&hessian, n)?.solve(&gradient);
        let length = step.iter().map(|s| s * s).sum::<f64>().sqrt();
        // A full step may overshoot where the classes are far apart; a bounded one does not.
        let scale = 1.0 / length.max(1.0);
        for (w, s) in weights.iter_mut().zip(&step) {
            *w -= scale * s;
        }
        if length < 1e-8 {
            break;
        }
    }
    Some(weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cloud(count: usize, dim: usize, centre: f32, stream: u64) -> Vec<Vec<f64>> {
        let mut random = Random::new(5, stream);
        let row = |random: &mut Random| (0..dim).map(|_| f64::from(random.normal() + centre)).collect();
        (0..count).map(|_| row(&mut random)).collect()
    }

    fn found(a: &[Vec<f64>], b: &[Vec<f64>]) -> Option<f64> {
        let groups = |rows: &[Vec<f64>]| (0..rows.len() as i64).collect::<Vec<_>>();
        let (of_a, of_b) = (groups(a), groups(b));
        let rows = |vectors, groups| Rows { vectors, groups };
        accuracy(rows(a, &of_a), rows(b, &of_b), 1)
    }

    #[test]
    fn one_distribution_cannot_be_told_from_itself() {
        // 800 tosses of a coin have a deviation of 0.018.
        let same = found(&cloud(400, 6, 0.0, 0), &cloud(900, 6, 0.0, 1)).expect("enough rows");
        assert!((same - 0.5).abs() < 0.06, "{same}");
    }

    #[test]
    fn distributions_apart_are_told() {
        assert_eq!(found(&cloud(100, 6, 0.0, 0), &cloud(100, 6, 20.0, 1)), Some(1.0));
        // Means 1 apart in one dimension: the best threshold is right with Φ(0.5) = 0.69.
        let near = found(&cloud(2000, 1, 0.0, 0), &cloud(2000, 1, 1.0, 1)).expect("enough rows");
        assert!((near - 0.691).abs() < 0.03, "{near}");
        assert_eq!(found(&cloud(9, 2, 0.0, 0), &cloud(100, 2, 0.0, 1)), None);
    }

    #[test]
    fn rows_of_a_group_share_their_fold() {
        let groups: Vec<i64> = (0..60).map(|row| row / 4).collect();
        let rows: Vec<usize> = (0..60).collect();
        let folds = fold(&rows, &groups, &mut Random::new(1, 0));
        assert!(
            folds
                .chunks(4)
                .all(|group| group.iter().all(|fold| *fold == group[0]))
        );
        assert!((0..FOLDS).all(|fold| folds.iter().filter(|f| **f == fold).count() == 12));
    }
}
