//! The masks of the pipeline: which pixels are the region's, and where the azimuth is sure.
//!
//! `conf_disambig` is 90 where |B| stands out of the noise over a neighbourhood, which the disambiguation asks
//! for (`AMBBTHR0` and `AMBBTHR1`, 200 G at disk centre and 400 G at the limb). `bitmap` is active (2, 34) where
//! the smoothed line-of-sight field is strong, inside (33, 34) near such pixels.

use rand::Rng;
use rand_distr::StandardNormal;

use super::super::stage::Stage;
use super::frame::Frame;
use super::observe::Seen;

/// |B| from which the azimuth is sure, at disk centre and what the limb adds, G.
const SURE_GAUSS: f32 = 344.0;
const SURE_AT_LIMB_GAUSS: f32 = 120.0;

/// Mean |B los| of a pixel and its neighbours from which it is active, G.
const ACTIVE_GAUSS: f32 = 424.0;

/// Root of the mean square of the line-of-sight field of a usual record, G: what is active is judged by the rest of
/// the patch.
const USUAL_GAUSS: f32 = 100.0;

/// Power of the rest of the patch with which that grows.
const ACTIVE_POWER: f32 = 0.2;

/// How far an active pixel makes its neighbours active, pixels.
const WIDENING: usize = 2;

/// How much that differs from record to record, in logarithms: the pipeline weighs it by what else it sees.
const ACTIVE_SCATTER: f32 = 0.29;

/// How far the region reaches beyond its active pixels, pixels.
const REACH: usize = 25;

/// Share of active pixels within that reach that makes a pixel the region's.
const CROWD: f32 = 0.012;

/// The two masks, in FITS order.
pub(super) struct Masks {
    pub(super) bitmap: Vec<f32>,
    pub(super) conf_disambig: Vec<f32>,
}

pub(super) fn draw(seen: &Seen, frame: &Frame, stage: &Stage, rng: &mut impl Rng) -> Masks {
    let width = frame.width;
    let strength: Vec<f32> = (0..seen.br.len())
        .map(|at| {
            let (r, p, t) = (seen.br[at], seen.bp[at], seen.bt[at]);
            (r * r + p * p + t * t).sqrt()
        })
        .collect();
    let sure = SURE_GAUSS + SURE_AT_LIMB_GAUSS * (1.0 - stage.lon_deg.to_radians().cos() as f32);
    let conf_disambig = box_mean(&strength, width, 1)
        .into_iter()
        .map(|mean| if mean > sure { 90.0 } else { 60.0 })
        .collect();

    let square = line_of_sight_square(&seen.magnetogram);
    let least = ACTIVE_GAUSS
        * (square.sqrt() / USUAL_GAUSS).powf(ACTIVE_POWER)
        * (ACTIVE_SCATTER * rng.sample::<f32, _>(StandardNormal)).exp();
    let line_of_sight: Vec<f32> = seen.magnetogram.iter().map(|b| b.abs()).collect();
    let strong: Vec<f32> = box_mean(&line_of_sight, width, 1)
        .into_iter()
        .map(|mean| f32::from(u8::from(mean > least)))
        .collect();
    let active: Vec<f32> = box_mean(&strong, width, WIDENING)
        .into_iter()
        .map(|share| f32::from(u8::from(share > 0.0)))
        .collect();
    let bitmap = box_mean(&active, width, REACH)
        .into_iter()
        .zip(&active)
        .map(|(crowd, active)| 1.0 + active + if crowd > CROWD { 32.0 } else { 0.0 })
        .collect();
    Masks {
        bitmap,
        conf_disambig,
    }
}

fn line_of_sight_square(field: &[f32]) -> f32 {
    let sum: f64 = field.iter().map(|&b| f64::from(b * b)).sum();
    (sum / field.len() as f64) as f32
}

/// Mean over the square of `reach` pixels on every side, cut at the edges.
fn box_mean(image: &[f32], width: usize, reach: usize) -> Vec<f32> {
    let rows: Vec<f32> = image
        .chunks_exact(width)
        .flat_map(|row| line_mean(row, reach))
        .collect();
    let height = image.len() / width;
    let mut mean = vec![0.0; image.len()];
    let mut column = vec![0.0; height];
    for x in 0..width {
        for (y, value) in column.iter_mut().enumerate() {
            *value = rows[y * width + x];
        }
        for (y, value) in line_mean(&column, reach).enumerate() {
            mean[y * width + x] = value;
        }
    }
    mean
}

fn line_mean(line: &[f32], reach: usize) -> impl Iterator<Item = f32> {
    let mut sums = Vec::with_capacity(line.len() + 1);
    let mut sum = 0.0_f64;
    sums.push(sum);
    for value in line {
        sum += f64::from(*value);
        sums.push(sum);
    }
    let length = line.len();
    (0..length).map(move |at| {
        let (first, end) = (at.saturating_sub(reach), (at + reach + 1).min(length));
        ((sums[end] - sums[first]) / (end - first) as f64) as f32
    })
}
