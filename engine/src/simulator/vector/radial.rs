//! The radial field at full resolution, and how bright the photosphere is.
//!
//! Spots with an umbra and a filamented penumbra; plage and quiet network from flux tubes, placed by the same
//! charts as in a small patch but as sharp as HMI sees them.

use std::f64::consts::TAU;

use rand::Rng;

use super::super::attraction::Attraction;
use super::super::canvas::Canvas;
use super::super::chart::{self, Chart, Meeting, SMOOTH_SHARE};
use super::super::flux_tube::{self, Population};
use super::super::region::Region;
use super::super::spot;
use super::super::stage::Stage;
use super::bearing::Bearing;
use super::frame::{self, Frame};

/// Pixels of a cell of the charts that flux tubes are placed by.
const CHART_PIXELS: usize = frame::MULTIPLE;

/// Width (σ) of the smallest element as HMI shows it, Mm.
const WIDTH_MM: f64 = 0.565;

/// Elements of plage and of the quiet network.
const PLAGE: Population = Population {
    smallest_mx: 5e17,
    largest_mx: 4e19,
};
const QUIET: Population = Population {
    smallest_mx: 4e17,
    largest_mx: 1e19,
};

/// How much more sharply than in a small patch flux gathers in strands.
const GATHERING: f64 = 1.7;

/// Largest mean field of plage over a cell of the charts, G.
const SATURATION_GAUSS: f64 = 473.0;

/// Polarities hardly mix, and weak ones leave a lane.
const MEETING: Meeting = Meeting {
    purity: 16,
    lane_gauss: 300.0,
};

/// Mean field of plage in which elements of either sign have become rare, G.
const UNMIXED_GAUSS: f32 = 12.0;

/// Unsigned flux density of the quiet network that stands out of the noise, G.
const QUIET_GAUSS: f64 = 4.0;

/// Share of the quiet Sun's brightness that umbra and penumbra have.
const UMBRA: f64 = 0.25;
const PENUMBRA: f64 = 0.77;

/// How much stronger the horizontal field of a penumbra is than the potential one.
const LYING: f64 = 0.3;

/// Radius up to which a spot is a pore, Mm; it has a full penumbra from twice that on.
const PORE_MM: f64 = 3.2;

/// Radius of the umbra as a part of the penumbra's.
const UMBRA_SHARE: f64 = 0.42;

/// What is painted, in FITS order.
pub(super) struct Radial {
    pub(super) br: Vec<f32>,
    /// Brightness as a share of the quiet Sun's.
    pub(super) brightness: Vec<f32>,
    /// Factor on the horizontal field: penumbral filaments.
    pub(super) lying: Vec<f32>,
}

pub(super) fn draw(
    region: &Region,
    stage: &Stage,
    frame: &Frame,
    bearing: &Bearing,
    rng: &mut impl Rng,
) -> Radial {
    let mut canvas = Canvas::new(frame.sheet(1));
    let mut brightness = Canvas::new(frame.sheet(1));
    brightness.gauss.fill(1.0);
    let mut lying = Canvas::new(frame.sheet(1));
    lying.gauss.fill(bearing.steepness as f32);
    for (spot, place, radius_mm) in spot::at_stage(region, stage) {
        // Pores have no penumbra, and so no field that lies flat around them.
        let grown = ((radius_mm - PORE_MM) / PORE_MM).clamp(0.7, 1.0);
        let filaments = Filaments::draw(radius_mm, grown * bearing.filaments, rng);
        spot.stamp(&mut canvas, place, radius_mm, |angle, share| {
            filaments.at(angle, share)
        });
        // Between the spokes the field lies flat.
        spot.scale(&mut lying, place, radius_mm, |angle, share| {
            let ramp = |from: f64, to: f64| ((share - from) / (to - from)).clamp(0.0, 1.0);
            let penumbra = ramp(0.3, 0.55) * ramp(1.0, 0.75);
            let spot = grown + penumbra * (LYING * grown - 0.25 * (filaments.at(angle, share) - 1.0));
            1.0 + ramp(1.35, 0.95) * (spot / bearing.steepness - 1.0)
        });
        spot.scale(&mut brightness, place, radius_mm, |angle, share| {
            let step = |at: f64, width: f64| 0.5 * (1.0 + ((at - share) / width).tanh());
            let bright = 1.0 + 0.5 * (filaments.at(angle, share) - 1.0);
            let penumbra = step(1.0, 0.06) * (1.0 - PENUMBRA) * bright;
            let umbra = step(UMBRA_SHARE, 0.07) * (PENUMBRA - UMBRA);
            1.0 - penumbra - umbra
        });
    }

    // Away from disk centre a pixel of the instrument covers more of the surface.
    let mu = region.lat_deg.to_radians().cos() * stage.lon_deg.to_radians().cos();
    let width_mm = bearing.focus * WIDTH_MM * mu.powf(-0.6);
    let sheet = frame.sheet(CHART_PIXELS);
    let mut attraction = Attraction::draw(region, stage, sheet);
    for draw in &mut attraction.plage {
        *draw = draw.powf(GATHERING);
    }
    let mut clouds = chart::region_clouds(region, stage);
    clouds.extend(chart::remnant_clouds(region));
    for chart in Chart::of_clouds(&clouds, stage.days, &attraction.plage, MEETING, sheet) {
        let chart = chart.saturated(SATURATION_GAUSS);
        scatter(&chart, PLAGE, 1.0 - SMOOTH_SHARE, &mut canvas, width_mm, rng);
        spread(&chart, SMOOTH_SHARE, &mut canvas);
        // In plage, elements of the other sign have been cancelled.
        for (draw, plage) in attraction
            .quiet
            .iter_mut()
            .zip(chart.smooth(1.0).into_iter().flatten())
        {
            *draw *= f64::from((-plage.abs() / UNMIXED_GAUSS).exp());
        }
    }
    let quiet = Chart::mixed(QUIET_GAUSS, &attraction.quiet, sheet);
    scatter(&quiet, QUIET, 1.0, &mut canvas, width_mm, rng);
    Radial {
        br: from_south(&canvas),
        brightness: from_south(&brightness),
        lying: from_south(&lying),
    }
}

