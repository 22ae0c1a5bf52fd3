//! The `dcgan`: z → w → image.
//!
//! - mapping: z / √(mean z²), then two linear layers with leaky rectifier, to w;
//! - start: a linear layer from w to `channels[0]` × 4 × 4;
//! - each stage: where it has a texture, a field linear in w is added to its channels, each with its own gain;
//!   pixel normalisation, channels scaled by 1 + A·w, transposed convolution k4 s2 p1, leaky rectifier; after the
//!   last the image, through a clipped hyperbolic tangent.
//!
//! There is no batch normalisation and no noise input, so an image is a function of its z alone. Names and
//! layouts of the weights are torch's.

use candle_core::Tensor;

use crate::nn::{Activation, ConvTranspose2d, Init, Linear, Result, Source, Window, modulated_pixel_norm};

use super::he;
use crate::generator::config::{Dcgan, FIRST_SIDE, GeneratorConfig, Head};

/// Channels of full size before the last convolution of [`Head::Conv`].
const HEAD_CHANNELS: usize = 8;

/// Gain of the last layer: small, so that training starts from a faint image.
const LAST_GAIN: f64 = 0.5;

/// First spread of the gains of a texture, beside channels of about unit size.
const TEXTURE_GAIN: f64 = 0.2;

/// Doubles an image.
const DOUBLE: Window = Window {
    kernel: 4,
    stride: 2,
    padding: 1,
};

/// A 3 × 3 convolution that keeps the size.
const SMOOTH: Window = Window {
    kernel: 3,
    stride: 1,
    padding: 1,
};

/// Layers of the generator.
#[derive(Debug)]
pub(super) struct Network {
    mapping: [Linear; 2],
    start: Linear,
    stages: Vec<Stage>,
    last: Option<ConvTranspose2d>,
    first_channels: usize,
}

#[derive(Debug)]
struct Stage {
    texture: Option<Texture>,
    style: Linear,
    enlarge: ConvTranspose2d,
}

/// A field of its own for each w, and how much of it each channel takes.
#[derive(Debug)]
struct Texture {
    field: Linear,
    gain: Tensor,
}

impl Texture {
    fn new(
        source: &mut dyn Source,
        name: &str,
        (w_dim, side, channels): (usize, usize, usize),
    ) -> Result<Self> {
        let field = (w_dim, side * side);
        Ok(Self {
            field: Linear::new(source, name, field, Activation::None, 1.0 / (w_dim as f64).sqrt())?,
            gain: source.tensor(
                &format!("{name}.gain"),
                &[1, channels, 1, 1],
                Init::Normal { std: TEXTURE_GAIN },
            )?,
        })
    }

    fn add_to(&self, h: &Tensor, w: &Tensor) -> Result<Tensor> {
        let (n, _, height, width) = h.dims4()?;
        let field = self.field.forward(w)?.reshape((n, 1, height, width))?;
        Ok((h + field.broadcast_mul(&self.gain)?)?)
    }
}

impl Network {
    /// The network of a configuration and its `dcgan` part, with parameters from `source`.
    pub(super) fn new(config: &GeneratorConfig, dcgan: &Dcgan, source: &mut dyn Source) -> Result<Self> {
        let GeneratorConfig {
            latent_dim, w_dim, ..
        } = *config;
        let channels = &dcgan.channels;
        let image = Activation::ClippedTanh(dcgan.tanh_scale);
        let leaky = Activation::LeakyRelu;
        let mapping = [
            Linear::new(source, "map.0", (latent_dim, w_dim), leaky, he(latent_dim))?,
            Linear::new(source, "map.2", (w_dim, w_dim), leaky, he(w_dim))?,
        ];
        let start = (w_dim, channels[0] * FIRST_SIDE * FIRST_SIDE);
        let start = Linear::new(source, "lin", start, leaky, he(w_dim))?;

        let style_std = 0.5 / (w_dim as f64).sqrt();
        let stages = (0..channels.len()).map(|i| {
            let (inputs, last) = (channels[i], i + 1 == channels.len());
            // A pixel of the output sees a quarter of the 4 × 4 taps.
            let fan_in = inputs * 4;
            let (outputs, activation, std) = match (last, dcgan.head) {
                (false, _) => (channels[i + 1], leaky, he(fan_in)),
                (true, Head::Conv | Head::Nearest) => (HEAD_CHANNELS, leaky, he(fan_in)),
                (true, Head::Convt) => (1, image, LAST_GAIN / (fan_in as f64).sqrt()),
            };
            let side = FIRST_SIDE << i;
            let texture = dcgan.textures.contains(&side).then(|| {
                let shape = (w_dim, side, inputs);
                Texture::new(source, &format!("tx.{side}"), shape)
            });
            let style = (w_dim, inputs);
            let style = Linear::new(source, &format!("st.{i}"), style, Activation::None, style_std)?;
            let (name, size) = (format!("up.{i}"), (inputs, outputs));
            let enlarge = match dcgan.head {
                // Its taps meet each pixel of the image before in four places: nine taps in all.
                Head::Nearest => ConvTranspose2d::repeating(source, &name, size, activation, he(inputs * 9))?,
                _ => ConvTranspose2d::new(source, &name, size, DOUBLE, activation, std)?,
            };
            Ok(Stage {
                texture: texture.transpose()?,
                style,
                enlarge,
            })
        });
        let stages = stages.collect::<Result<_>>()?;
        let last = match dcgan.head {
            Head::Convt => None,
            Head::Conv | Head::Nearest => {
                let std = LAST_GAIN / ((HEAD_CHANNELS * 9) as f64).sqrt();
                Some(ConvTranspose2d::new(
                    source,
                    "out",
                    (HEAD_CHANNELS, 1),
                    SMOOTH,
                    image,
                    std,
                )?)
            }
        };
        Ok(Self {
            mapping,
            start,
            stages,
            last,
            first_channels: channels[0],
        })
    }

    /// Maps z (n, latent) to w (n, w).
    pub(super) fn map(&self, z: &Tensor) -> Result<Tensor> {
        // One pixel with a channel per coordinate, and no style.
        let pixel = z.unsqueeze(2)?.unsqueeze(3)?;
        let z = modulated_pixel_norm(&pixel, &z.zeros_like()?)?.flatten_from(1)?;
        self.mapping[1].forward(&self.mapping[0].forward(&z)?)
    }

    /// Draws w (n, w) as images (n, 1, size, size) with values in [−1, 1].
    pub(super) fn synthesize(&self, w: &Tensor) -> Result<Tensor> {
        let mut h = self
            .start
            .forward(w)?
            .reshape(((), self.first_channels, FIRST_SIDE, FIRST_SIDE))?;
        for stage in &self.stages {
            if let Some(texture) = &stage.texture {
                h = texture.add_to(&h, w)?;
            }
            h = modulated_pixel_norm(&h, &stage.style.forward(w)?)?;
            h = stage.enlarge.forward(&h)?;
        }
        match &self.last {
            Some(last) => last.forward(&h),
            None => Ok(h),
        }
    }
}
