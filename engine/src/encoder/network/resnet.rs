//! Our encoder: a stem and residual blocks, each halving the image, a 2 × 2 mean pool and a linear layer
//! (He et al. 2016, arXiv:1512.03385).
//!
//! The pool keeps four quadrants and not one mean, since where a polarity lies is part of what makes regions
//! alike.

use candle_core::Tensor;

use super::unit::{Unit, Use};
use crate::encoder::config::{EncoderConfig, Resnet};
use crate::nn::{Activation, Linear, Parameters, Result, Source, Window, default_std};

/// The network.
#[derive(Debug, Clone)]
pub(in super::super) struct Network {
    stem: Unit,
    blocks: Vec<Block>,
    pool: usize,
    head: Linear,
}

impl Network {
    /// Takes the parameters that `config` and its part `resnet` name from `source`.
    pub(in super::super) fn new(
        config: &EncoderConfig,
        resnet: &Resnet,
        source: &mut dyn Source,
        of: Use,
    ) -> Result<Self> {
        let channels = &resnet.channels;
        let first = channels[0];
        let window = Window {
            kernel: 4,
            stride: 2,
            padding: 1,
        };
        let stem = Unit::new(source, ("stem", "n0.m"), (1, first), window, of)?;
        let blocks = channels
            .windows(2)
            .enumerate()
            .map(|(i, channels)| Block::new(source, &format!("bl.{i}"), (channels[0], channels[1]), of))
            .collect::<Result<_>>()?;
        let features = 4 * channels.last().copied().unwrap_or(first);
        let std = default_std(features);
        let head = Linear::new(source, "fc", (features, config.learned), Activation::None, std)?;
        Ok(Self {
            stem,
            blocks,
            pool: resnet.last_side(config.size) / 2,
            head,
        })
    }

    /// Images (n, 1, size, size) to features (n, learned).
    pub(in super::super) fn forward(&self, images: &Tensor) -> Result<Tensor> {
        let mut h = self.stem.forward(images, true)?; // (n, c, size/2, size/2)
        for block in &self.blocks {
            h = block.forward(&h)?;
        }
        if self.pool > 1 {
            h = h.avg_pool2d(self.pool)?; // (n, c, 2, 2)
        }
        self.head.forward(&h.flatten_from(1)?)
    }

    /// Writes running averages to the parameters that the network was made from.
    pub(in super::super) fn store(&self, parameters: &Parameters) -> Result<()> {
        let of_blocks = self
            .blocks
            .iter()
            .flat_map(|block| [&block.first, &block.second, &block.skip]);
        of_blocks
            .chain([&self.stem])
            .filter_map(|unit| unit.norm.as_ref())
            .try_for_each(|n| n.store(parameters))
    }
}

/// Two 3 × 3 convolutions beside a pooled 1 × 1 convolution.
#[derive(Debug, Clone)]
struct Block {
    first: Unit,
    second: Unit,
    skip: Unit,
}

impl Block {
    fn new(source: &mut dyn Source, name: &str, (inputs, outputs): (usize, usize), of: Use) -> Result<Self> {
        let mut unit = |conv, norm, inputs, kernel, stride| {
            let window = Window {
                kernel,
                stride,
                padding: kernel / 2,
            };
            let names = (&*format!("{name}.{conv}"), &*format!("{name}.{norm}.m"));
            Unit::new(source, names, (inputs, outputs), window, of)
        };
        Ok(Self {
            first: unit("a", "na", inputs, 3, 2)?,
            second: unit("b", "nb", outputs, 3, 1)?,
            skip: unit("sk", "ns", inputs, 1, 1)?,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let deep = self.second.forward(&self.first.forward(x, true)?, false)?;
        let skip = self.skip.forward(&x.avg_pool2d(2)?, false)?;
        Ok((deep + skip)?.relu()?)
    }
}
