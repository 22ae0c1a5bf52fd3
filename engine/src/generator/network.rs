//! The generator's network: z → w → image, in the architectures that there are.
//!
//! Each stands in a file of its own and takes its parameters by name from a [`Source`], so that fresh, trained
//! and imported weights come in by the same door.

pub(super) mod dcgan;
pub(super) mod generative_interrogator;

use candle_core::Tensor;

use crate::nn::{Result, Source};

use super::config::{Arch, GeneratorConfig};

/// Standard deviation of fresh weights before a leaky rectifier of slope 0.2: √(2 / (1 + 0.2²) / fan-in) keeps
/// the variance from layer to layer (He et al. 2015, arXiv:1502.01852).
pub(super) fn he(fan_in: usize) -> f64 {
    (2.0 / 1.04 / fan_in as f64).sqrt()
}

/// Layers of the generator.
#[derive(Debug)]
pub struct Network(Layers);

#[derive(Debug)]
enum Layers {
    Dcgan(dcgan::Network),
    GenerativeInterrogator(generative_interrogator::Network),
}

impl Network {
    /// The network of a configuration with parameters from `source`.
    ///
    /// # Errors
    /// When `source` lacks a parameter or has it in another shape.
    pub fn new(config: &GeneratorConfig, source: &mut dyn Source) -> Result<Self> {
        Ok(Self(match &config.arch {
            Arch::Dcgan(dcgan) => Layers::Dcgan(dcgan::Network::new(config, dcgan, source)?),
            Arch::GenerativeInterrogator => {
                Layers::GenerativeInterrogator(generative_interrogator::Network::new(source)?)
            }
        }))
    }

    /// Maps z (n, latent) to w (n, w).
    ///
    /// # Errors
    /// When the shape does not fit.
    pub fn map(&self, z: &Tensor) -> Result<Tensor> {
        match &self.0 {
            Layers::Dcgan(network) => network.map(z),
            // It has no mapping network: directions live in z itself.
            Layers::GenerativeInterrogator(_) => Ok(z.clone()),
        }
    }

    /// Draws w (n, w) as images (n, 1, size, size) with values in [−1, 1].
    ///
    /// # Errors
    /// When the shape does not fit.
    pub fn synthesize(&self, w: &Tensor) -> Result<Tensor> {
        match &self.0 {
            Layers::Dcgan(network) => network.synthesize(w),
            Layers::GenerativeInterrogator(network) => network.forward(w),
        }
    }

    /// Draws z (n, latent) as images (n, 1, size, size).
    ///
    /// # Errors
    /// When the shape does not fit.
    pub fn forward(&self, z: &Tensor) -> Result<Tensor> {
        self.synthesize(&self.map(z)?)
    }
}
