//! Eigenvalues and eigenvectors of a symmetric matrix by Jacobi's rotations, cyclic by rows (Golub & Van Loan 2013,
//! §8.5), in double precision.
//!
//! The matrices here are covariances of embeddings, about a hundred rows: a dozen sweeps, and an order of
//! operations that is always the same.

/// Sweeps after which even a hostile matrix has converged.
const MOST_SWEEPS: usize = 64;

/// Eigenvalues, the largest first, and the eigenvector of each.
#[derive(Debug, Clone)]
pub(super) struct Eigen {
    pub(super) values: Vec<f64>,
    pub(super) vectors: Vec<Vec<f64>>,
}

impl Eigen {
    /// Of a row-major `order` × `order` matrix that is symmetric.
    pub(super) fn of(matrix: &[f64], order: usize) -> Self {
        let n = order;
        let mut a = matrix.to_vec();
        // Row i becomes eigenvector i.
        let mut v = vec![0.0; n * n];
        for i in 0..n {
            v[i * n + i] = 1.0;
        }
        let size: f64 = a.iter().map(|x| x * x).sum();
        for _ in 0..MOST_SWEEPS {
            let off: f64 = (0..n * n).filter(|i| i / n != i % n).map(|i| a[i] * a[i]).sum();
            // Rounding alone leaves this much off the diagonal.
            if off <= size * f64::EPSILON * f64::EPSILON {
                break;
            }
            for p in 0..n {
                for q in p + 1..n {
                    rotate(&mut a, &mut v, n, p, q);
                }
            }
        }
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&i, &j| a[j * n + j].total_cmp(&a[i * n + i]));
        Self {
            values: order.iter().map(|&i| a[i * n + i]).collect(),
            vectors: order.iter().map(|&i| v[i * n..(i + 1) * n].to_vec()).collect(),
        }
    }

    /// The symmetric root of a covariance: Σ √λ v vᵀ, an eigenvalue that rounding made negative counting as 0.
    pub(super) fn root(&self) -> Vec<f64> {
        let n = self.values.len();
        let mut root = vec![0.0; n * n];
        for (value, vector) in self.values.iter().zip(&self.vectors) {
            let scale = value.max(0.0).sqrt();
            for (row, x) in root.chunks_exact_mut(n).zip(vector) {
                for (out, y) in row.iter_mut().zip(vector) {
                    *out += scale * x * y;
                }
            }
        }
        root
    }
}

/// The rotation in the plane of `p` and `q` that makes a[p, q] zero.
fn rotate(a: &mut [f64], v: &mut [f64], n: usize, p: usize, q: usize) {
    let apq = a[p * n + q];
    if apq == 0.0 {
        return;
    }
    let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * apq);
    let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let c = 1.0 / t.hypot(1.0);
    let s = t * c;
    let turn = |values: &mut [f64], i: usize, j: usize| {
        let (x, y) = (values[i], values[j]);
        values[i] = c * x - s * y;
        values[j] = s * x + c * y;
    };
    for k in 0..n {
        turn(a, k * n + p, k * n + q);
    }
    for k in 0..n {
        turn(a, p * n + k, q * n + k);
        turn(v, p * n + k, q * n + k);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::Random;

    #[test]
    fn a_matrix_that_can_be_done_by_hand() {
        // 2 and 1 coupled by √2 / 2 … : [[2, 1], [1, 2]] has 3 along (1, 1) and 1 along (1, −1).
        let eigen = Eigen::of(&[2.0, 1.0, 1.0, 2.0], 2);
        assert!((eigen.values[0] - 3.0).abs() < 1e-15 && (eigen.values[1] - 1.0).abs() < 1e-15);
        let first = &eigen.vectors[0];
        assert!((first[0] - first[1]).abs() < 1e-15, "{first:?}");
        assert_eq!(Eigen::of(&[4.0, 0.0, 0.0, 9.0], 2).root(), [2.0, 0.0, 0.0, 3.0]);
        assert!(Eigen::of(&[], 0).values.is_empty());
    }

    #[test]
    fn eigenvectors_make_the_matrix_again() {
        let n = 72;
        let mut random = Random::new(1, 0);
        let rows: Vec<f64> = random.normals(n * n).into_iter().map(f64::from).collect();
        let symmetric: Vec<f64> = (0..n * n).map(|i| rows[i] + rows[i % n * n + i / n]).collect();
        let eigen = Eigen::of(&symmetric, n);
        for i in 0..n {
            for j in 0..n {
                let again: f64 = (0..n)
                    .map(|k| eigen.values[k] * eigen.vectors[k][i] * eigen.vectors[k][j])
                    .sum();
                // Some thousand roundings of numbers of up to 20.
                assert!((again - symmetric[i * n + j]).abs() < 1e-11, "{i} {j}: {again}");
            }
        }
    }
}
