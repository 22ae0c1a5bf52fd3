//! A generator that is a few lines of arithmetic, for tests: two blobs of flux whose strengths, separation
//! and order are known functions of the latent.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::{Directions, DirectionsError, FitOptions, Synthesis};
use crate::{
    nn::ModelError,
    patch::{Grid, Patch},
    progress::Silent,
};

const SIZE: usize = 24;
const DIM: usize = 6;

/// Latent 0 raises both fluxes, 1 moves flux from the negative to the positive polarity, 2 sets the
/// separation, 3 the order, 4 the tilt; 5 does nothing.
pub(crate) struct TwoBlobs;

impl Synthesis for TwoBlobs {
    fn latent(&self, seed: u64, index: u64) -> Vec<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(index);
        (0..DIM).map(|_| rng.sample(StandardNormal)).collect()
    }

    fn map(&self, latents: &[Vec<f32>]) -> Result<Vec<Vec<f32>>, ModelError> {
        Ok(latents.to_vec())
    }

    fn synthesize(&self, points: &[Vec<f32>]) -> Result<Vec<Patch>, ModelError> {
        Ok(points.iter().map(|w| patch(w)).collect())
    }
}

fn patch(w: &[f32]) -> Patch {
    let middle = SIZE as f32 / 2.0 - 0.5;
    let half = (3.5 + 0.6 * w[2]).clamp(1.0, 8.0);
    let (sin, cos) = (0.3 * w[4]).sin_cos();
    let side = (4.0 * w[3]).tanh();
    let (dx, dy) = (side * half * cos, half * sin);
    let (positive, negative) = ((0.4 * w[0] + 0.2 * w[1]).exp(), (0.4 * w[0] - 0.2 * w[1]).exp());
    let blob = |x: f32, y: f32| (-(x * x + y * y) / 6.0).exp();
    let gauss = (0..SIZE * SIZE)
        .map(|i| {
            let (x, y) = ((i % SIZE) as f32 - middle, (i / SIZE) as f32 - middle);
            600.0 * (positive * blob(x - dx, y - dy) - negative * blob(x + dx, y + dy))
        })
        .collect();
    let grid = Grid {
        height: SIZE,
        width: SIZE,
        cell_mm: 3.08,
    };
    Patch::new(grid, gauss).expect("as many pixels as the grid has cells")
}

/// Directions of [`TwoBlobs`], from a thousand samples.
pub(crate) fn directions() -> Result<Directions, DirectionsError> {
    let options = FitOptions {
        samples: 1000,
        axes: DIM,
        ..FitOptions::default()
    };
    let keywords = ["usflux", "tpf", "tnf", "netflux", "psep", "tilt", "polarity"];
    Directions::train(&TwoBlobs, &keywords, &options, &Silent)
}

/// Points about the origin and a noisy vote on which side of a plane each lies.
pub(crate) fn noisy_sides(count: usize, dim: usize) -> (Vec<Vec<f64>>, Vec<bool>) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut draw = move || rng.sample::<f64, _>(StandardNormal);
    let rows: Vec<Vec<f64>> = (0..count).map(|_| (0..dim).map(|_| draw()).collect()).collect();
    let sides = rows
        .iter()
        .map(|row| row.iter().zip(1..).map(|(x, i)| x / f64::from(i)).sum::<f64>() + 0.5 * draw() > 0.0);
    let sides = sides.collect();
    (rows, sides)
}
