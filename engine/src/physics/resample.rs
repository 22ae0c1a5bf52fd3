//! A SHARP image brought to a true-scale patch: centred on the region, north up, flux conserved.
//!
//! arXiv:2502.05351 squeezes every SHARP into a square and loses its scale. Here the cells keep a fixed size
//! on the Sun; the window is centred on the |B|-weighted centroid of the strong field, and what lies outside
//! the image or off the limb is NaN.

use super::Error;
use crate::patch::area_mean::{Window, area_mean};
use crate::patch::{self, Grid, Patch};

/// Field above which a pixel pulls the window towards it, G: well above the noise of Br (about 20 G), so that
/// the area of quiet Sun around a region does not decide where its centre is.
pub const CENTRE_GAUSS: f32 = 100.0;

/// A patch cut from an image, and how much of each the other holds.
#[derive(Clone, Debug, PartialEq)]
pub struct TrueScale {
    /// The field on the asked grid.
    pub patch: Patch,
    /// Share of the patch's cells that were observed, 0 to 1.
    pub covered_fraction: f64,
    /// Share of the image's unsigned flux that lies outside the patch, 0 to 1.
    pub flux_outside_fraction: f64,
}

/// Resamples an image in FITS order (row 0 south, column 0 east) with square pixels of `pixel_mm` to `grid`.
///
/// # Errors
/// [`Error::ImageSize`] if the image is not `width` × `height` pixels, [`Error::Patch`] if the target grid is
/// empty or a pixel has no size.
///
/// # Examples
/// ```
/// use helioql::patch::Grid;
/// use helioql::physics::resample::true_scale;
///
/// // South row 1, 2; north row 300, 400: the patch has the north row first.
/// let grid = Grid { height: 2, width: 2, cell_mm: 1.0 };
/// let found = true_scale(&[200.0, 200.0, 200.0, -200.0], 2, 2, 1.0, grid)?;
/// assert_eq!(found.patch.gauss(), [200.0, -200.0, 200.0, 200.0]);
/// assert_eq!((found.covered_fraction, found.flux_outside_fraction), (1.0, 0.0));
/// # Ok::<(), helioql::physics::Error>(())
/// ```
pub fn true_scale(
    image: &[f32],
    width: usize,
    height: usize,
    pixel_mm: f64,
    grid: Grid,
) -> Result<TrueScale, Error> {
    patch::check(grid)?;
    let expected = patch::check(Grid {
        height,
        width,
        cell_mm: pixel_mm,
    })?;
    if image.len() != expected {
        return Err(Error::ImageSize {
            name: "image",
            expected,
            found: image.len(),
        });
    }
    let window = Window::new(
        centre(image, width, height),
        grid.cell_mm / pixel_mm,
        (grid.height, grid.width),
    );
    let from_south = area_mean(image, (height, width), &window);
    let gauss: Vec<f32> = from_south
        .chunks_exact(grid.width)
        .rev()
        .flatten()
        .copied()
        .collect();
    let observed = gauss.iter().filter(|b| b.is_finite()).count();
    Ok(TrueScale {
        covered_fraction: observed as f64 / gauss.len() as f64,
        flux_outside_fraction: flux_outside(image, width, &window),
        patch: Patch::new(grid, gauss)?,
    })
}

/// Centroid (row, column) of |B| over the strong pixels, or the middle of the image where there are none.
fn centre(image: &[f32], width: usize, height: usize) -> (f64, f64) {
    let (mut flux, mut row_sum, mut column_sum) = (0.0, 0.0, 0.0);
    for (row, line) in image.chunks_exact(width).enumerate() {
        for (column, b) in line.iter().enumerate() {
            if b.is_finite() && b.abs() > CENTRE_GAUSS {
                let weight = f64::from(b.abs());
                flux += weight;
                // Half a pixel: pixel i covers i to i + 1.
                row_sum += weight * (row as f64 + 0.5);
                column_sum += weight * (column as f64 + 0.5);
            }
        }
    }
    if flux > 0.0 {
        (row_sum / flux, column_sum / flux)
    } else {
        (height as f64 / 2.0, width as f64 / 2.0)
    }
}

