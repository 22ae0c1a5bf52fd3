//! The discriminator of arXiv:2502.05351: image → how real it looks, as one number before the sigmoid.
//!
//! Convolutions k3 s2 with leaky rectifier bring 128 pixels to 63, 31 and 15, two linear layers judge them:
//! 1,495,945 numbers. Names and layouts of the weights are those of the released checkpoints.

use candle_core::Tensor;

use crate::nn::{Activation, Conv2d, Linear, Result, Source, Window, default_std};

/// Channels of the image and after each convolution.
const CHANNELS: [usize; 4] = [1, 32, 64, 64];

/// Side of the images that it judges, in pixels.
pub(super) const SIDE: usize = 128;

/// Side after the last convolution, in pixels.
const LAST_SIDE: usize = 15;

/// Width of the layer before the judgement.
const HIDDEN: usize = 100;

/// Halves an image.
const HALVE: Window = Window {
    kernel: 3,
    stride: 2,
    padding: 0,
};

/// Layers of the discriminator.
#[derive(Debug)]
pub struct Discriminator {
    halve: Vec<Conv2d>,
    hidden: Linear,
    judge: Linear,
}

impl Discriminator {
    /// The discriminator with parameters from `source`.
    ///
    /// # Errors
    /// When `source` lacks a parameter or has it in another shape.
    pub fn new(source: &mut dyn Source) -> Result<Self> {
        let leaky = Activation::LeakyRelu;
        let layers = CHANNELS.windows(2).enumerate().map(|(i, channels)| {
            let std = default_std(channels[0] * HALVE.kernel * HALVE.kernel);
            let name = format!("block1.conv_block{}.0", i + 1);
            Conv2d::new(source, &name, (channels[0], channels[1]), HALVE, leaky, std)
        });
        let halve = layers.collect::<Result<_>>()?;
        let features = CHANNELS[3] * LAST_SIDE * LAST_SIDE;
        Ok(Self {
            halve,
            hidden: Linear::new(
                source,
                "block1.linear.0",
                (features, HIDDEN),
                leaky,
                default_std(features),
            )?,
            judge: Linear::new(
                source,
                "block2",
                (HIDDEN, 1),
                Activation::None,
                default_std(HIDDEN),
            )?,
        })
    }

    /// Judges images (n, 1, 128, 128): (n) log-odds of being real.
    ///
    /// # Errors
    /// When the shape does not fit.
    pub fn forward(&self, images: &Tensor) -> Result<Tensor> {
        let mut h = images.clone();
        for layer in &self.halve {
            h = layer.forward(&h)?;
        }
        let hidden = self.hidden.forward(&h.flatten_from(1)?)?;
        Ok(self.judge.forward(&hidden)?.squeeze(1)?)
    }
}
