//! The vertical electric current, Jz = (∂By/∂x − ∂Bx/∂y) / μ₀: `MEANJZD [mA/m²]`, its mean, `TOTUSJZ [A]`,
//! the sum of its absolute values, and `SAVNCPP [A]`, the absolute net currents of the two polarities added.
//!
//! JSOC's habit, kept: SAVNCPP divides by the side of a pixel in arcsec where TOTUSJZ multiplies by it, so its
//! values are too large by 1 / arcsec² against true amperes, 3.9 times for HMI.

use super::field::{derivative, is_inside};
use super::{Measured, PixelScale, VectorField};

/// The magnetic constant as JSOC writes it, H/m.
pub const MU_0: f64 = 1.256_637_061_4e-6;

/// Tesla in a Gauss.
const TESLA: f64 = 1e-4;

/// The curl of the horizontal field at the pixels of a mask, in its order.
#[derive(Clone, Debug, PartialEq)]
pub struct Current {
    /// ∂By/∂x − ∂Bx/∂y, G/pixel; NaN where a neighbour is missing.
    pub curl: Vec<f64>,
    /// The square of its formal error; NaN without errors, 0 at the edge of the image.
    pub variance: Vec<f64>,
}

impl Current {
    /// The current of a field.
    pub fn of(field: &VectorField<'_>) -> Self {
        let (width, height) = (field.width, field.height);
        let curl = |&pixel: &usize| {
            let (row, column) = (pixel / width, pixel % width);
            let along_x = derivative(|at| field.at(at)[1], pixel, 1, column, width);
            let along_y = derivative(|at| field.at(at)[0], pixel, width, row, height);
            along_x - along_y
        };
        let variance = |&pixel: &usize| {
            if !is_inside(pixel, width, height) {
                return 0.0;
            }
            let x = |at: usize| field.error_at(at)[0].powi(2);
            let y = |at: usize| field.error_at(at)[1].powi(2);
            0.25 * (y(pixel - 1) + y(pixel + 1) + x(pixel - width) + x(pixel + width))
        };
        Self {
            curl: field.mask.iter().map(curl).collect(),
            variance: field.mask.iter().map(variance).collect(),
        }
    }

    /// `MEANJZD`, `TOTUSJZ` and `SAVNCPP`.
    pub fn keywords(&self, field: &VectorField<'_>, scale: PixelScale) -> [Measured; 3] {
        let (mut net, mut unsigned, mut variance, mut count) = (0.0, 0.0, 0.0, 0.0);
        let (mut of_positive, mut of_negative) = (0.0, 0.0);
        for ((&pixel, &curl), &error) in field.mask.iter().zip(&self.curl).zip(&self.variance) {
            if curl.is_nan() {
                continue;
            }
            net += curl;
            unsigned += curl.abs();
            variance += error;
            count += 1.0;
            if field.br[pixel] > 0.0 {
                of_positive += curl;
            } else {
                of_negative += curl;
            }
        }
        let side_m = scale.side_mm * 1e6;
        let milliampere_per_m2 = 1e3 * TESLA / (MU_0 * side_m);
        let ampere = TESLA * side_m / MU_0;
        let savncpp_unit = ampere / scale.arcsec.powi(2);
        let error = f64::sqrt(variance);
        [
            Measured {
                name: "meanjzd",
                value: net / count * milliampere_per_m2,
                error: error / count * milliampere_per_m2,
            },
            Measured {
                name: "totusjz",
                value: unsigned * ampere,
                error: error * ampere,
            },
            Measured {
                name: "savncpp",
                value: (f64::abs(of_positive) + f64::abs(of_negative)) * savncpp_unit,
                error: error * savncpp_unit,
            },
        ]
    }
}
