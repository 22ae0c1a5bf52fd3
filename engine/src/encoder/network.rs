//! The encoder's network, in the architectures that there are: images to learned features.

pub(super) mod resnet;
pub(super) mod simsiam;
mod unit;

use candle_core::Tensor;

use super::config::{Arch, EncoderConfig};
use crate::nn::{Result, Source};

pub(super) use unit::Use;

/// A network in use.
#[derive(Debug, Clone)]
pub(super) enum Network {
    Resnet(resnet::Network),
    Simsiam(simsiam::Network),
}

impl Network {
    /// Takes the parameters that `config` names from `source`.
    pub(super) fn new(config: &EncoderConfig, source: &mut dyn Source) -> Result<Self> {
        Ok(match &config.arch {
            Arch::Resnet(resnet) => {
                Self::Resnet(resnet::Network::new(config, resnet, source, Use::Inference)?)
            }
            Arch::Simsiam => Self::Simsiam(simsiam::Network::new(source)?),
        })
    }

    /// Images (n, 1, size, size) to features (n, learned).
    pub(super) fn forward(&self, images: &Tensor) -> Result<Tensor> {
        match self {
            Self::Resnet(network) => network.forward(images),
            Self::Simsiam(network) => network.forward(images),
        }
    }
}
