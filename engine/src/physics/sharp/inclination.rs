//! `MEANGAM [deg]`: mean inclination from the vertical, atan(Bh / |Bz|), where Bh ≥ 100 G and Bz ≠ 0.
//!
//! 0 is a vertical field, 90 a horizontal one. Pixels of weaker horizontal field are noise.

use super::{Measured, VectorField};

/// Horizontal field from which a pixel counts, G.
pub const MIN_HORIZONTAL_GAUSS: f64 = 100.0;

/// The mean inclination with its error.
pub fn mean_inclination(field: &VectorField<'_>) -> Measured {
    let (mut sum, mut variance, mut count) = (0.0, 0.0, 0.0);
    for &pixel in &field.mask {
        let ([_, _, bz], bh) = (field.at(pixel), field.horizontal(pixel));
        if bz == 0.0 || bh.is_nan() || bh < MIN_HORIZONTAL_GAUSS {
            continue;
        }
        sum += (bh / bz.abs()).atan();
        // d atan(h / z) = (z dh − h dz) / (z² + h²).
        let [_, _, ez] = field.error_at(pixel);
        variance +=
            (bz * bz * field.horizontal_variance(pixel) + bh * bh * ez * ez) / (bz * bz + bh * bh).powi(2);
        count += 1.0;
    }
    Measured {
        name: "meangam",
        value: (sum / count).to_degrees(),
        error: (f64::sqrt(variance) / count).to_degrees(),
    }
}
