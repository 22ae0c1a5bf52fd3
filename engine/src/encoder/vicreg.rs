//! The loss of `VICReg` (Bardes, Ponce & Le Cun 2022, arXiv:2105.04906): two views of one region should project to one
//! point (invariance), while every coordinate keeps its spread (variance) and no two coordinates say the
//! same (covariance). The last two stand against collapse, to which siamese losses without them tend on a
//! few thousand patches.
//!
//! L = 25 · mean |a − b|² + 25 · ½ Σ over views of mean max(0, 1 − σⱼ) + Σ over views of Σ_{i≠j} c²ᵢⱼ / d.

use candle_core::{D, Tensor};

use crate::nn::Result;

const INVARIANCE: f64 = 25.0;
const VARIANCE: f64 = 25.0;
const EPSILON: f64 = 1e-4;

/// The loss and its parts.
pub(super) struct Loss {
    pub(super) total: Tensor,
    pub(super) parts: [(&'static str, f64); 3],
}

/// The loss of two batches of projections (n, d).
pub(super) fn loss(a: &Tensor, b: &Tensor) -> Result<Loss> {
    let invariance = (a - b)?.sqr()?.mean_all()?;
    let (variance_a, covariance_a) = spread(a)?;
    let (variance_b, covariance_b) = spread(b)?;
    let variance = ((variance_a + variance_b)? * 0.5)?;
    let covariance = (covariance_a + covariance_b)?;
    let parts = [
        ("invariance", &invariance),
        ("variance", &variance),
        ("covariance", &covariance),
    ];
    let parts = parts
        .map(|(name, part)| part.to_scalar::<f32>().map(|value| (name, f64::from(value))))
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?;
    let total = (((invariance * INVARIANCE)? + (variance * VARIANCE)?)? + covariance)?;
    Ok(Loss {
        total,
        parts: [parts[0], parts[1], parts[2]],
    })
}

/// The variance and covariance terms of one view.
fn spread(x: &Tensor) -> Result<(Tensor, Tensor)> {
    let (n, d) = x.dims2()?;
    let centred = x.broadcast_sub(&x.mean_keepdim(0)?)?;
    let covariance = (centred.t()?.contiguous()?.matmul(&centred)? / (n as f64 - 1.0))?;
    let squares = (centred.sqr()?.sum(0)? / (n as f64 - 1.0))?;
    let deviations = squares.affine(1.0, EPSILON)?.sqrt()?;
    let hinge = deviations.affine(-1.0, 1.0)?.relu()?.mean_all()?;
    // The diagonal holds the variances, which are not to vanish.
    let off_diagonal = (covariance.sqr()?.sum_all()? - squares.sqr()?.sum(D::Minus1)?)?;
    Ok((hinge, (off_diagonal / d as f64)?))
}

/// The number of coordinates that a batch of features (n, d) really uses: (tr C)²/tr C², d for independent
/// coordinates of equal spread and 1 for a collapse to a line.
pub(super) fn effective_rank(features: &Tensor) -> Result<f64> {
    let centred = features.broadcast_sub(&features.mean_keepdim(0)?)?;
    let covariance = centred.t()?.contiguous()?.matmul(&centred)?;
    let trace = f64::from(centred.sqr()?.sum_all()?.to_scalar::<f32>()?);
    let squares = f64::from(covariance.sqr()?.sum_all()?.to_scalar::<f32>()?);
    Ok(trace * trace / squares.max(f64::MIN_POSITIVE))
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    /// Sums of a few numbers near one in single precision.
    const ROUNDING: f64 = 1e-5;

    #[test]
    fn independent_coordinates_of_unit_spread_cost_nothing() -> Result<()> {
        let x = Tensor::new(
            &[[1f32, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]],
            &Device::Cpu,
        )?;
        // Unit sample variance times 4/3, so that the hinge is at rest.
        assert!(f64::from(loss(&x, &x)?.total.to_scalar::<f32>()?).abs() < ROUNDING);
        assert!((effective_rank(&x)? - 2.0).abs() < ROUNDING);
        Ok(())
    }

    #[test]
    fn a_collapse_is_seen_by_every_term_that_should() -> Result<()> {
        let line = Tensor::new(&[[1f32, 1.0], [-1.0, -1.0]], &Device::Cpu)?;
        // Variances 2, covariance 2: off the diagonal 2·2²/2 a view.
        let parts = loss(&line, &line)?.parts;
        assert!((parts[2].1 - 8.0).abs() < ROUNDING, "{parts:?}");
        assert!((effective_rank(&line)? - 1.0).abs() < ROUNDING);
        let point = Tensor::zeros((4, 2), candle_core::DType::F32, &Device::Cpu)?;
        // 1 − √ε of the hinge is left.
        assert!((loss(&point, &point)?.parts[1].1 - 0.99).abs() < ROUNDING);
        Ok(())
    }
}
