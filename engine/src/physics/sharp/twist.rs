//! `MEANALP [1/Mm]`: the twist α of ∇ × B = α B, Σ Jz Bz / Σ Bz², which is its mean weighted by Bz².
//!
//! Its error follows from dα = Σ (Bz dJz + (Jz − 2 α Bz) dBz) / Σ Bz².

use super::current::Current;
use super::{Measured, PixelScale, VectorField};

/// The mean twist with its error.
pub fn mean_twist(field: &VectorField<'_>, current: &Current, scale: PixelScale) -> Measured {
    let pixels = || {
        let values = field.mask.iter().zip(&current.curl).zip(&current.variance);
        values
            .map(|((&pixel, &curl), &variance)| (pixel, f64::from(field.br[pixel]), curl, variance))
            .filter(|&(_, bz, curl, _)| bz != 0.0 && curl != 0.0 && !curl.is_nan())
    };
    let (helicity, square) = pixels().fold((0.0, 0.0), |(helicity, square), (_, bz, curl, _)| {
        (helicity + curl * bz, square + bz * bz)
    });
    let alpha = helicity / square;
    let variance: f64 = pixels()
        .map(|(pixel, bz, curl, variance)| {
            let [_, _, error] = field.error_at(pixel);
            bz * bz * variance + ((curl - 2.0 * bz * alpha) * error).powi(2)
        })
        .sum();
    Measured {
        name: "meanalp",
        value: alpha / scale.side_mm,
        error: variance.sqrt() / square / scale.side_mm,
    }
}
