//! A region at one stage drawn as a line-of-sight magnetogram.
//!
//! Radial field first: spots, then flux tubes placed at random with the density `cloud × network`, so that
//! plage has the ragged strands of real plage; each polarity keeps to where its own cloud is the stronger
//! one. Quiet-Sun elements of both signs follow. Then the view: `B_los = μ B_r` with μ the cosine of the
//! heliocentric angle (a field taken as vertical), noise, and the mean over the cells of the asked grid.

use std::f32::consts::FRAC_1_SQRT_2;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::canvas::{Canvas, Place};
use super::flux_tube::{self, Population};
use super::network::Network;
use super::region::{Cloud, Region};
use super::relief::Relief;
use super::spot::Spot;
use super::stage::Stage;
use crate::patch::{self, CM2_PER_MM2, Grid, Patch};

/// Coarsest cell that the field is drawn in, Mm; coarser grids are binned from it.
const COARSEST_MM: f64 = 1.6;

/// Noise of a line-of-sight magnetogram averaged to cells of 1.54 Mm, G (HMI patches: 9 G with the
/// weakest network).
const NOISE_GAUSS: f64 = 7.5;
const NOISE_CELL_MM: f64 = 1.54;

/// Spots that have shrunk below this are gone, Mm.
const SMALLEST_SPOT_MM: f64 = 1.5;

/// Elements of plage and of the quiet network.
const PLAGE: Population = Population {
    smallest_mx: 2e18,
    largest_mx: 5e19,
};
const QUIET: Population = Population {
    smallest_mx: 1.5e18,
    largest_mx: 2e19,
};

/// Share of plage flux in elements too small and too many to be drawn one by one.
const SMOOTH_SHARE: f64 = 0.55;

/// Unsigned flux density of the quiet network that stands out of the noise, G.
const QUIET_GAUSS: f64 = 4.0;

/// What is drawn.
pub(super) struct Field {
    pub(super) line_of_sight: Patch,
    /// Unsigned flux of the region's radial field alone, Mx.
    pub(super) usflux_mx: f64,
}

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
    let mut canvas = Canvas::new(fine);
    let surface = Surface::draw(region, stage, &canvas);

    draw_spots(region, stage, &mut canvas);
    let moats = moats(region, stage, &canvas);
    let attraction: Vec<f64> = surface
        .plage
        .iter()
        .zip(&moats)
        .map(|(network, moat)| network * moat)
        .collect();
    draw_plage(
        &region_clouds(region, stage),
        stage.days,
        &attraction,
        &mut canvas,
        rng,
    );
    let usflux_mx = canvas.gauss.iter().map(|b| f64::from(b.abs())).sum::<f64>() * cell_area_cm2(fine);
    draw_plage(&remnant_clouds(region), stage.days, &attraction, &mut canvas, rng);
    draw_quiet_sun(&surface.quiet, &mut canvas, rng);

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

/// The network at every cell: how much it draws flux, for plage and for the quiet Sun.
struct Surface {
    plage: Vec<f64>,
    quiet: Vec<f64>,
}

impl Surface {
    fn draw(region: &Region, stage: &Stage, canvas: &Canvas) -> Self {
        // The same network at every view of a region, moved on by the days between.
        let mut rng = ChaCha8Rng::seed_from_u64(region.network_seed);
        let half = canvas.grid.height.max(canvas.grid.width) as f64 * canvas.grid.cell_mm / 2.0;
        let days = stage.days + 4.0;
        let supergranules = Network::draw(&mut rng, 26.0, 5.0, half, days);
        let mut relief = |spacing_mm| Relief::draw(&mut rng, spacing_mm, 1.5 * half, days);
        let (broad, fine, strength) = (relief(9.0), relief(5.0), relief(13.0));
        let (mut plage, mut quiet) = (Vec::new(), Vec::new());
        for place in canvas.places() {
            // The lattice of one is turned against the other's, so that neither shows.
            let turned = Place::default().offset(0.6, place.west, place.south);
            let wide = supergranules.at(place);
            let strands = (broad.strand(turned, 0.3) + 0.6 * fine.strand(place, 0.35))
                * (0.6 * strength.at(turned)).exp();
            plage.push((0.25 + wide) * (0.03 + strands));
            quiet.push((0.05 + wide) * (0.03 + strands));
        }
        Self { plage, quiet }
    }
}

