//! The encoder's network: a stem and residual blocks, each halving the image, a 2 × 2 mean pool and a linear
//! layer (He et al. 2016, arXiv:1512.03385).
//!
//! The pool keeps four quadrants and not one mean, since where a polarity lies is part of what makes regions
//! alike. One description serves both uses: in training every convolution is followed by batch
//! normalisation; in use the normalisation is multiplied into the convolution's weights.

use candle_core::Tensor;

use super::{
    EncoderConfig,
    batch_norm::{BatchNorm, EPSILON},
};
use crate::nn::{Activation, Conv2d, Init, Linear, Parameters, Result, Source, Window};

/// Whether normalisation follows the batch or stands in the weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Training,
    Inference,
}

/// The network.
#[derive(Debug, Clone)]
pub(super) struct Network {
    stem: Unit,
    blocks: Vec<Block>,
    pool: usize,
    head: Linear,
}

impl Network {
    /// Takes the parameters that `config` names from `source`.
    pub(super) fn new(config: &EncoderConfig, source: &mut dyn Source, of: Use) -> Result<Self> {
        let first = config.channels[0];
        let window = Window {
            kernel: 4,
            stride: 2,
            padding: 1,
        };
        let stem = Unit::new(source, ("stem", "n0.m"), (1, first), window, of)?;
        let blocks = config
            .channels
            .windows(2)
            .enumerate()
            .map(|(i, channels)| Block::new(source, &format!("bl.{i}"), (channels[0], channels[1]), of))
            .collect::<Result<_>>()?;
        let features = 4 * config.channels.last().copied().unwrap_or(first);
        let std = default_std(features);
        let head = Linear::new(source, "fc", (features, config.learned), Activation::None, std)?;
        Ok(Self {
            stem,
            blocks,
            pool: config.last_side() / 2,
            head,
        })
    }

    /// Images (n, 1, size, size) to features (n, learned).
    pub(super) fn forward(&self, images: &Tensor) -> Result<Tensor> {
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
    pub(super) fn store(&self, parameters: &Parameters) -> Result<()> {
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

/// A convolution and its normalisation.
#[derive(Debug, Clone)]
struct Unit {
    conv: Conv2d,
    norm: Option<BatchNorm>,
}

impl Unit {
    fn new(
        source: &mut dyn Source,
        (conv, norm): (&str, &str),
        (inputs, outputs): (usize, usize),
        window: Window,
        of: Use,
    ) -> Result<Self> {
        let fan_in = inputs * window.kernel * window.kernel;
        if of == Use::Training {
            let std = default_std(fan_in);
            let conv = Conv2d::without_bias(source, conv, (inputs, outputs), window, Activation::None, std)?;
            return Ok(Self {
                conv,
                norm: Some(BatchNorm::new(source, norm, outputs)?),
            });
        }
        let mut vector = |part: &str| source.tensor(&format!("{norm}.{part}"), &[outputs], Init::Zeros);
        let (scale, shift) = (vector("weight")?, vector("bias")?);
        let (mean, variance) = (vector("running_mean")?, vector("running_var")?);
        let slope = (scale / variance.affine(1.0, EPSILON)?.sqrt()?)?;
        let bias = (shift - (mean * &slope)?)?;
        let shape = [outputs, inputs, window.kernel, window.kernel];
        let weight = source.tensor(&format!("{conv}.weight"), &shape, Init::Zeros)?;
        let weight = weight.broadcast_mul(&slope.reshape((outputs, 1, 1, 1))?)?;
        Ok(Self {
            conv: Conv2d::from_tensors(weight, bias, window, Activation::None),
            norm: None,
        })
    }

    fn forward(&self, x: &Tensor, relu: bool) -> Result<Tensor> {
        let y = self.conv.forward(x)?;
        match &self.norm {
            Some(norm) => norm.forward(&y, relu),
            None if relu => Ok(y.relu()?),
            None => Ok(y),
        }
    }
}

/// The spread of `PyTorch`'s default initial weights, with which the recipe was measured.
pub(super) fn default_std(fan_in: usize) -> f64 {
    (3.0 * fan_in as f64).sqrt().recip()
}
