//! Symmetric positive-definite systems by Cholesky's decomposition, A = L Lᵀ, in double precision.
//!
//! Ridge regression, conditioning and the target solver all come down to one small system (at most the size
//! of a latent). They share this one solver, whose order of operations is fixed, so that results are the
//! same bits everywhere.

/// The lower factor of a positive-definite matrix.
#[derive(Clone, Debug)]
pub(crate) struct Cholesky {
    order: usize,
    lower: Vec<f64>,
}

impl Cholesky {
    /// Factors a row-major `order` × `order` matrix, of which only the lower triangle is read; none if it is
    /// not positive definite.
    pub(crate) fn new(matrix: &[f64], order: usize) -> Option<Self> {
        let mut lower = matrix.to_vec();
        for i in 0..order {
            for j in 0..=i {
                let dot: f64 = (0..j).map(|k| lower[i * order + k] * lower[j * order + k]).sum();
                let rest = matrix[i * order + j] - dot;
                lower[i * order + j] = if i != j {
                    rest / lower[j * order + j]
                } else if rest > 0.0 {
                    rest.sqrt()
                } else {
                    return None;
                };
            }
            lower[i * order + i + 1..(i + 1) * order].fill(0.0);
        }
        Some(Self { order, lower })
    }

    /// L, row by row, with zeros above its diagonal.
    pub(crate) fn lower(&self) -> &[f64] {
        &self.lower
    }

    /// The solution x of A x = b.
    pub(crate) fn solve(&self, b: &[f64]) -> Vec<f64> {
        let n = self.order;
        let mut x = self.whiten(b);
        for i in (0..n).rev() {
            let dot: f64 = (i + 1..n).map(|k| self.lower[k * n + i] * x[k]).sum();
            x[i] = (x[i] - dot) / self.lower[i * n + i];
        }
        x
    }

    /// L⁻¹ b: coordinates in which A is the unit matrix.
    pub(crate) fn whiten(&self, b: &[f64]) -> Vec<f64> {
        let n = self.order;
        let mut x = b.to_vec();
        for i in 0..n {
            let dot: f64 = (0..i).map(|k| self.lower[i * n + k] * x[k]).sum();
            x[i] = (x[i] - dot) / self.lower[i * n + i];
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_worked_by_hand() {
        // 4x + 2y = 10 and 2x + 3y = 9 have the solution x = 1.5, y = 2.
        let factor = Cholesky::new(&[4.0, 2.0, 2.0, 3.0], 2).expect("positive definite");
        let x = factor.solve(&[10.0, 9.0]);
        // Two roundings of numbers near one.
        assert!((x[0] - 1.5).abs() < 1e-14 && (x[1] - 2.0).abs() < 1e-14, "{x:?}");
    }

    #[test]
    fn an_indefinite_matrix_is_refused() {
        assert!(Cholesky::new(&[1.0, 2.0, 2.0, 1.0], 2).is_none());
    }
}
