//! A magnetic patch: signed field in Gauss on a true-scale grid, the value that every other part exchanges.
//!
//! It stands apart from physics and from Arrow so that measurement, models and pictures agree on one
//! convention: **row 0 is north, column 0 is east**, every cell is a square of `cell_mm` on the solar
//! surface, and a pixel that was not observed is NaN. A SHARP CEA image runs east to west like a patch but
//! from south to north, so it is flipped on its way in
//! ([`true_scale`](crate::physics::resample::true_scale)).

pub(crate) mod area_mean;

pub use helioql_catalog::Grid;

use self::area_mean::{Window, area_mean};

/// Square centimetres in a square megametre: turns Gauss × Mm² into Maxwell.
pub const CM2_PER_MM2: f64 = 1e16;

/// A signed magnetic field on a true-scale grid, row-major, north up and east left.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    grid: Grid,
    gauss: Vec<f32>,
}

/// Why a patch could not be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The number of pixels is not height × width.
    #[error("a patch of {height} × {width} pixels needs {expected} values, found {found}")]
    PixelCount {
        /// Rows of the grid.
        height: usize,
        /// Columns of the grid.
        width: usize,
        /// Rows × columns.
        expected: usize,
        /// Values given.
        found: usize,
    },
    /// The grid has no pixel, too many pixels, or a cell without a size.
    #[error(
        "a grid needs at least one row and one column and a positive cell size, \
         found {height} × {width} pixels of {cell_mm} Mm"
    )]
    Grid {
        /// Rows of the grid.
        height: usize,
        /// Columns of the grid.
        width: usize,
        /// Side of a cell in Mm.
        cell_mm: f64,
    },
    /// The patch cannot be cut into whole blocks of the asked size.
    #[error(
        "a patch of {height} × {width} pixels cannot be binned by {factor}: \
         the factor must be at least 1 and divide both sides"
    )]
    Binning {
        /// Side of a block in pixels.
        factor: usize,
        /// Rows of the patch.
        height: usize,
        /// Columns of the patch.
        width: usize,
    },
}

impl Patch {
    /// Makes a patch from row-major values in Gauss; what was not observed is NaN.
    ///
    /// # Errors
    /// [`Error::Grid`] if the grid is empty or its cell has no positive size, [`Error::PixelCount`] if the
    /// number of values does not fit the grid.
    ///
    /// # Examples
    /// ```
    /// use helioql::patch::{Grid, Patch};
    ///
    /// let grid = Grid { height: 1, width: 2, cell_mm: 1.0 };
    /// let patch = Patch::new(grid, vec![100.0, -50.0])?;
    /// assert_eq!(patch.gauss(), [100.0, -50.0]);
    /// assert!(Patch::new(grid, vec![100.0]).is_err());
    /// # Ok::<(), helioql::patch::Error>(())
    /// ```
    pub fn new(grid: Grid, gauss: Vec<f32>) -> Result<Self, Error> {
        let expected = check(grid)?;
        let Grid { height, width, .. } = grid;
        if gauss.len() != expected {
            return Err(Error::PixelCount {
                height,
                width,
                expected,
                found: gauss.len(),
            });
        }
        Ok(Self { grid, gauss })
    }

    /// The grid that the pixels lie on.
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// The field in Gauss, row-major, north row first, east column first.
    pub fn gauss(&self) -> &[f32] {
        &self.gauss
    }

    /// The field in Gauss, without a copy.
    pub fn into_gauss(self) -> Vec<f32> {
        self.gauss
    }

