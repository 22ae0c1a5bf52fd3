//! `R_VALUE`: log₁₀ of the unsigned field near polarity inversion lines, in G summed over pixels of 2 arcsec.
//!
//! Schrijver (2007, `ApJ` 655, L117) defines it on magnetograms of MDI. On those of HMI:
//!
//! 1. every n-th pixel of every n-th row is taken, from the south-eastern corner on, n = 2 arcsec over the size
//!    of a pixel, rounded: a sample and not a mean;
//! 2. the pixels above 150 G and those below −150 G are each widened by one on all sides, and the inversion
//!    line is where both overlap;
//! 3. the line is convolved with a Gaussian of 10 pixels' full width at half maximum, cut at 20 pixels;
//! 4. R = Σ weight |B|, with |B| cut down to whole Gauss; `R_VALUE` = log₁₀ R, or 0 where R < 1.
//!
//! Steps 1 and 4 are habits of JSOC's values that no description tells. They are what explains them: the 31
//! records with a header value at hand (six regions of 2025 and 25 times of HARP 377) all agree to the
//! last digit of the header, where the mean of n × n pixels, as the public Python has it, differs by up to 0.65.

use super::PixelScale;

/// Field above which a pixel can lie at an inversion line, G.
pub const THRESHOLD_GAUSS: f32 = 150.0;
/// The size that pixels are taken at, arcsec.
const SAMPLE_ARCSEC: f64 = 2.0;
/// Full width at half maximum of the Gaussian, in sampled pixels.
const WIDTH: f64 = 10.0;
/// Full width at half maximum over standard deviation, as JSOC rounds it.
const FWHM_PER_SIGMA: f64 = 2.3548;
/// The Gaussian is cut there, in sampled pixels.
const REACH: usize = 20;

/// `R_VALUE` of a magnetogram in FITS order; NaN where no pixel was observed.
///
/// # Examples
/// ```
/// use helioql::physics::sharp::{PixelScale, inversion_line::r_value};
///
/// let scale = PixelScale { arcsec: 2.0, side_mm: 1.46, area_cm2: 2.13e16 };
/// assert_eq!(r_value(&[500.0; 16], 4, 4, scale), 0.0); // one polarity has no inversion line
/// // Two pixels of opposite sign: both lie on the line, the Gaussian of the line weighs each with
/// // w(0) (w(0) + w(1)), w(0) = 0.0939 and w(1) = 0.0914: R = 0.0174 · 2 · 1000 = 34.8.
/// assert_eq!(format!("{:.2}", r_value(&[1000.0, -1000.0], 2, 1, scale)), "1.54");
/// ```
pub fn r_value(los: &[f32], width: usize, height: usize, scale: PixelScale) -> f64 {
    if los.iter().all(|b| b.is_nan()) {
        return f64::NAN;
    }
    let step = ((SAMPLE_ARCSEC / scale.arcsec).round() as usize).max(1);
    // A last row or column that does not fill a step is left out.
    let (rows, columns) = ((height / step).max(1), (width / step).max(1));
    let sample: Vec<f32> = (0..rows * columns)
        .map(|index| los[index / columns * step * width + index % columns * step])
        .collect();
    let positive = widened(&sample, columns, |b| b > THRESHOLD_GAUSS);
    let negative = widened(&sample, columns, |b| b < -THRESHOLD_GAUSS);
    let line: Vec<f64> = positive
        .iter()
        .zip(&negative)
        .map(|(&positive, &negative)| f64::from(u8::from(positive && negative)))
        .collect();
    let weights = blurred(&line, columns);
    let sum: f64 = weights
        .iter()
        .zip(&sample)
        .filter(|(_, b)| b.is_finite())
        .map(|(weight, b)| weight * f64::from(b.abs().trunc()))
        .sum();
    if sum < 1.0 { 0.0 } else { sum.log10() }
}

/// Which pixels have one that is meant among themselves and their eight neighbours.
fn widened(sample: &[f32], columns: usize, meant: impl Fn(f32) -> bool) -> Vec<bool> {
    let mut wide = vec![false; sample.len()];
    let rows = sample.len() / columns;
    for (index, _) in sample.iter().enumerate().filter(|(_, b)| meant(**b)) {
        let (row, column) = (index / columns, index % columns);
        for near_row in row.saturating_sub(1)..=(row + 1).min(rows - 1) {
            for near_column in column.saturating_sub(1)..=(column + 1).min(columns - 1) {
                wide[near_row * columns + near_column] = true;
            }
        }
    }
    wide
}

/// The map convolved with the Gaussian of unit sum, nothing being outside of it.
fn blurred(map: &[f64], columns: usize) -> Vec<f64> {
    let sigma = WIDTH / FWHM_PER_SIGMA;
    let bell: Vec<f64> = (0..=2 * REACH)
        .map(|index| {
            let distance = index as f64 - REACH as f64;
            (-0.5 * (distance / sigma).powi(2)).exp()
        })
        .collect();
    let total: f64 = bell.iter().sum();
    let rows = map.len() / columns;
    let along = |from: &[f64], step: usize, len: usize, other_step: usize, others: usize| {
        let mut onto = vec![0.0; from.len()];
        for other in 0..others {
            for place in 0..len {
                let value = from[other * other_step + place * step];
                // Most of the Sun is far from an inversion line.
                if value == 0.0 {
                    continue;
                }
                let first = place.saturating_sub(REACH);
                for near in first..=(place + REACH).min(len - 1) {
                    onto[other * other_step + near * step] += value * bell[near + REACH - place] / total;
                }
            }
        }
        onto
    };
    let across = along(map, 1, columns, columns, rows);
    along(&across, columns, rows, 1, columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: PixelScale = PixelScale {
        arcsec: 2.0,
        side_mm: 1.46,
        area_cm2: 2.13e16,
    };

    #[test]
    fn fractions_of_a_gauss_do_not_count() {
        let value = |b: f32| r_value(&[b, -b], 2, 1, SCALE);
        assert_eq!(value(200.0).to_bits(), value(200.9).to_bits());
        assert!(value(201.0) > value(200.9));
    }

    #[test]
    fn only_the_sampled_pixels_count() {
        let fine = PixelScale { arcsec: 0.5, ..SCALE };
        // Sampled are the pixels 0 and 4 of the first row.
        let mut image = [[0.0_f32; 8]; 4];
        image[0][0] = 1000.0;
        image[0][4] = -1000.0;
        let sampled = r_value(image.as_flattened(), 8, 4, fine);
        assert_eq!(
            sampled.to_bits(),
            r_value(&[1000.0, -1000.0], 2, 1, SCALE).to_bits()
        );
        image[1] = [3000.0; 8];
        assert_eq!(
            r_value(image.as_flattened(), 8, 4, fine).to_bits(),
            sampled.to_bits()
        );
    }

    #[test]
    fn nothing_observed_is_nan_and_no_line_is_zero() {
        assert!(r_value(&[f32::NAN; 4], 2, 2, SCALE).is_nan());
        assert!(r_value(&[], 0, 0, SCALE).is_nan());
        assert_eq!(
            r_value(&[100.0, -100.0], 2, 1, SCALE).to_bits(),
            0.0_f64.to_bits()
        );
    }
}