fn scatter(
    chart: &Chart,
    population: Population,
    share: f64,
    canvas: &mut Canvas,
    width_mm: f64,
    rng: &mut impl Rng,
) {
    chart.scatter(population, share, rng, |place, flux_mx| {
        flux_tube::stamp(canvas, place, flux_mx, width_mm);
    });
}

/// The weak share of plage: the chart's own density, joined smoothly from cell to cell.
fn spread(chart: &Chart, share: f64, canvas: &mut Canvas) {
    let Some(cells) = chart.smooth(share) else { return };
    let cells: Vec<f32> = cells.collect();
    let (width, wide) = (canvas.sheet.grid.width, canvas.sheet.grid.width / CHART_PIXELS);
    let high = cells.len() / wide;
    // Where a pixel's middle lies between the middles of cells.
    let between = |pixel: usize, count: usize| {
        let at = ((pixel as f32 + 0.5) / CHART_PIXELS as f32 - 0.5).clamp(0.0, (count - 1) as f32);
        let first = (at as usize).min(count.saturating_sub(2));
        (first, (first + 1).min(count - 1), at - first as f32)
    };
    for (row, line) in canvas.gauss.chunks_exact_mut(width).enumerate() {
        let (north, south, down) = between(row, high);
        for (column, b) in line.iter_mut().enumerate() {
            let (east, west, right) = between(column, wide);
            let mix = |row: usize| {
                let (a, b) = (cells[row * wide + east], cells[row * wide + west]);
                a + (b - a) * right
            };
            *b += mix(north) + (mix(south) - mix(north)) * down;
        }
    }
}

/// Penumbral filaments: spokes of stronger and weaker radial field, about a Mm apart.
struct Filaments {
    strength: f64,
    spokes: [(f64, f64, f64); 4],
}

impl Filaments {
    fn draw(radius_mm: f64, strength: f64, rng: &mut impl Rng) -> Self {
        let spokes = [0.8, 1.1, 1.5, 2.1].map(|wavelength_mm| {
            let order = (TAU * 0.7 * radius_mm / wavelength_mm * rng.random_range(0.85..1.15)).round();
            (order, rng.random_range(0.0..TAU), rng.random_range(-4.0..4.0))
        });
        Self { strength, spokes }
    }

    /// The factor on the field at a share of the radius.
    fn at(&self, angle: f64, share: f64) -> f64 {
        let sum: f64 = self
            .spokes
            .iter()
            .map(|(order, phase, winding)| (order * angle + phase + winding * share).cos())
            .sum();
        // None in the umbra, all in the outer penumbra.
        let rise = ((share - 0.35) / 0.3).clamp(0.0, 1.0);
        1.0 + self.strength * rise * 0.5 * sum
    }
}

fn from_south(canvas: &Canvas) -> Vec<f32> {
    canvas
        .gauss
        .chunks_exact(canvas.sheet.grid.width)
        .rev()
        .flatten()
        .copied()
        .collect()
}