    /// The rows from north to south.
    pub fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.gauss.chunks_exact(self.grid.width)
    }

    /// Area of one cell in cm²: Gauss × this = Maxwell.
    pub fn cell_area_cm2(&self) -> f64 {
        self.grid.cell_mm * self.grid.cell_mm * CM2_PER_MM2
    }

    /// Joins blocks of `factor` × `factor` pixels into one by the mean in Gauss, which conserves the flux.
    ///
    /// NaN pixels are left out of the mean; a block with less than half of its pixels observed is NaN.
    ///
    /// # Errors
    /// [`Error::Binning`] unless the factor divides both sides.
    ///
    /// # Examples
    /// ```
    /// use helioql::patch::{Grid, Patch};
    ///
    /// let fine = Patch::new(Grid { height: 2, width: 2, cell_mm: 1.5 }, vec![10.0, 20.0, 30.0, f32::NAN])?;
    /// let coarse = fine.binned(2)?;
    /// assert_eq!(coarse.gauss(), [20.0]);
    /// assert_eq!(coarse.grid(), Grid { height: 1, width: 1, cell_mm: 3.0 });
    /// # Ok::<(), helioql::patch::Error>(())
    /// ```
    pub fn binned(&self, factor: usize) -> Result<Self, Error> {
        let Grid {
            height,
            width,
            cell_mm,
        } = self.grid;
        if factor == 0 || height % factor != 0 || width % factor != 0 {
            return Err(Error::Binning {
                factor,
                height,
                width,
            });
        }
        self.to_grid(Grid {
            height: height / factor,
            width: width / factor,
            cell_mm: cell_mm * factor as f64,
        })
    }

    /// The same field on another grid with the same centre, cropped or padded with NaN where the sizes
    /// differ.
    ///
    /// Each new cell is the area-weighted mean of what it covers, so that flux is conserved. Where the cell
    /// sizes have a whole ratio every old pixel falls into exactly one new cell and nothing is smoothed.
    /// NaN pixels are left out of the mean; a cell with less than half of its area observed is NaN.
    ///
    /// # Errors
    /// [`Error::Grid`] if the new grid is empty or its cell has no positive size.
    pub fn to_grid(&self, grid: Grid) -> Result<Self, Error> {
        check(grid)?;
        if grid == self.grid {
            return Ok(self.clone());
        }
        let Grid {
            height,
            width,
            cell_mm,
        } = self.grid;
        let centre = (height as f64 / 2.0, width as f64 / 2.0);
        let window = Window::new(centre, grid.cell_mm / cell_mm, (grid.height, grid.width));
        Ok(Self {
            grid,
            gauss: area_mean(&self.gauss, (height, width), &window),
        })
    }
}

