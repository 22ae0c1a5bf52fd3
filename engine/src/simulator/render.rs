//! A region at one stage drawn as a line-of-sight magnetogram.
//!
//! Radial field first: spots, then flux tubes placed at random with the density `cloud × network`, so that
//! plage has the ragged strands of real plage; each polarity keeps to where its own cloud is the stronger
//! one. Quiet-Sun elements of both signs follow. Then the view: `B_los = μ B_r` with μ the cosine of the
//! heliocentric angle (a field taken as vertical), noise, and the mean over the cells of the asked grid.

use std::f32::consts::FRAC_1_SQRT_2;

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use super::attraction::Attraction;
use super::canvas::{Canvas, Place, Sheet};
use super::chart::{self, Chart, Meeting, Placed, SMOOTH_SHARE};
use super::flux_tube::{self, Population};
use super::region::Region;
use super::spot;
use super::stage::Stage;
use crate::patch::{self, Grid, Patch};

/// Coarsest cell that the field is drawn in, Mm; coarser grids are binned from it.
const COARSEST_MM: f64 = 1.6;

/// Noise of a line-of-sight magnetogram averaged to cells of 1.54 Mm, G (HMI patches: 9 G with the
/// weakest network).
const NOISE_GAUSS: f64 = 7.5;
const NOISE_CELL_MM: f64 = 1.54;

/// Width (σ) of the smallest element, Mm: about what is left of the resolution of a magnetogram
/// that was averaged to 1.5 Mm cells.
const WIDTH_MM: f64 = 1.05;

/// Elements of plage and of the quiet network.
const PLAGE: Population = Population {
    smallest_mx: 2e18,
    largest_mx: 5e19,
};
const QUIET: Population = Population {
    smallest_mx: 1.5e18,
    largest_mx: 2e19,
};

/// A cell of a patch mixes what lies on either side of a line, and so shows no lane.
const MEETING: Meeting = Meeting {
    purity: 1,
    lane_gauss: 0.0,
};

/// Unsigned flux density of the quiet network that stands out of the noise, G.
const QUIET_GAUSS: f64 = 4.0;

/// What is drawn.
pub(super) struct Field {
    pub(super) line_of_sight: Patch,
    /// Unsigned flux of the region's radial field alone, Mx.
    pub(super) usflux_mx: f64,
}

/// Draws the region at that stage.
pub(super) fn render(
    region: &Region,
    stage: &Stage,
    grid: Grid,
    rng: &mut impl Rng,
) -> Result<Field, patch::Error> {
    let factor = (grid.cell_mm / COARSEST_MM).ceil().max(1.0) as usize;
    let fine = Grid {
        height: grid.height * factor,
        width: grid.width * factor,
        cell_mm: grid.cell_mm / factor as f64,
    };
    let sheet = Sheet {
        grid: fine,
        middle: Place::default(),
    };
    let mut canvas = Canvas::new(sheet);
    let attraction = Attraction::draw(region, stage, sheet);
    for (spot, place, radius_mm) in spot::at_stage(region, stage) {
        spot.stamp(&mut canvas, place, radius_mm, |_, _| 1.0);
    }
    let plage = |clouds: &[Placed<'_>], canvas: &mut Canvas, rng: &mut _| {
        for chart in Chart::of_clouds(clouds, stage.days, &attraction.plage, MEETING, sheet) {
            for (b, smooth) in canvas
                .gauss
                .iter_mut()
                .zip(chart.smooth(SMOOTH_SHARE).into_iter().flatten())
            {
                *b += smooth;
            }
            scatter(&chart, PLAGE, 1.0 - SMOOTH_SHARE, canvas, rng);
        }
    };
    plage(&chart::region_clouds(region, stage), &mut canvas, rng);
    let usflux_mx = canvas.gauss.iter().map(|b| f64::from(b.abs())).sum::<f64>() * sheet.cell_area_cm2();
    plage(&chart::remnant_clouds(region), &mut canvas, rng);
    let quiet = Chart::mixed(QUIET_GAUSS, &attraction.quiet, sheet);
    scatter(&quiet, QUIET, 1.0, &mut canvas, rng);

    let mu = region.lat_deg.to_radians().cos() * stage.lon_deg.to_radians().cos();
    // Away from disk centre a cell averages fewer pixels of the instrument.
    let noise = noise(fine, NOISE_GAUSS * NOISE_CELL_MM / fine.cell_mm / mu.sqrt(), rng);
    for (b, noise) in canvas.gauss.iter_mut().zip(noise) {
        *b = *b * mu as f32 + noise;
    }
    Ok(Field {
        line_of_sight: Patch::new(fine, canvas.gauss)?.binned(factor)?,
        usflux_mx,
    })
}

/// Stamps a share of the chart's flux as elements.
fn scatter(chart: &Chart, population: Population, share: f64, canvas: &mut Canvas, rng: &mut impl Rng) {
    chart.scatter(population, share, rng, |place, flux_mx| {
        flux_tube::stamp(canvas, place, flux_mx, WIDTH_MM);
    });
}

/// Gaussian noise of that standard deviation; neighbours are correlated by one half, as the interpolation of
/// a magnetogram leaves them.
fn noise(grid: Grid, sd: f64, rng: &mut impl Rng) -> Vec<f32> {
    // Weights (c, 1, c) along each axis correlate neighbours by 2c / (1 + 2c²): one half.
    const SIDE: f32 = 1.0 - FRAC_1_SQRT_2;
    let norm = sd as f32 / (1.0 + 2.0 * SIDE * SIDE);
    let wide = grid.width + 2;
    let white: Vec<f32> = (0..wide * (grid.height + 2))
        .map(|_| StandardNormal.sample(rng))
        .collect();
    let across: Vec<f32> = white
        .chunks_exact(wide)
        .flat_map(|row| row.windows(3).map(|near| near[1] + SIDE * (near[0] + near[2])))
        .collect();
    let rows = across.windows(2 * grid.width + 1).take(grid.height * grid.width);
    rows.map(|near| norm * (near[grid.width] + SIDE * (near[0] + near[2 * grid.width])))
        .collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn noise_has_its_strength_and_its_correlation() {
        let grid = Grid {
            height: 300,
            width: 200,
            cell_mm: 1.0,
        };
        let noise = noise(grid, 9.0, &mut ChaCha8Rng::seed_from_u64(1));
        assert_eq!(noise.len(), 300 * 200);
        let mean_product = |step: usize| {
            let pairs = noise.iter().zip(&noise[step..]);
            pairs.map(|(&a, &b)| f64::from(a * b)).sum::<f64>() / (noise.len() - step) as f64
        };
        let variance = mean_product(0);
        // 60,000 correlated samples: the variance to 1 %, a correlation to 0.01, one standard error each.
        assert!((variance.sqrt() / 9.0 - 1.0).abs() < 0.03, "{}", variance.sqrt());
        for (step, expected) in [(1, 0.5), (200, 0.5), (201, 0.25), (3, 0.0), (600, 0.0)] {
            let found = mean_product(step) / variance;
            assert!((found - expected).abs() < 0.03, "step {step}: {found}");
        }
    }
}
