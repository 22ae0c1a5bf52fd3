//! Fréchet distance of two samples, each taken for a Gaussian:
//! |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁^½ Σ₂ Σ₁^½)^½) (Dowson & Landau 1982; of embeddings, Heusel et al. 2017).
//!
//! It is biased upwards by small samples, the more the longer the vectors are, so that it says something only beside
//! the distance of two real samples of like sizes.

use super::eigen::Eigen;

/// The distance; `None` unless both have at least two rows of one length.
///
/// # Examples
/// ```
/// use helioql::evaluate::frechet::frechet;
/// // Means 0 and 3, variances 1 and 4: 3² + 1 + 4 − 2 · √4.
/// let (a, b) = ([vec![-1.0], vec![1.0]], [vec![1.0], vec![5.0]]);
/// assert_eq!(frechet(&a, &b), Some(10.0));
/// ```
pub fn frechet(a: &[Vec<f64>], b: &[Vec<f64>]) -> Option<f64> {
    let n = a.first()?.len();
    if a.len() < 2 || b.len() < 2 || b[0].len() != n {
        return None;
    }
    let ((mean_a, a), (mean_b, b)) = (moments(a), moments(b));
    let apart: f64 = mean_a.iter().zip(&mean_b).map(|(a, b)| (a - b).powi(2)).sum();
    let trace = |m: &[f64]| (0..n).map(|i| m[i * n + i]).sum::<f64>();
    let root = Eigen::of(&a, n).root();
    let middle = product(&product(&root, &b, n), &root, n);
    let both: f64 = Eigen::of(&middle, n)
        .values
        .iter()
        .map(|v| v.max(0.0).sqrt())
        .sum();
    Some(apart + trace(&a) + trace(&b) - 2.0 * both)
}

/// Mean and covariance (with the factor 1/n) of rows.
pub(super) fn moments(rows: &[Vec<f64>]) -> (Vec<f64>, Vec<f64>) {
    let n = rows.first().map_or(0, Vec::len);
    let count = rows.len().max(1) as f64;
    let mean: Vec<f64> = (0..n)
        .map(|j| rows.iter().map(|row| row[j]).sum::<f64>() / count)
        .collect();
    let mut covariance = vec![0.0; n * n];
    for row in rows {
        let centred: Vec<f64> = row.iter().zip(&mean).map(|(x, m)| x - m).collect();
        for (out, x) in covariance.chunks_exact_mut(n.max(1)).zip(&centred) {
            for (out, y) in out.iter_mut().zip(&centred) {
                *out += x * y / count;
            }
        }
    }
    (mean, covariance)
}

/// The product of two row-major n × n matrices.
fn product(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
    let mut out = vec![0.0; n * n];
    for i in 0..n {
        for k in 0..n {
            for j in 0..n {
                out[i * n + j] += a[i * n + k] * b[k * n + j];
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Corners of a box around a centre: its mean is the centre, its covariance is diagonal with the squared sides.
    fn corners(centre: [f64; 2], sides: [f64; 2]) -> Vec<Vec<f64>> {
        let sign = |k: usize| if k == 0 { -1.0 } else { 1.0 };
        (0..4)
            .map(|k| {
                vec![
                    centre[0] + sign(k / 2) * sides[0],
                    centre[1] + sign(k % 2) * sides[1],
                ]
            })
            .collect()
    }

    #[test]
    fn boxes_have_a_closed_form() {
        // (3 − 0)² + 0 + (1 − 2)² + (5 − 1)², the covariances being diagonal.
        let found = frechet(&corners([0.0, 1.0], [1.0, 5.0]), &corners([3.0, 1.0], [2.0, 1.0]));
        assert!(found.is_some_and(|d| (d - 26.0).abs() < 1e-12), "{found:?}");
        let same = corners([2.0, -1.0], [3.0, 4.0]);
        assert!(frechet(&same, &same).is_some_and(|d| d.abs() < 1e-12));
    }

    #[test]
    fn a_turned_sample_has_the_distance_of_its_covariances() {
        // Covariances [[2, 1], [1, 2]] and [[2, −1], [−1, 2]] commute: eigenvalues 3, 1 against 1, 3.
        let turn = |sign: f64| {
            let long = 3.0_f64.sqrt();
            let points = [(long, 1.0), (long, -1.0), (-long, 1.0), (-long, -1.0)];
            points
                .map(|(u, v)| vec![(u + v) / 2.0_f64.sqrt(), sign * (u - v) / 2.0_f64.sqrt()])
                .to_vec()
        };
        let expected = 2.0 * (3.0_f64.sqrt() - 1.0).powi(2);
        let found = frechet(&turn(1.0), &turn(-1.0)).expect("four rows each");
        assert!((found - expected).abs() < 1e-12, "{found}, expected {expected}");
        assert_eq!(frechet(&[vec![1.0]], &turn(1.0)), None);
    }
}
