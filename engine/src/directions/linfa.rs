//! The linear support vector machine of `linfa-svm` (sequential minimal optimisation), `method = 'linfa'`.
//!
//! It solves the same problem as [`super::svm`] by a general kernel method, and is here to check that one:
//! it takes minutes where dual coordinate descent takes milliseconds.

use linfa::{Dataset, traits::Fit};
use linfa_svm::Svm;
use ndarray::{Array1, Array2};

use super::{DirectionsError, fit::Separator};

/// The largest violation of the optimality conditions that is left.
const TOLERANCE: f64 = 1e-3;

/// Separates `rows` (each with its side) by the hyperplane of the widest soft margin.
pub(super) fn train(rows: &[Vec<f64>], sides: &[bool], cost: f64) -> Result<Separator, DirectionsError> {
    let dim = rows.first().map_or(0, Vec::len);
    let points = Array2::from_shape_fn((rows.len(), dim), |(i, j)| rows[i][j]);
    let data = Dataset::new(points, Array1::from(sides.to_vec()));
    let machine = Svm::<f64, bool>::params()
        .linear_kernel()
        .pos_neg_weights(cost, cost)
        .eps(TOLERANCE)
        .fit(&data)
        .map_err(|error| DirectionsError::Separator {
            reason: error.to_string(),
        })?;
    // The crate keeps its hyperplane private; the score of each unit vector is one coordinate of the normal.
    let normal = (0..dim)
        .map(|j| machine.weighted_sum(&Array1::from_shape_fn(dim, |i| f64::from(u8::from(i == j)))))
        .collect();
    Ok(Separator {
        normal,
        offset: -machine.rho,
    })
}
