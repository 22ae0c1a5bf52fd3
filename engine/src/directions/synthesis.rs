//! What directions need of a generator: seeded latents z, their map to w where directions lie (for a
//! generator without a mapping network, as the paper's, w is z itself), and patches. A trait, so that fitting, solving and steering can be proven on a generator that is one line of
//! arithmetic.

use rayon::prelude::*;

use crate::{
    generator::Generator,
    nn::ModelError,
    patch::Patch,
    physics::{self, PatchQuantities},
};

/// A generator as seen from its latent spaces.
pub trait Synthesis: Sync {
    /// The `index`-th latent z of a seed.
    fn latent(&self, seed: u64, index: u64) -> Vec<f32>;

    /// Points of w for latents z.
    ///
    /// # Errors
    /// When a latent is not of the generator's length.
    fn map(&self, latents: &[Vec<f32>]) -> Result<Vec<Vec<f32>>, ModelError>;

    /// Patches for points of w, the same bits whatever else is in the batch.
    ///
    /// # Errors
    /// When a point is not of the generator's length.
    fn synthesize(&self, points: &[Vec<f32>]) -> Result<Vec<Patch>, ModelError>;
}

impl Synthesis for Generator {
    fn latent(&self, seed: u64, index: u64) -> Vec<f32> {
        Self::latent(seed, index, self.config().latent_dim)
    }

    fn map(&self, latents: &[Vec<f32>]) -> Result<Vec<Vec<f32>>, ModelError> {
        Self::map(self, latents)
    }

    fn synthesize(&self, points: &[Vec<f32>]) -> Result<Vec<Patch>, ModelError> {
        Self::synthesize(self, points)
    }
}

/// A point of w with the patch there and what was measured on it.
#[derive(Clone, Debug)]
pub struct View {
    /// The point.
    pub w: Vec<f32>,
    /// The patch that the generator makes of it.
    pub patch: Patch,
    /// The patch's measured quantities.
    pub quantities: PatchQuantities,
}

/// A generator whose patches are measured and counted.
pub(crate) struct Explorer<'a> {
    generator: &'a dyn Synthesis,
    images: usize,
}

impl<'a> Explorer<'a> {
    pub(crate) fn new(generator: &'a dyn Synthesis) -> Self {
        Self { generator, images: 0 }
    }

    /// The number of patches made so far.
    pub(crate) fn images(&self) -> usize {
        self.images
    }

    /// The seeded latents of these indices, as points of w.
    pub(crate) fn starts(&self, seed: u64, indices: &[u64]) -> Result<Vec<Vec<f32>>, ModelError> {
        let latents: Vec<_> = indices
            .iter()
            .map(|&index| self.generator.latent(seed, index))
            .collect();
        self.generator.map(&latents)
    }

    /// Makes and measures the patches at these points.
    pub(crate) fn look(&mut self, points: Vec<Vec<f32>>) -> Result<Vec<View>, ModelError> {
        self.images += points.len();
        let patches = self.generator.synthesize(&points)?;
        Ok(points
            .into_par_iter()
            .zip(patches)
            .map(|(w, patch)| View {
                quantities: physics::measure(&patch),
                w,
                patch,
            })
            .collect())
    }
}

/// The point `amount` steps away.
pub(crate) fn moved(w: &[f32], step: &[f64], amount: f64) -> Vec<f32> {
    w.iter()
        .zip(step)
        .map(|(&x, s)| (f64::from(x) + amount * s) as f32)
        .collect()
}
