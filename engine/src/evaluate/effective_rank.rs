//! Effective rank: exp(−Σ p ln p) of the shares p that the principal axes have in the variance (after Roy &
//! Vetterli 2007, on eigenvalues of the covariance): how many directions an encoder really uses.

use super::{eigen::Eigen, frechet::moments};

/// The effective rank of rows; `None` where nothing varies.
///
/// # Examples
/// ```
/// use helioql::evaluate::effective_rank::effective_rank;
/// // Two axes of equal variance and one of none.
/// let rows = [vec![1.0, 0.0, 7.0], vec![-1.0, 0.0, 7.0], vec![0.0, 1.0, 7.0], vec![0.0, -1.0, 7.0]];
/// let rank = effective_rank(&rows).expect("they vary");
/// assert!((rank - 2.0).abs() < 1e-12);
/// ```
pub fn effective_rank(rows: &[Vec<f64>]) -> Option<f64> {
    let order = rows.first()?.len();
    let (_, covariance) = moments(rows);
    let values = Eigen::of(&covariance, order).values;
    let total: f64 = values.iter().map(|v| v.max(0.0)).sum();
    if total <= 0.0 {
        return None;
    }
    let shares = values.iter().map(|v| v.max(0.0) / total).filter(|p| *p > 0.0);
    Some(shares.map(|p| -p * p.ln()).sum::<f64>().exp())
}
