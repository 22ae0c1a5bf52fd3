//! How a generator's latents are spread: their mean and covariance, and what follows from these for moving
//! about among them.
//!
//! The coordinates of w are correlated, so that neither the angle between two normals nor the length of a
//! step means anything in the Euclidean metric. Everything here is measured in the Mahalanobis metric of the
//! covariance C: a step of length 1 is one standard deviation of the population. The shortest step that
//! moves a linear score n·w is the pattern C n (Haufe et al. 2014, <https://doi.org/10.1016/j.neuroimage.2013.10.067>); with the
//! scores of the columns of M held it is C n − C M (Mᵀ C M)⁻¹ Mᵀ C n, the subspace projection of
//! Shen et al. (2020, <https://arxiv.org/abs/2005.09635>) taken in that metric.

use super::cholesky::Cholesky;

/// The least Mahalanobis length that a conditioned pattern may keep of its unconditioned one.
const LEAST_REMAINDER: f64 = 1e-3;

/// Part of the mean variance that is added to every variance, so that a coordinate that never changes (a
/// dead unit of the mapping network) leaves the covariance positive definite.
const FLOOR: f64 = 1e-6;

/// The mean and covariance of a generator's latents.
#[derive(Clone, Debug, PartialEq)]
pub struct Population {
    pub(super) mean: Vec<f64>,
    pub(super) covariance: Vec<f64>,
}

impl Population {
    /// The population that the points are drawn from. The points must be of one length and at least one.
    pub(crate) fn of(points: &[&[f32]]) -> Self {
        let (count, dim) = (points.len() as f64, points[0].len());
        let mut mean = vec![0.0; dim];
        for point in points {
            for (m, &x) in mean.iter_mut().zip(*point) {
                *m += f64::from(x);
            }
        }
        for m in &mut mean {
            *m /= count;
        }

        let mut covariance = vec![0.0; dim * dim];
        let mut centred = vec![0.0; dim];
        for point in points {
            for (c, (&x, m)) in centred.iter_mut().zip(point.iter().zip(&mean)) {
                *c = f64::from(x) - m;
            }
            for (row, &a) in covariance.chunks_exact_mut(dim).zip(&centred) {
                for (cell, b) in row.iter_mut().zip(&centred) {
                    *cell += a * b;
                }
            }
        }
        for c in &mut covariance {
            *c /= count;
        }
        let floor = FLOOR * (0..dim).map(|i| covariance[i * dim + i]).sum::<f64>() / dim as f64;
        for i in 0..dim {
            covariance[i * dim + i] += floor.max(f64::MIN_POSITIVE);
        }
        Self { mean, covariance }
    }

    /// The number of coordinates of a latent.
    pub fn dim(&self) -> usize {
        self.mean.len()
    }

    /// The mean latent.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The Mahalanobis distance of two points: how many standard deviations lie between them.
    pub fn distance(&self, a: &[f32], b: &[f32]) -> f64 {
        let step: Vec<f64> = a
            .iter()
            .zip(b)
            .map(|(&x, &y)| f64::from(y) - f64::from(x))
            .collect();
        let whitened = Cholesky::new(&self.covariance, self.dim()).map(|factor| factor.whiten(&step));
        whitened.map_or(f64::NAN, |step| dot(&step, &step).sqrt())
    }

    /// A square root R of the covariance, C = R Rᵀ, row by row: points are mean + R u with u of unit covariance.
    pub(crate) fn root(&self) -> Vec<f64> {
        // A floor on the variances keeps the covariance positive definite.
        Cholesky::new(&self.covariance, self.dim()).map_or_else(Vec::new, |factor| factor.lower().to_vec())
    }

    /// The u of a point.
    pub(crate) fn whitened(&self, point: &[f32]) -> Vec<f64> {
        let centred = point.iter().zip(&self.mean).map(|(&x, mean)| f64::from(x) - mean);
        let centred: Vec<f64> = centred.collect();
        Cholesky::new(&self.covariance, self.dim()).map_or_else(Vec::new, |factor| factor.whiten(&centred))
    }

    /// The point of a u.
    pub(crate) fn at(&self, whitened: &[f64]) -> Vec<f32> {
        let root = self.root();
        let rows = root.chunks_exact(self.dim()).zip(&self.mean);
        rows.map(|(row, mean)| (mean + dot(row, whitened)) as f32)
            .collect()
    }

    /// The standard deviation of each coordinate.
    pub(crate) fn deviations(&self) -> Vec<f64> {
        (0..self.dim())
            .map(|i| self.covariance[i * self.dim() + i].sqrt())
            .collect()
    }

    /// The standard deviation of the score `normal`·w.
    pub(crate) fn spread(&self, normal: &[f64]) -> f64 {
        dot(normal, &self.times(normal)).sqrt()
    }

    /// The step of unit Mahalanobis length that changes the score of `normal` most while the scores of
    /// `held` stay as they are; none if those leave it nothing to change.
    pub(crate) fn pattern(&self, normal: &[f64], held: &[&[f64]]) -> Option<Vec<f64>> {
        let spread = self.spread(normal);
        let mut step = self.times(normal);
        let mut scores = normal.to_vec();
        if !held.is_empty() {
            let patterns: Vec<_> = held.iter().map(|m| self.times(m)).collect();
            let order = held.len();
            let mut gram = vec![0.0; order * order];
            for i in 0..order {
                for j in 0..order {
                    gram[i * order + j] = dot(held[i], &patterns[j]);
                }
                // Two quantities that are one and the same make the system singular without this.
                gram[i * order + i] *= 1.0 + 1e-9;
            }
            let right: Vec<_> = patterns.iter().map(|pattern| dot(normal, pattern)).collect();
            let factors = Cholesky::new(&gram, order)?.solve(&right);
            for ((pattern, normal), factor) in patterns.iter().zip(held).zip(factors) {
                add(&mut step, -factor, pattern);
                add(&mut scores, -factor, normal);
            }
        }
        // The step is C times the remaining normal, so this product is its squared Mahalanobis length.
        let length = dot(&scores, &step).max(0.0).sqrt();
        (length > LEAST_REMAINDER * spread).then(|| step.iter().map(|s| s / length).collect())
    }

