//! The part of the current helicity that the vertical components give, Bz Jz, where Jz is the curl of the
//! horizontal field: `MEANJZH [G²/m]`, its mean, `TOTUSJH`, the sum of its absolute values, and `ABSNJZH`,
//! the absolute value of its sum.
//!
//! JSOC's habit, kept: a pixel where Bz or Jz is zero does not count towards the mean.

use super::current::Current;
use super::{Measured, PixelScale, VectorField};

/// The three keywords with their errors.
pub fn keywords(field: &VectorField<'_>, current: &Current, scale: PixelScale) -> [Measured; 3] {
    let (mut net, mut unsigned, mut variance, mut count) = (0.0, 0.0, 0.0, 0.0);
    for ((&pixel, &curl), &curl_variance) in field.mask.iter().zip(&current.curl).zip(&current.variance) {
        let bz = f64::from(field.br[pixel]);
        if curl.is_nan() || curl == 0.0 || bz == 0.0 {
            continue;
        }
        let [_, _, error] = field.error_at(pixel);
        net += curl * bz;
        unsigned += (curl * bz).abs();
        variance += curl_variance * bz * bz + error * error * curl * curl;
        count += 1.0;
    }
    let side_m = scale.side_mm * 1e6;
    let error = f64::sqrt(variance) / side_m;
    [
        Measured {
            name: "meanjzh",
            value: net / count / side_m,
            error: error / count,
        },
        Measured {
            name: "totusjh",
            value: unsigned / side_m,
            error,
        },
        Measured {
            name: "absnjzh",
            value: f64::abs(net) / side_m,
            error,
        },
    ]
}
