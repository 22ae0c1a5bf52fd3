//! The generator of arXiv:2502.05351, as its authors released it: z → image.
//!
//! A linear layer makes 64 channels of 15 × 15 pixels, three transposed convolutions k3 s2 enlarge them to
//! 31, 63 and, after a row and a column of zeros below and to the right, 129 pixels, of which the last row and
//! column are cut off; leaky rectifiers of slope 0.2 lie between, a hyperbolic tangent comes last. Names and
//! layouts of the weights are those of the released checkpoints; there are 1,510,081 numbers.

use candle_core::Tensor;

use crate::nn::{Activation, ConvTranspose2d, Linear, Result, Source, Window, default_std};

/// Side of the image in pixels.
pub(in super::super) const SIZE: usize = 128;

/// Length of z.
pub(in super::super) const LATENT_DIM: usize = 100;

/// Channels and side of the first image.
const START: (usize, usize) = (64, 15);

/// Channels that enter each transposed convolution, and the one of the image.
const CHANNELS: [usize; 4] = [64, 64, 32, 1];

/// Doubles an image, and a pixel more.
const ENLARGE: Window = Window {
    kernel: 3,
    stride: 2,
    padding: 0,
};

/// Layers of the generator.
#[derive(Debug)]
pub(super) struct Network {
    start: Linear,
    enlarge: [ConvTranspose2d; 3],
}

impl Network {
    /// The network with parameters from `source`.
    pub(super) fn new(source: &mut dyn Source) -> Result<Self> {
        let (channels, side) = START;
        let leaky = Activation::LeakyRelu;
        let start = (LATENT_DIM, channels * side * side);
        let start = Linear::new(source, "bl.linear.0", start, leaky, default_std(LATENT_DIM))?;
        let mut stage = |i: usize, activation| {
            let (inputs, outputs) = (CHANNELS[i], CHANNELS[i + 1]);
            // PyTorch counts the outputs of a transposed convolution as its fan-in.
            let std = default_std(outputs * ENLARGE.kernel * ENLARGE.kernel);
            let name = format!("bl.deconv_block{}.0", i + 1);
            ConvTranspose2d::new(source, &name, (inputs, outputs), ENLARGE, activation, std)
        };
        let tanh = Activation::ClippedTanh(1.0);
        let enlarge = [stage(0, leaky)?, stage(1, leaky)?, stage(2, tanh)?];
        Ok(Self { start, enlarge })
    }

    /// Draws z (n, 100) as images (n, 1, 128, 128) with values in (−1, 1).
    pub(super) fn forward(&self, z: &Tensor) -> Result<Tensor> {
        let (channels, side) = START;
        let [first, second, last] = &self.enlarge;
        let h = self.start.forward(z)?.reshape(((), channels, side, side))?;
        let h = second.forward(&first.forward(&h)?)?; // (n, 32, 63, 63)
        let h = h.pad_with_zeros(2, 0, 1)?.pad_with_zeros(3, 0, 1)?;
        let image = last.forward(&h)?; // (n, 1, 129, 129)
        Ok(image.narrow(2, 0, SIZE)?.narrow(3, 0, SIZE)?.contiguous()?)
    }
}
