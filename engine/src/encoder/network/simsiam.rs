//! The backbone of arXiv:2502.05351's encoder, learned there by SimSiam: torchvision's ResNet-18 (He et al. 2016,
//! arXiv:1512.03385) with one input channel, up to its global mean pool.
//!
//! - stem: convolution k7 s2, normalisation, rectifier, largest of 3 × 3 s2;
//! - four layers of two blocks with 64, 128, 256 and 512 channels, all but the first halving the image;
//! - the mean over the image: 512 numbers.
//!
//! The heads that training put on top are not part of the embedding. Names and layouts of the weights are those
//! of the released checkpoints, `backbone.0` to `backbone.7`.

use candle_core::{D, Tensor};

use super::unit::{Unit, Use};
use crate::nn::{Result, Source, Window};

/// Numbers in an embedding.
pub(in super::super) const FEATURES: usize = 512;

/// Channels of the stem and of each layer.
const CHANNELS: [usize; 5] = [64, 64, 128, 256, FEATURES];

/// Index of the first layer in the checkpoint's sequence; before it come stem, rectifier and pool.
const FIRST_LAYER: usize = 4;

/// The network.
#[derive(Debug, Clone)]
pub(in super::super) struct Network {
    stem: Unit,
    blocks: Vec<Block>,
}

impl Network {
    /// Takes the parameters from `source`.
    pub(in super::super) fn new(source: &mut dyn Source) -> Result<Self> {
        let stem = convolution(source, ("backbone.0", "backbone.1"), (1, CHANNELS[0]), 7, 2)?;
        let mut blocks = Vec::new();
        for (i, channels) in CHANNELS.windows(2).enumerate() {
            let name = |block: usize| format!("backbone.{}.{block}", FIRST_LAYER + i);
            let stride = if i == 0 { 1 } else { 2 };
            blocks.push(Block::new(source, &name(0), (channels[0], channels[1]), stride)?);
            blocks.push(Block::new(source, &name(1), (channels[1], channels[1]), 1)?);
        }
        Ok(Self { stem, blocks })
    }

    /// Images (n, 1, size, size) to features (n, 512).
    pub(in super::super) fn forward(&self, images: &Tensor) -> Result<Tensor> {
        let h = self.stem.forward(images, true)?; // (n, 64, size/2, size/2)
        // After a rectifier nothing lies below the zeros of the padding.
        let h = h.pad_with_zeros(2, 1, 1)?.pad_with_zeros(3, 1, 1)?;
        let mut h = h.max_pool2d_with_stride(3, 2)?; // (n, 64, size/4, size/4)
        for block in &self.blocks {
            h = block.forward(&h)?;
        }
        Ok(h.flatten_from(2)?.mean(D::Minus1)?) // (n, 512)
    }
}

/// Two 3 × 3 convolutions beside the image itself or, where the size changes, a 1 × 1 convolution of it.
#[derive(Debug, Clone)]
struct Block {
    first: Unit,
    second: Unit,
    skip: Option<Unit>,
}

impl Block {
    fn new(source: &mut dyn Source, name: &str, size: (usize, usize), stride: usize) -> Result<Self> {
        let (inputs, outputs) = size;
        let mut unit = |conv, norm, inputs, kernel, stride| {
            let names = (&*format!("{name}.{conv}"), &*format!("{name}.{norm}"));
            convolution(source, names, (inputs, outputs), kernel, stride)
        };
        Ok(Self {
            first: unit("conv1", "bn1", inputs, 3, stride)?,
            second: unit("conv2", "bn2", outputs, 3, 1)?,
            skip: if stride == 1 {
                None
            } else {
                Some(unit("downsample.0", "downsample.1", inputs, 1, stride)?)
            },
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let deep = self.second.forward(&self.first.forward(x, true)?, false)?;
        let skip = match &self.skip {
            Some(skip) => skip.forward(x, false)?,
            None => x.clone(),
        };
        Ok((deep + skip)?.relu()?)
    }
}

/// A convolution that keeps or divides the size, and its normalisation.
fn convolution(
    source: &mut dyn Source,
    names: (&str, &str),
    channels: (usize, usize),
    kernel: usize,
    stride: usize,
) -> Result<Unit> {
    let window = Window {
        kernel,
        stride,
        padding: kernel / 2,
    };
    Unit::new(source, names, channels, window, Use::Inference)
}
