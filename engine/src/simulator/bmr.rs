//! The analytic bipolar magnetic region: a field whose flux, separation and tilt are known without measuring.
//!
//! With φ along the axis and λ across it, `B = B₀ (φ/s) exp(−(φ² + 2 λ²)/s²)` (Yeates 2020, Solar Physics
//! 295, 119). Integrating gives Φ = ∫|B| dA = √(π/2) B₀ s², and the centroid of each half lies at ±s √π/2,
//! hence ρ = s √π: two numbers fix the field. The models and the physics are tested against it.

use std::f64::consts::PI;

use crate::patch::{CM2_PER_MM2, Error, Grid, Patch};

/// A bipole in the middle of a patch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bmr {
    /// Total unsigned flux of both polarities, Mx.
    pub flux_mx: f64,
    /// Distance of the polarities' flux centroids, Mm.
    pub separation_mm: f64,
    /// Angle of the axis, positive where the western polarity lies further south, degrees.
    pub tilt_deg: f64,
    /// Whether the positive polarity is west.
    pub positive_leads: bool,
}

impl Bmr {
    /// The field at the centres of a grid's cells, in Gauss.
    ///
    /// # Errors
    /// [`Error::Grid`] if the grid is empty or its cell has no positive size.
    ///
    /// # Examples
    /// ```
    /// use helioql::patch::Grid;
    /// use helioql::physics::measure;
    /// use helioql::simulator::bmr::Bmr;
    ///
    /// let bmr = Bmr { flux_mx: 1e22, separation_mm: 50.0, tilt_deg: 12.0, positive_leads: true };
    /// let found = measure(&bmr.render(Grid { height: 128, width: 128, cell_mm: 1.54 })?);
    /// assert!((found.usflux / 1e22 - 1.0).abs() < 1e-3);
    /// assert!((found.tilt_deg - 12.0).abs() < 0.1);
    /// # Ok::<(), helioql::patch::Error>(())
    /// ```
    pub fn render(&self, grid: Grid) -> Result<Patch, Error> {
        let scale = self.separation_mm / PI.sqrt();
        let sign = if self.positive_leads { 1.0 } else { -1.0 };
        let peak = sign * self.flux_mx / CM2_PER_MM2 / (scale * scale) / (PI / 2.0).sqrt();
        let (sin, cos) = self.tilt_deg.to_radians().sin_cos();
        let centre = |n: usize| n as f64 / 2.0 - 0.5;
        let gauss = (0..grid.height)
            .flat_map(|row| (0..grid.width).map(move |column| (row, column)))
            .map(|(row, column)| {
                let south = (row as f64 - centre(grid.height)) * grid.cell_mm / scale;
                let west = (column as f64 - centre(grid.width)) * grid.cell_mm / scale;
                let (along, across) = (west * cos + south * sin, south * cos - west * sin);
                (peak * along * (-(along * along + 2.0 * across * across)).exp()) as f32
            })
            .collect();
        Patch::new(grid, gauss)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::measure;

    #[test]
    fn what_goes_in_is_measured() -> Result<(), Error> {
        for (flux_mx, separation_mm, tilt_deg, positive_leads) in [
            (1e22, 40.0, 8.0, true),
            (1e22, 60.0, -25.0, false),
            (5e22, 55.0, 0.0, true),
            (1e22, 30.0, 80.0, false),
        ] {
            let bmr = Bmr {
                flux_mx,
                separation_mm,
                tilt_deg,
                positive_leads,
            };
            for (side, cell_mm) in [(64, 3.08), (128, 1.54)] {
                let found = measure(&bmr.render(Grid {
                    height: side,
                    width: side,
                    cell_mm,
                })?);
                // Sampled at cell centres, with at least 10 cells between the poles.
                assert!((found.usflux / flux_mx - 1.0).abs() < 1e-2, "{bmr:?}: {found:?}");
                assert!(found.netflux.abs() < 1e-6 * flux_mx, "{bmr:?}: {found:?}");
                // The 50 G threshold of PSEP cuts the weak skirts, inside and outside, by a few per cent.
                assert!(
                    (found.psep_mm / separation_mm - 1.0).abs() < 0.08,
                    "{bmr:?}: {found:?}"
                );
                assert!((found.tilt_deg - tilt_deg).abs() < 1.0, "{bmr:?}: {found:?}");
                let expected = tilt_deg.to_radians().cos() * if positive_leads { 1.0 } else { -1.0 };
                assert!((found.polarity - expected).abs() < 0.02, "{bmr:?}: {found:?}");
            }
        }
        Ok(())
    }
}