/// The spots at this stage, with their places and radii.
fn spots<'a>(region: &'a Region, stage: &Stage) -> impl Iterator<Item = (&'a Spot, Place, f64)> {
    let shrink = stage.spots.sqrt();
    let (opening, days) = (stage.opening, stage.days);
    region.bipoles.iter().flat_map(move |bipole| {
        bipole.poles.iter().flat_map(move |pole| {
            let foot = bipole.foot(pole, opening);
            let tilt = bipole.tilt_deg.to_radians();
            pole.spots.iter().map(move |spot| {
                let (along, across) = spot.orbit.at(days);
                (
                    spot,
                    foot.offset(tilt, along * opening, across),
                    spot.radius_mm * shrink,
                )
            })
        })
    })
}

fn draw_spots(region: &Region, stage: &Stage, canvas: &mut Canvas) {
    for (spot, place, radius_mm) in
        spots(region, stage).filter(|(.., radius_mm)| *radius_mm > SMALLEST_SPOT_MM)
    {
        spot.stamp(canvas, place, radius_mm);
    }
}

/// A cloud at this stage: where it stands, which way its axis points, its flux and spread.
struct Placed<'a> {
    cloud: &'a Cloud,
    foot: Place,
    tilt_rad: f64,
    flux_share: f64,
    spreading: f64,
}

fn region_clouds<'a>(region: &'a Region, stage: &Stage) -> Vec<Placed<'a>> {
    let (flux_share, spreading, opening) = (stage.flux, stage.spreading, stage.opening);
    let poles = region
        .bipoles
        .iter()
        .flat_map(|bipole| bipole.poles.iter().map(move |pole| (bipole, pole)));
    poles
        .map(|(bipole, pole)| {
            let (foot, tilt_rad) = (bipole.foot(pole, opening), bipole.tilt_deg.to_radians());
            Placed {
                cloud: &pole.plage,
                foot,
                tilt_rad,
                flux_share,
                spreading,
            }
        })
        .collect()
}

fn remnant_clouds(region: &Region) -> Vec<Placed<'_>> {
    let placed = |cloud| Placed {
        cloud,
        foot: Place::default(),
        tilt_rad: 0.0,
        flux_share: 1.0,
        spreading: 1.0,
    };
    region.remnants.iter().map(placed).collect()
}

