//! Power spectra of drawn and real patches: the mean difference over all scales, and the excess at the Nyquist points,
//! where transposed convolutions leave their checkerboard.

use crate::{patch::Patch, physics::spectrum::Spectrum};

/// The mean of |Δ log₁₀ P| over rings, and the signed Δ log₁₀ P of the Nyquist point where it is largest, in dex.
pub(super) fn differences(drawn: &[Patch], real: &[Patch]) -> Option<(f64, f64)> {
    let (drawn, real) = (Spectrum::mean(drawn)?, Spectrum::mean(real)?);
    let (mean, _) = drawn.distance_dex(&real);
    let points = drawn.nyquist().into_iter().zip(real.nyquist());
    let excess = points.map(|(a, b)| (a / b).log10()).filter(|dex| dex.is_finite());
    let largest = excess.max_by(|a, b| a.abs().total_cmp(&b.abs()))?;
    Some((mean, largest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patch::{Error, Grid};

    #[test]
    fn a_weaker_checkerboard_has_less_than_no_excess() -> Result<(), Error> {
        let grid = Grid {
            height: 4,
            width: 4,
            cell_mm: 1.0,
        };
        // A checkerboard beside fields that have power at every other point.
        let patch = |amplitude: f32| {
            let board = |i: usize| {
                if (i / 4 + i).is_multiple_of(2) {
                    amplitude
                } else {
                    -amplitude
                }
            };
            Patch::new(
                grid,
                (0..16)
                    .map(|i| board(i) + if i == 0 { 16.0 } else { 0.0 })
                    .collect(),
            )
        };
        // A spike of 16 G has power 16 everywhere; a board of ±a adds to the corner: (16 + 16 a)² / 16.
        let (_, excess) = differences(&[patch(0.0)?], &[patch(9.0)?]).expect("two spectra");
        assert!((excess + 2.0).abs() < 1e-9, "{excess}");
        let (mean, excess) = differences(&[patch(3.0)?], &[patch(3.0)?]).expect("two spectra");
        assert_eq!((mean, excess), (0.0, 0.0));
        Ok(())
    }
}
