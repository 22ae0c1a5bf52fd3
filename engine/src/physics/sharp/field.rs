//! The vector field of a record and the pixels of it that count.

use super::{MIN_BITMAP, MIN_CONF_DISAMBIG};

/// The pixels that the vector keywords are computed from, by index, in order.
pub fn mask(br: &[f32], bitmap: &[f32], conf_disambig: &[f32]) -> Vec<usize> {
    let counts = |((&br, &bits), &confidence): ((&f32, &f32), &f32)| {
        confidence >= MIN_CONF_DISAMBIG && bits >= MIN_BITMAP && br.is_finite()
    };
    let pixels = br.iter().zip(bitmap).zip(conf_disambig).enumerate();
    pixels
        .filter(|(_, pixel)| counts(*pixel))
        .map(|(index, _)| index)
        .collect()
}

/// The field of a record in Gauss, row 0 south and column 0 east.
#[derive(Clone, Debug)]
pub struct VectorField<'a> {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Westward field.
    pub bp: &'a [f32],
    /// Southward field.
    pub bt: &'a [f32],
    /// Radial field.
    pub br: &'a [f32],
    /// Formal errors of Bp, Bt and Br, where the record has all three.
    pub errors: Option<[&'a [f32]; 3]>,
    /// The pixels that count ([`mask`]).
    pub mask: Vec<usize>,
}

/// A horizontal field at the pixels of a mask, in its order: the westward and the northward component, G.
#[derive(Clone, Debug, PartialEq)]
pub struct Horizontal {
    /// Westward components.
    pub x: Vec<f64>,
    /// Northward components.
    pub y: Vec<f64>,
}

impl VectorField<'_> {
    /// The components at a pixel: west, north, outward.
    pub fn at(&self, pixel: usize) -> [f64; 3] {
        [
            f64::from(self.bp[pixel]),
            -f64::from(self.bt[pixel]),
            f64::from(self.br[pixel]),
        ]
    }

    /// The formal errors of the components; NaN where the record has none.
    pub fn error_at(&self, pixel: usize) -> [f64; 3] {
        match self.errors {
            Some(errors) => errors.map(|error| f64::from(error[pixel])),
            None => [f64::NAN; 3],
        }
    }

    /// Strength of the horizontal field at a pixel.
    pub fn horizontal(&self, pixel: usize) -> f64 {
        let [x, y, _] = self.at(pixel);
        (x * x + y * y).sqrt()
    }

    /// Square of the formal error of the horizontal field's strength.
    pub fn horizontal_variance(&self, pixel: usize) -> f64 {
        let ([x, y, _], [ex, ey, _]) = (self.at(pixel), self.error_at(pixel));
        variance_of_strength([x, y, 0.0], [ex, ey, 0.0])
    }

    /// Strength of the whole field at a pixel.
    pub fn total(&self, pixel: usize) -> f64 {
        let [x, y, z] = self.at(pixel);
        (x * x + y * y + z * z).sqrt()
    }

    /// Square of the formal error of the whole field's strength.
    pub fn total_variance(&self, pixel: usize) -> f64 {
        variance_of_strength(self.at(pixel), self.error_at(pixel))
    }
}

/// Σ b² σ² / Σ b². A field of zero has no direction along which its errors could add up, so it gets the
/// largest of them.
fn variance_of_strength(b: [f64; 3], error: [f64; 3]) -> f64 {
    let square: f64 = b.iter().map(|b| b * b).sum();
    if square == 0.0 {
        return error.iter().map(|error| error * error).fold(0.0, f64::max);
    }
    b.iter()
        .zip(error)
        .map(|(b, error)| (b * error).powi(2))
        .sum::<f64>()
        / square
}

/// Whether a pixel has a neighbour on each side.
pub(super) fn is_inside(pixel: usize, width: usize, height: usize) -> bool {
    let (row, column) = (pixel / width, pixel % width);
    row > 0 && row + 1 < height && column > 0 && column + 1 < width
}

/// The derivative of a quantity along one axis, per pixel: the central difference, and at an edge the
/// one-sided difference of three points. `at` is the quantity by index, `step` the distance of neighbours in
/// it, and `place` one of `len` along the axis. NaN where the axis has fewer than three pixels.
pub(super) fn derivative(
    at: impl Fn(usize) -> f64,
    pixel: usize,
    step: usize,
    place: usize,
    len: usize,
) -> f64 {
    if len < 3 {
        f64::NAN
    } else if place == 0 {
        0.5 * (4.0 * at(pixel + step) - 3.0 * at(pixel) - at(pixel + 2 * step))
    } else if place + 1 == len {
        0.5 * (3.0 * at(pixel) - 4.0 * at(pixel - step) + at(pixel - 2 * step))
    } else {
        0.5 * (at(pixel + step) - at(pixel - step))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_derivative_of_a_parabola_is_exact_everywhere() {
        let squares = [0.0, 1.0, 4.0, 9.0, 16.0];
        for place in 0..5 {
            let slope = derivative(|index| squares[index], place, 1, place, 5);
            assert_eq!(slope.to_bits(), (2.0 * place as f64).to_bits(), "at {place}");
        }
        assert!(derivative(|_| 1.0, 0, 1, 0, 2).is_nan());
    }

    #[test]
    fn masks_and_missing_pixels_leave_out() {
        let br = [1.0, 1.0, 1.0, f32::NAN];
        assert_eq!(
            mask(&br, &[34.0, 2.0, 33.0, 34.0], &[90.0, 90.0, 60.0, 90.0]),
            [0]
        );
    }
}
