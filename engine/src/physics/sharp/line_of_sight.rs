//! Keywords of the field along the line of sight, where `bitmap` ≥ 30: `USFLUXL [Mx]` = Σ |B| dA,
//! `MEANGBL [G/pixel]`, its mean horizontal gradient, and `CMASKL`, the number of pixels.
//!
//! JSOC's habit, kept: unlike the gradients of the vector field, that of the line of sight leaves out no pixel
//! whose derivatives cancel. (The reference implementation in Python leaves out those where both vanish, which
//! makes 1e-5 to 7e-5 of difference; headers agree with what is here to 4e-8.)

use super::field::is_inside;
use super::{MIN_BITMAP, Measured, PixelScale};

/// The three keywords. The error of the field is not known pixel by pixel, so they have none.
pub fn keywords(
    los: &[f32],
    bitmap: &[f32],
    width: usize,
    height: usize,
    scale: PixelScale,
) -> [Measured; 3] {
    let (mut flux, mut count, mut gradient, mut inside) = (0.0, 0.0, 0.0, 0.0);
    for (pixel, (&b, &bits)) in los.iter().zip(bitmap).enumerate() {
        if bits.is_nan() || bits < MIN_BITMAP || b.is_nan() {
            continue;
        }
        flux += f64::from(b.abs());
        count += 1.0;
        if !is_inside(pixel, width, height) {
            continue;
        }
        let along_x = 0.5 * f64::from(los[pixel + 1] - los[pixel - 1]);
        let along_y = 0.5 * f64::from(los[pixel + width] - los[pixel - width]);
        let slope = (along_x * along_x + along_y * along_y).sqrt();
        if slope.is_finite() {
            gradient += slope;
            inside += 1.0;
        }
    }
    [
        Measured::exact("usfluxl", flux * scale.area_cm2),
        Measured::exact("meangbl", gradient / inside),
        Measured::exact("cmaskl", count),
    ]
}
