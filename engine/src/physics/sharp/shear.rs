//! The shear angle between the observed field and a potential one, arccos(B · Bp / |B| |Bp|), where both have
//! the observed Bz: `MEANSHR [deg]`, its mean, and `SHRGT45 [%]`, the part of the pixels above 45°.
//!
//! The error of MEANSHR is propagated from all three components with the potential field held fixed. Headers
//! of the catalogue carry an ERRMSHA that does not follow from the field's errors (values from 0.0002 to 10
//! degrees for records alike), so it is not reproduced.

use super::{Horizontal, Measured, VectorField};

/// Mean shear and the strongly sheared part, against a horizontal field at the pixels of the mask; `names` are
/// those of the two keywords.
pub fn keywords(field: &VectorField<'_>, potential: &Horizontal, names: [&'static str; 2]) -> [Measured; 2] {
    let (mut sum, mut variance, mut strong, mut count) = (0.0, 0.0, 0.0, 0.0);
    for ((&pixel, &px), &py) in field.mask.iter().zip(&potential.x).zip(&potential.y) {
        let [bx, by, bz] = field.at(pixel);
        let dot = px * bx + py * by + bz * bz;
        let (square, potential_square) = (bx * bx + by * by + bz * bz, px * px + py * py + bz * bz);
        let cosine = dot / (square * potential_square).sqrt();
        if cosine.is_nan() {
            continue;
        }
        // Rounding takes the cosine of parallel fields past 1.
        let angle = cosine.clamp(-1.0, 1.0).acos();
        sum += angle;
        strong += f64::from(u8::from(angle.to_degrees() > 45.0));
        count += 1.0;
        let sine2 = 1.0 - cosine * cosine;
        if sine2 > 0.0 {
            // −sin θ dθ/dB = (Bp |B|² − (B · Bp) B) / (|B|³ |Bp|), component by component.
            let errors = field.error_at(pixel);
            let along = [(px, bx), (py, by), (bz, bz)];
            let terms = along.iter().zip(errors);
            let squares: f64 = terms
                .map(|(&(p, b), error)| ((p * square - dot * b) * error).powi(2))
                .sum();
            variance += squares / (square.powi(3) * potential_square * sine2);
        }
    }
    let [mean, part] = names;
    [
        Measured {
            name: mean,
            value: (sum / count).to_degrees(),
            error: if field.errors.is_some() {
                (f64::sqrt(variance) / count).to_degrees()
            } else {
                f64::NAN
            },
        },
        Measured::exact(part, 100.0 * strong / count),
    ]
}