    /// `count` steps that are of unit length and at right angles in the Mahalanobis metric: first the given
    /// steps as far as they are independent, then the principal axes of the population.
    pub(crate) fn axes(&self, first: &[Vec<f64>], count: usize) -> Vec<Vec<f64>> {
        let count = count.min(self.dim());
        let Some(factor) = Cholesky::new(&self.covariance, self.dim()) else {
            return Vec::new();
        };
        let mut axes: Vec<Vec<f64>> = Vec::with_capacity(count);
        let mut whitened: Vec<Vec<f64>> = Vec::with_capacity(count);
        for step in first.iter().chain(&self.principal_axes(count)) {
            if axes.len() == count {
                break;
            }
            let (mut step, mut white) = (step.clone(), factor.whiten(step));
            let before = dot(&white, &white).sqrt();
            for (axis, other) in axes.iter().zip(&whitened) {
                let overlap = dot(&white, other);
                add(&mut step, -overlap, axis);
                add(&mut white, -overlap, other);
            }
            let length = dot(&white, &white).sqrt();
            // A step that is nearly a mixture of the others would be mostly rounding after the projection.
            if length > 0.05 * before {
                for s in step.iter_mut().chain(&mut white) {
                    *s /= length;
                }
                axes.push(step);
                whitened.push(white);
            }
        }
        axes
    }

    /// The principal axes of largest variance, scaled to one standard deviation, by orthogonal iteration.
    fn principal_axes(&self, count: usize) -> Vec<Vec<f64>> {
        /// Enough for axes that are useful; the split between two of nearly equal variance is arbitrary.
        const ROUNDS: usize = 40;
        let dim = self.dim();
        let mut axes: Vec<Vec<f64>> = (0..count)
            .map(|j| (0..dim).map(|i| f64::from(u8::from(i % count == j))).collect())
            .collect();
        for _ in 0..ROUNDS {
            for k in 0..count {
                let mut axis = self.times(&axes[k]);
                for other in &axes[..k] {
                    let overlap = dot(&axis, other);
                    add(&mut axis, -overlap, other);
                }
                let length = dot(&axis, &axis).sqrt().max(f64::MIN_POSITIVE);
                for a in &mut axis {
                    *a /= length;
                }
                axes[k] = axis;
            }
        }
        for axis in &mut axes {
            let deviation = self.spread(axis);
            for a in axis {
                *a *= deviation;
            }
        }
        axes
    }

    /// C x.
    fn times(&self, x: &[f64]) -> Vec<f64> {
        self.covariance
            .chunks_exact(self.dim())
            .map(|row| dot(row, x))
            .collect()
    }
}

/// Σ aᵢ bᵢ.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// a += factor · b.
pub(crate) fn add(a: &mut [f64], factor: f64, b: &[f64]) {
    for (x, y) in a.iter_mut().zip(b) {
        *x += factor * y;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Exact in its entries; the tests below lose no more than a few roundings.
    const ROUNDING: f64 = 1e-12;

    fn correlated() -> Population {
        Population {
            mean: vec![0.0; 3],
            covariance: vec![4.0, 1.0, 0.0, 1.0, 2.0, 0.5, 0.0, 0.5, 1.0],
        }
    }

    #[test]
    fn the_pattern_is_one_standard_deviation_of_the_score() {
        let population = correlated();
        let normal = [1.0, -1.0, 0.5];
        let step = population.pattern(&normal, &[]).expect("nothing is held");
        assert!((dot(&normal, &step) - population.spread(&normal)).abs() < ROUNDING);
    }

    #[test]
    fn a_conditioned_pattern_leaves_the_held_scores_alone() {
        let population = correlated();
        let (normal, held) = ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]);
        let step = population
            .pattern(&normal, &[&held])
            .expect("the two scores differ");
        // The Gram matrix is loaded by one part in 1e9.
        assert!(dot(&held, &step).abs() < 1e-8);
        assert!(dot(&normal, &step) > 0.0);
        assert!(
            population.pattern(&normal, &[&normal]).is_none(),
            "nothing is left of a held score"
        );
    }

    #[test]
    fn axes_are_orthonormal_in_the_metric_of_the_population() {
        let population = correlated();
        let inverse = Cholesky::new(&population.covariance, 3).expect("positive definite");
        let axes = population.axes(&[vec![1.0, 1.0, 1.0]], 3);
        assert_eq!(axes.len(), 3);
        for (i, a) in axes.iter().enumerate() {
            for (j, b) in axes.iter().enumerate() {
                let product = dot(a, &inverse.solve(b));
                assert!(
                    (product - f64::from(u8::from(i == j))).abs() < ROUNDING,
                    "{i} {j} {product}"
                );
            }
        }
    }

    #[test]
    fn mean_and_covariance_of_four_points() {
        let points: [&[f32]; 4] = [&[1.0, 0.0], &[-1.0, 0.0], &[1.0, 2.0], &[-1.0, 2.0]];
        let population = Population::of(&points);
        assert_eq!(population.mean(), [0.0, 1.0]);
        // Both variances are 1, to the floor of 1e-6.
        assert!(population.deviations().iter().all(|d| (d - 1.0).abs() < 1e-6));
    }
}
