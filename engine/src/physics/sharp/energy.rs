//! Free magnetic energy: `MEANPOT [erg/cm³]` and `TOTPOT [erg/cm]`, the mean and the sum over the surface of
//! |B − Bp|² / 8π, and `FREE_ENERGY [erg]`, that of the volume above by the virial theorem.
//!
//! The virial theorem of a force-free field above a plane (Chandrasekhar 1961, section 126; Metcalf et al.
//! 2008, Sol. Phys. 247, 269, equation 4) gives its energy from its boundary, E = ∫ (x Bx + y By) Bz dA / 4π.
//! That of the potential field with the same Bz is taken off in the same way. It holds as far as the
//! photosphere is force-free and the flux of the image balanced, which is to say roughly: its value can come
//! out negative, and is then what it is.

use std::f64::consts::PI;

use super::potential::Potential;
use super::{Horizontal, Measured, PixelScale, VectorField};

/// Mean and total of |B − Bp|² / 8π against a horizontal field at the pixels of the mask; `names` are those
/// of the two keywords. With observed errors only: the potential field is held fixed.
pub fn keywords(
    field: &VectorField<'_>,
    potential: &Horizontal,
    scale: PixelScale,
    names: [&'static str; 2],
) -> [Measured; 2] {
    let (mut sum, mut variance, mut count) = (0.0, 0.0, 0.0);
    for ((&pixel, &px), &py) in field.mask.iter().zip(&potential.x).zip(&potential.y) {
        let ([bx, by, _], [ex, ey, _]) = (field.at(pixel), field.error_at(pixel));
        let (x, y) = (bx - px, by - py);
        if (x + y).is_nan() {
            continue;
        }
        sum += x * x + y * y;
        variance += 4.0 * (x * x * ex * ex + y * y * ey * ey);
        count += 1.0;
    }
    let [mean, total] = names;
    let (sum, error) = (sum / (8.0 * PI), f64::sqrt(variance) / (8.0 * PI));
    [
        Measured {
            name: mean,
            value: sum / count,
            error: error / count,
        },
        Measured {
            name: total,
            value: sum * scale.area_cm2,
            error: error * scale.area_cm2,
        },
    ]
}

/// The virial energy of the observed field less that of the potential field, over all pixels of the image.
pub fn free_energy(field: &VectorField<'_>, potential: &Potential, scale: PixelScale) -> Measured {
    let side_cm = scale.side_mm * 1e8;
    let (mut sum, mut observed) = (0.0, false);
    // Where the origin is makes no difference to a field without net force; the middle weighs noise least.
    let (middle_x, middle_y) = (field.width as f64 / 2.0, field.height as f64 / 2.0);
    for pixel in 0..field.br.len() {
        let [bx, by, bz] = field.at(pixel);
        let [px, py] = potential.at(pixel);
        if (bx + by + bz).is_nan() {
            continue;
        }
        observed = true;
        let x = (pixel % field.width) as f64 + 0.5 - middle_x;
        let y = (pixel / field.width) as f64 + 0.5 - middle_y;
        sum += (x * (bx - px) + y * (by - py)) * bz;
    }
    let energy = sum * side_cm * scale.area_cm2 / (4.0 * PI);
    Measured::exact("free_energy", if observed { energy } else { f64::NAN })
}