fn flux_outside(image: &[f32], width: usize, window: &Window) -> f64 {
    let (mut total, mut inside) = (0.0, 0.0);
    for (row, line) in image.chunks_exact(width).enumerate() {
        for (column, b) in line.iter().enumerate().filter(|(_, b)| b.is_finite()) {
            let flux = f64::from(b.abs());
            total += flux;
            inside += flux * window.covers(row, column);
        }
    }
    if total > 0.0 {
        (1.0 - inside / total).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::flux::flux;

    /// A Gaussian spot of 20 pixels' width at (row, column) of a 200 × 300 image, south up.
    fn spot(row: f64, column: f64) -> Vec<f32> {
        (0..200 * 300)
            .map(|i| {
                let (y, x) = (f64::from(i / 300) + 0.5 - row, f64::from(i % 300) + 0.5 - column);
                (1500.0 * (-(x * x + y * y) / 400.0).exp()) as f32
            })
            .collect()
    }

    #[test]
    fn flux_is_kept_and_the_region_is_centred() -> Result<(), Error> {
        let image = spot(90.0, 130.0);
        let whole: f64 = image.iter().map(|&b| f64::from(b)).sum::<f64>() * 0.36 * 0.36 * 1e16;
        let grid = Grid {
            height: 20,
            width: 20,
            cell_mm: 3.08,
        };
        let found = true_scale(&image, 300, 200, 0.36, grid)?;
        // The Gaussian is cut at 85 pixels, 4.3 widths, from the centre: what remains outside is below 1e-7.
        assert!((flux(&found.patch).net_mx / whole - 1.0).abs() < 1e-5);
        assert!(found.flux_outside_fraction < 1e-5);
        let strongest = found.patch.gauss().iter().copied().fold(0.0, f32::max);
        for middle in [9 * 20 + 9, 9 * 20 + 10, 10 * 20 + 9, 10 * 20 + 10] {
            assert!(
                found.patch.gauss()[middle] > 0.99 * strongest,
                "the peak is not in the middle"
            );
        }
        Ok(())
    }

    #[test]
    fn what_was_not_seen_is_nan_and_counted() -> Result<(), Error> {
        let grid = Grid {
            height: 64,
            width: 64,
            cell_mm: 3.08,
        };
        let found = true_scale(&spot(100.0, 150.0), 300, 200, 0.36, grid)?;
        // The image is 72 Mm × 108 Mm of a patch of 197 Mm × 197 Mm; its edge may fall inside cells.
        let expected = 72.0 * 108.0 / (64.0_f64 * 3.08).powi(2);
        assert!(
            (found.covered_fraction - expected).abs() < 0.02,
            "{}",
            found.covered_fraction
        );
        assert!(found.patch.gauss()[0].is_nan());
        Ok(())
    }

    #[test]
    fn a_small_window_leaves_flux_outside() -> Result<(), Error> {
        let mut image = spot(100.0, 60.0);
        for (b, other) in image.iter_mut().zip(spot(100.0, 240.0)) {
            *b -= other;
        }
        let grid = Grid {
            height: 64,
            width: 64,
            cell_mm: 0.36,
        };
        let found = true_scale(&image, 300, 200, 0.36, grid)?;
        assert!(
            found.flux_outside_fraction > 0.9,
            "{}",
            found.flux_outside_fraction
        );
        Ok(())
    }

    #[test]
    fn a_wrong_size_is_refused() {
        let grid = Grid {
            height: 2,
            width: 2,
            cell_mm: 1.0,
        };
        assert!(matches!(
            true_scale(&[0.0; 5], 3, 2, 1.0, grid),
            Err(Error::ImageSize { found: 5, .. })
        ));
        assert!(matches!(true_scale(&[], 0, 2, 1.0, grid), Err(Error::Patch(_))));
        assert!(matches!(
            true_scale(&[0.0; 6], 3, 2, f64::NAN, grid),
            Err(Error::Patch(_))
        ));
    }
}
