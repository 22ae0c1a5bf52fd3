//! A contrast beside `vicreg.rs`, which knows pairs alone: of all views in a batch, those of one region should
//! point the same way, and any other way than those of other regions (Khosla et al. 2020, arXiv:2004.11362).
//!
//! With s the cosine of two projections over τ, and P(i) the views of the region of view i:
//! `L = mean over i of −1/|P(i)| Σ_{p ∈ P(i)} ln (exp s_ip / Σ_{k ≠ i} exp s_ik)`.

use candle_core::{Device, Tensor};

use crate::nn::Result;

/// Scale τ of the cosines: small enough that the nearest strangers count most.
const TEMPERATURE: f64 = 0.2;

/// Takes a view out of its own sum.
const OUT: f32 = -1e9;

/// The loss of projections (n, d), where `alike` tells whether two of them are of one region.
pub(super) fn loss(projected: &Tensor, alike: impl Fn(usize, usize) -> bool) -> Result<Tensor> {
    let (n, _) = projected.dims2()?;
    let length = projected.sqr()?.sum_keepdim(1)?.affine(1.0, 1e-6)?.sqrt()?;
    let unit = projected.broadcast_div(&length)?;
    let cosines = unit.matmul(&unit.t()?.contiguous()?)?;

    let (mut own, mut shares) = (vec![0.0; n * n], vec![0.0; n * n]);
    for i in 0..n {
        own[i * n + i] = OUT;
        let fellows: Vec<usize> = (0..n).filter(|&j| j != i && alike(i, j)).collect();
        for &j in &fellows {
            shares[i * n + j] = 1.0 / (n * fellows.len()) as f32;
        }
    }
    let own = Tensor::from_vec(own, (n, n), &Device::Cpu)?;
    let shares = Tensor::from_vec(shares, (n, n), &Device::Cpu)?;

    let similar = ((cosines / TEMPERATURE)? + own)?;
    // The largest is taken out of the exponentials, which keeps them finite.
    let similar = similar.broadcast_sub(&similar.max_keepdim(1)?.detach())?;
    let total = similar.exp()?.sum_keepdim(1)?.log()?;
    let surprise = (similar.broadcast_sub(&total)? * shares)?.sum_all()?;
    Ok(surprise.neg()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The loss of four views in a plane, two regions of two.
    fn of_two_regions(views: [[f32; 2]; 4]) -> Result<f32> {
        let views = Tensor::new(&views, &Device::Cpu)?;
        Ok(loss(&views, |i, j| i / 2 == j / 2)?.to_scalar()?)
    }

    #[test]
    fn regions_at_right_angles_by_hand() -> Result<()> {
        // A fellow has s = 5, the two strangers 0: ln(e⁵ + 2) − 5, whatever the lengths.
        let expected = ((5.0f32).exp() + 2.0).ln() - 5.0;
        let found = of_two_regions([[1.0, 0.0], [3.0, 0.0], [0.0, 1.0], [0.0, 0.5]])?;
        // The length of 0.5 has a millionth added to its square.
        assert!((found - expected).abs() < 1e-4, "{found}, expected {expected}");
        Ok(())
    }

    #[test]
    fn opposite_regions_cost_less_and_mixed_ones_more() -> Result<()> {
        let apart = of_two_regions([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [-1.0, 0.0]])?;
        let right = of_two_regions([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])?;
        let mixed = of_two_regions([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])?;
        assert!(apart < right && right < mixed, "{apart} {right} {mixed}");
        Ok(())
    }

    #[test]
    fn a_view_without_fellows_costs_nothing() -> Result<()> {
        let views = Tensor::new(&[[1.0f32, 0.0], [0.0, 1.0]], &Device::Cpu)?;
        let found: f32 = loss(&views, |_, _| false)?.to_scalar()?;
        assert!(found.abs() < f32::MIN_POSITIVE, "{found}");
        Ok(())
    }
}