/// Checks a grid and counts its pixels.
pub(crate) fn check(grid: Grid) -> Result<usize, Error> {
    let Grid {
        height,
        width,
        cell_mm,
    } = grid;
    match height.checked_mul(width) {
        Some(pixels) if pixels > 0 && cell_mm > 0.0 && cell_mm.is_finite() => Ok(pixels),
        _ => Err(Error::Grid {
            height,
            width,
            cell_mm,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums of f32 values are exact to about 1e-7 each; a few thousand are added.
    const FLUX_RTOL: f64 = 1e-6;

    fn flux(patch: &Patch) -> f64 {
        patch
            .gauss()
            .iter()
            .filter(|b| b.is_finite())
            .map(|&b| f64::from(b))
            .sum::<f64>()
            * patch.cell_area_cm2()
    }

    /// A smooth spot well inside the patch, off centre.
    fn spot(side: usize, cell_mm: f64) -> Patch {
        let gauss = (0..side * side)
            .map(|i| {
                let (y, x) = (
                    (i / side) as f64 - 0.45 * side as f64,
                    (i % side) as f64 - 0.55 * side as f64,
                );
                let width = 0.08 * side as f64;
                (1000.0 * (-(x * x + y * y) / (width * width)).exp()) as f32
            })
            .collect();
        Patch::new(
            Grid {
                height: side,
                width: side,
                cell_mm,
            },
            gauss,
        )
        .expect("the grid is square")
    }

    #[test]
    fn flux_is_conserved_by_any_resampling() -> Result<(), Error> {
        let fine = spot(100, 0.364_423);
        for (side, cell_mm) in [(50, 0.728_846), (12, 3.08), (24, 1.54), (200, 0.2), (41, 1.0)] {
            let other = fine.to_grid(Grid {
                height: side,
                width: side,
                cell_mm,
            })?;
            let change = flux(&other) / flux(&fine) - 1.0;
            assert!(
                change.abs() < FLUX_RTOL,
                "{side} × {cell_mm} Mm changed the flux by {change:e}"
            );
        }
        Ok(())
    }

    #[test]
    fn a_whole_ratio_is_exact_and_centred() -> Result<(), Error> {
        let grid = Grid {
            height: 4,
            width: 4,
            cell_mm: 1.54,
        };
        let patch = Patch::new(grid, (0_u8..16).map(f32::from).collect())?;
        assert_eq!(patch.binned(2)?.gauss(), [2.5, 4.5, 10.5, 12.5]);
        assert_eq!(
            patch
                .to_grid(Grid {
                    height: 2,
                    width: 2,
                    ..grid
                })?
                .gauss(),
            [5.0, 6.0, 9.0, 10.0]
        );
        assert_eq!(
            patch.to_grid(Grid {
                height: 2,
                width: 2,
                cell_mm: 3.08
            })?,
            patch.binned(2)?
        );
        // An odd difference cannot be centred; whole pixels are kept rather than smeared.
        assert_eq!(
            patch
                .to_grid(Grid {
                    height: 1,
                    width: 4,
                    ..grid
                })?
                .gauss(),
            [4.0, 5.0, 6.0, 7.0]
        );
        Ok(())
    }

    #[test]
    fn padding_is_not_observed() -> Result<(), Error> {
        let patch = Patch::new(
            Grid {
                height: 1,
                width: 1,
                cell_mm: 1.0,
            },
            vec![7.0],
        )?;
        let padded = patch.to_grid(Grid {
            height: 3,
            width: 3,
            cell_mm: 1.0,
        })?;
        let seen: Vec<bool> = padded.gauss().iter().map(|b| b.is_finite()).collect();
        assert_eq!(
            seen,
            [false, false, false, false, true, false, false, false, false]
        );
        assert_eq!(padded.gauss()[4].to_bits(), 7.0_f32.to_bits());
        Ok(())
    }

    #[test]
    fn nan_is_left_out_until_half_is_missing() -> Result<(), Error> {
        let nan = f32::NAN;
        let grid = Grid {
            height: 2,
            width: 4,
            cell_mm: 1.0,
        };
        let binned = Patch::new(grid, vec![4.0, nan, nan, nan, nan, 8.0, 1.0, nan])?.binned(2)?;
        assert_eq!(binned.gauss()[0].to_bits(), 6.0_f32.to_bits());
        assert!(binned.gauss()[1].is_nan());
        Ok(())
    }

    #[test]
    fn wrong_shapes_are_refused() {
        let grid = |height, width, cell_mm| Grid {
            height,
            width,
            cell_mm,
        };
        assert!(matches!(
            Patch::new(grid(0, 4, 1.0), vec![]),
            Err(Error::Grid { .. })
        ));
        assert!(matches!(
            Patch::new(grid(usize::MAX, 4, 1.0), vec![]),
            Err(Error::Grid { .. })
        ));
        assert!(matches!(
            Patch::new(grid(1, 1, f64::NAN), vec![0.0]),
            Err(Error::Grid { .. })
        ));
        assert!(matches!(
            Patch::new(grid(1, 1, 0.0), vec![0.0]),
            Err(Error::Grid { .. })
        ));
        let error = Patch::new(grid(2, 2, 1.0), vec![0.0]).expect_err("one value is not four");
        assert_eq!(
            error.to_string(),
            "a patch of 2 × 2 pixels needs 4 values, found 1"
        );
        let patch = spot(10, 1.0);
        assert!(matches!(patch.binned(0), Err(Error::Binning { .. })));
        assert!(matches!(patch.binned(3), Err(Error::Binning { .. })));
    }
}