/// Fills clouds with flux tubes, at places drawn with the density cloud × attraction.
fn draw_plage(clouds: &[Placed<'_>], days: f64, attraction: &[f64], canvas: &mut Canvas, rng: &mut impl Rng) {
    // Mean field of each sign, as if it were smooth.
    let (mut positive, mut negative) = (Canvas::new(canvas.grid), Canvas::new(canvas.grid));
    for Placed {
        cloud,
        foot,
        tilt_rad,
        flux_share,
        spreading,
    } in clouds
    {
        let layer = if cloud.sign > 0.0 {
            &mut positive
        } else {
            &mut negative
        };
        let weights: f64 = cloud.clumps.iter().map(|clump| clump.weight).sum();
        for clump in &cloud.clumps {
            let (along, across) = clump.orbit.at(days);
            let place = foot.offset(*tilt_rad, along, across);
            let flux = cloud.flux_mx / CM2_PER_MM2 * flux_share * clump.weight / weights;
            layer.add_gaussian(place, flux, clump.width_mm * spreading);
        }
    }
    for (own, other, sign) in [(&positive, &negative, 1.0), (&negative, &positive, -1.0)] {
        let flux_mx = own.gauss.iter().map(|&b| f64::from(b)).sum::<f64>() * cell_area_cm2(canvas.grid);
        let density =
            own.gauss
                .iter()
                .zip(&other.gauss)
                .zip(attraction)
                .map(|((&own, &other), attraction)| {
                    let (own, other) = (f64::from(own), f64::from(other));
                    // Where the signs meet, the weaker one has mostly been cancelled.
                    own * own / (own + other).max(f64::MIN_POSITIVE) * attraction
                });
        let chart = Chart::new(density);
        chart.spread(sign * SMOOTH_SHARE * flux_mx, canvas);
        scatter(&chart, PLAGE, (1.0 - SMOOTH_SHARE) * flux_mx, canvas, rng, |_| {
            sign
        });
    }
}

/// Spots keep a moat around them free of plage: 0 in a spot, 1 from twice its radius on.
fn moats(region: &Region, stage: &Stage, canvas: &Canvas) -> Vec<f64> {
    let mut cleared = Canvas::new(canvas.grid);
    cleared.gauss.fill(1.0);
    for (_, place, radius_mm) in spots(region, stage).filter(|(.., radius_mm)| *radius_mm > SMALLEST_SPOT_MM)
    {
        let moat = 1.5 * radius_mm;
        cleared.scale(place, 2.2 * radius_mm, |west, south| {
            1.0 - (-((west * west + south * south) / (moat * moat)).powi(2)).exp()
        });
    }
    cleared.gauss.iter().map(|&share| f64::from(share)).collect()
}

fn draw_quiet_sun(attraction: &[f64], canvas: &mut Canvas, rng: &mut impl Rng) {
    let flux_mx = QUIET_GAUSS * cell_area_cm2(canvas.grid) * canvas.gauss.len() as f64;
    let chart = Chart::new(attraction.iter().copied());
    scatter(&chart, QUIET, flux_mx, canvas, rng, |rng| {
        if rng.random_bool(0.5) { 1.0 } else { -1.0 }
    });
}

/// Stamps elements at places of the chart until they hold `flux_mx` of unsigned flux.
fn scatter<R: Rng>(
    chart: &Chart,
    population: Population,
    flux_mx: f64,
    canvas: &mut Canvas,
    rng: &mut R,
    sign: impl Fn(&mut R) -> f64,
) {
    let mut placed = 0.0;
    while placed < flux_mx {
        let Some(place) = chart.draw(canvas, rng) else {
            break;
        };
        let flux = population.draw(rng);
        flux_tube::stamp(canvas, place, sign(rng) * flux);
        placed += flux;
    }
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

fn cell_area_cm2(grid: Grid) -> f64 {
    grid.cell_mm * grid.cell_mm * CM2_PER_MM2
}

/// Cumulative density over the cells, to draw places from.
struct Chart {
    cumulative: Vec<f64>,
}

impl Chart {
    fn new(density: impl Iterator<Item = f64>) -> Self {
        let cumulative = density.scan(0.0, |sum, density| {
            *sum += density;
            Some(*sum)
        });
        Self {
            cumulative: cumulative.collect(),
        }
    }

    /// Adds flux to all cells, in proportion to the density.
    fn spread(&self, flux_mx: f64, canvas: &mut Canvas) {
        let Some(total) = self.cumulative.last().filter(|&&total| total > 0.0) else {
            return;
        };
        let gauss = flux_mx / cell_area_cm2(canvas.grid) / total;
        let mut before = 0.0;
        for (b, &sum) in canvas.gauss.iter_mut().zip(&self.cumulative) {
            *b += (gauss * (sum - before)) as f32;
            before = sum;
        }
    }

    /// A random place; `None` where the density is zero everywhere.
    fn draw(&self, canvas: &Canvas, rng: &mut impl Rng) -> Option<Place> {
        let total = self.cumulative.last().copied().filter(|&total| total > 0.0)?;
        let mark = rng.random::<f64>() * total;
        let index = self
            .cumulative
            .partition_point(|&sum| sum <= mark)
            .min(self.cumulative.len() - 1);
        let middle = canvas.place(index / canvas.grid.width, index % canvas.grid.width);
        let mut within = || (rng.random::<f64>() - 0.5) * canvas.grid.cell_mm;
        Some(Place {
            west: middle.west + within(),
            south: middle.south + within(),
        })
    }
}

#[cfg(test)]
mod tests {
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
