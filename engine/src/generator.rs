//! The generator: a network that turns 100 random numbers into a magnetic patch.
//!
//! z ∈ Rᶻ is mapped to w by a small network and w is drawn as an image by transposed convolutions. w stands
//! between because quantities of the patch are nearly linear in it: directions live there, so the two halves
//! are called apart as well as together. There are two architectures ([`Arch`]): our own, and that of
//! arXiv:2502.05351, in which w is z itself. Training is in [`mod@train`], with a recipe for each.
//!
//! With the same weights a latent gives the same bits in any batch and on any number of threads.

mod augment;
mod calibration;
mod checkpoint;
pub mod config;
pub mod critic;
pub mod discriminator;
pub mod evaluate;
pub mod finish;
mod import;
pub mod network;
pub mod scale;
#[cfg(test)]
mod tests;
pub mod train;

use std::time::Instant;

use candle_core::{Device, Tensor};

use crate::{
    meter,
    nn::{ModelError, Parameters, Random, Result},
    patch::{Grid, Patch},
};

pub use calibration::Calibration;
pub use config::{Arch, Dcgan, GeneratorConfig, Head};
pub use finish::Finish;
pub use import::ImportOptions;
pub use train::{Recipe, Record, TrainOptions, Trained, train};

use network::Network;

/// Names of the parameters in a weights file begin with this.
const PREFIX: &str = "generator.";

/// Images drawn at a time: enough to keep every thread busy, few enough to stay in the cache.
const BATCH: usize = 16;

/// A trained generator.
#[derive(Debug)]
pub struct Generator {
    config: GeneratorConfig,
    parameters: Parameters,
    network: Network,
}

impl Generator {
    /// Reads a generator from its description and its safetensors weights.
    ///
    /// # Errors
    /// When the description is not valid, or the weights are damaged or belong to another description.
    pub fn load(config: &GeneratorConfig, weights: &[u8]) -> Result<Self> {
        Self::from_parameters(config, Parameters::from_safetensors(weights, PREFIX)?)
    }

    /// A generator with fresh, untrained weights: for tests and as the start of training.
    ///
    /// # Errors
    /// When the description is not valid.
    pub fn untrained(config: &GeneratorConfig, seed: u64) -> Result<Self> {
        config.check()?;
        let mut parameters = Parameters::new();
        Network::new(config, &mut parameters.fresh(&mut Random::new(seed, 0)))?;
        Self::from_parameters(config, parameters)
    }

    pub(crate) fn from_parameters(config: &GeneratorConfig, parameters: Parameters) -> Result<Self> {
        config.check()?;
        let network = Network::new(config, &mut parameters.frozen())?;
        Ok(Self {
            config: config.clone(),
            parameters,
            network,
        })
    }

    /// The weights as a safetensors file.
    ///
    /// # Errors
    /// When the tensors cannot be written.
    pub fn save(&self) -> Result<Vec<u8>> {
        self.parameters.to_safetensors(PREFIX)
    }

    /// The description that belongs to the weights.
    pub fn config(&self) -> &GeneratorConfig {
        &self.config
    }

    /// The grid of the patches it draws.
    pub fn grid(&self) -> Grid {
        self.config.grid()
    }

    /// Latent number `index` of `seed`: `dim` draws from the standard normal distribution.
    pub fn latent(seed: u64, index: u64, dim: usize) -> Vec<f32> {
        Random::new(seed, index).normals(dim)
    }

    /// Maps latents z to w.
    ///
    /// # Errors
    /// When a latent has another length than the generator's.
    pub fn map(&self, z: &[Vec<f32>]) -> Result<Vec<Vec<f32>>> {
        let mut w = Vec::with_capacity(z.len());
        for z in z.chunks(BATCH) {
            let z = rows("a latent", z, self.config.latent_dim)?;
            w.extend(self.network.map(&z)?.to_vec2()?);
        }
        Ok(w)
    }

    /// Draws the patches of w, in Gauss.
    ///
    /// # Errors
    /// When a w has another length than the generator's.
    pub fn synthesize(&self, w: &[Vec<f32>]) -> Result<Vec<Patch>> {
        let mut patches = Vec::with_capacity(w.len());
        for w in w.chunks(BATCH) {
            let start = Instant::now();
            let w = rows("a w vector", w, self.config.w_dim)?;
            let mut images: Vec<f32> = self.network.synthesize(&w)?.flatten_all()?.to_vec1()?;
            let grid = self.grid();
            patches.extend(images.chunks_exact_mut(grid.cells()).map(|image| {
                if let Some(finish) = &self.config.finish {
                    finish.apply(image, grid.width);
                }
                self.patch(image)
            }));
            meter::drew(w.dim(0)?, start.elapsed());
        }
        Ok(patches)
    }

    /// Draws w (n, w) as images (n, 1, size, size) with values in [−1, 1], before their correction; the gradient of
    /// w goes through.
    pub(crate) fn images(&self, w: &Tensor) -> Result<Tensor> {
        let start = Instant::now();
        let images = self.network.synthesize(w)?;
        meter::drew(w.dim(0)?, start.elapsed());
        Ok(images)
    }

    /// Draws the patches of z: [`map`](Self::map), then [`synthesize`](Self::synthesize).
    ///
    /// # Errors
    /// When a latent has another length than the generator's.
    pub fn generate(&self, z: &[Vec<f32>]) -> Result<Vec<Patch>> {
        self.synthesize(&self.map(z)?)
    }

    fn patch(&self, image: &[f32]) -> Patch {
        let gauss = image.iter().map(|&x| self.config.decode(x)).collect();
        Patch::new(self.grid(), gauss).expect("the network draws images of the configured size")
    }
}

/// A tensor of vectors that must all have `len` numbers.
fn rows(what: &'static str, vectors: &[Vec<f32>], len: usize) -> Result<Tensor> {
    if let Some(odd) = vectors.iter().find(|v| v.len() != len) {
        return Err(ModelError::Length {
            what,
            expected: len,
            found: odd.len(),
        });
    }
    Ok(Tensor::from_vec(
        vectors.concat(),
        (vectors.len(), len),
        &Device::Cpu,
    )?)
}
