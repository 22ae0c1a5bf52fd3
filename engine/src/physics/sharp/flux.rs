//! `USFLUX [Mx]` = Σ |Bz| dA, its error √(Σ σ²) dA, and `CMASK [pixels]`, the number of pixels that count.

use super::{Measured, PixelScale};

/// Flux and mask of the radial field.
pub fn flux(br: &[f32], br_err: Option<&[f32]>, mask: &[usize], scale: PixelScale) -> [Measured; 2] {
    let sum: f64 = mask.iter().map(|&pixel| f64::from(br[pixel].abs())).sum();
    let variance = br_err.map_or(f64::NAN, |errors| {
        mask.iter().map(|&pixel| f64::from(errors[pixel]).powi(2)).sum()
    });
    [
        Measured {
            name: "usflux",
            value: sum * scale.area_cm2,
            error: variance.sqrt() * scale.area_cm2,
        },
        Measured::exact("cmask", mask.len() as f64),
    ]
}
