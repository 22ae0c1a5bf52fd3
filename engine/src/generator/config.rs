//! The description of a generator, saved as JSON beside its weights.

use serde::{Deserialize, Serialize};

use crate::nn::Result;
use crate::nn::error::{features, setting};
use crate::patch::Grid;

use super::calibration::Calibration;
use super::finish::Finish;
use super::network::generative_interrogator;
use super::scale::Scale;

/// Side of the first image that the generator draws, in pixels; every stage doubles it.
pub const FIRST_SIDE: usize = 4;

/// Most channels of a stage and most numbers of a latent.
const MOST: usize = 4096;

/// Width of the training patches on the Sun: 128 cells of 1.54 Mm.
pub(super) const PATCH_MM: f64 = 197.12;

/// What a generator is made of and what its images mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GeneratorConfig {
    /// Version of this description.
    pub version: u32,
    /// Kind of network, with the settings of that kind.
    #[serde(flatten)]
    pub arch: Arch,
    /// Side of the image in pixels.
    pub size: usize,
    /// Length of the latent z.
    pub latent_dim: usize,
    /// Length of w.
    pub w_dim: usize,
    /// Field at the image value ±1, in Gauss; stronger fields were clipped.
    pub clip_gauss: f32,
    /// Side of a pixel on the Sun, in Mm.
    pub cell_mm: f64,
    /// What is corrected on the images; measured at the end of training.
    #[serde(default)]
    pub finish: Option<Finish>,
    /// The link to the catalogue's USFLUX, where the training patches came with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
}

/// Kind of network; its name is the option `arch` of the statements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "arch", rename_all = "snake_case")]
pub enum Arch {
    /// Ours: a mapping network and styled stages that double the image, on a square-root scale of its own.
    Dcgan(Dcgan),
    /// That of arXiv:2502.05351: 128 × 128 pixels on a linear scale, w = z, nothing to be set.
    GenerativeInterrogator,
}

/// The settings of a `dcgan`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dcgan {
    /// Channels that enter each stage, the first at 4 × 4 pixels; each stage doubles the image.
    pub channels: Vec<usize>,
    /// How the last stage makes the image.
    pub head: Head,
    /// The image is this times a hyperbolic tangent, clipped to ±1.
    pub tanh_scale: f32,
    /// The scale of the images.
    #[serde(default)]
    pub scale: Scale,
    /// Sides in pixels of the textures: one-channel fields, linear in w, that are added to the channels of the
    /// stages which begin with these sides. Through them the network of quiet Sun can differ from patch to patch,
    /// where otherwise nothing tells one place of an image from another but the weights.
    #[serde(default)]
    pub textures: Vec<usize>,
}

/// How the last stage makes the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Head {
    /// A transposed convolution draws the image at once. It leaves a faint checkerboard: excess power at
    /// the Nyquist frequency that does not train away.
    Convt,
    /// A transposed convolution makes 8 channels of full size, a 3 × 3 convolution the image.
    Conv,
    /// Every stage repeats pixels and convolves 3 × 3, and so does the last before a 3 × 3 convolution makes the
    /// image: no pixel of a pair is favoured, so no checkerboard arises.
    Nearest,
}

impl GeneratorConfig {
    /// The measured layout for images of 64 or 128 pixels; between them the channels that keep every
    /// stage's work alike.
    ///
    /// # Errors
    /// When `size` is neither 64 nor 128.
    ///
    /// # Examples
    /// ```
    /// use helioql::generator::{Arch, GeneratorConfig};
    /// let config = GeneratorConfig::for_size(64)?;
    /// assert_eq!(config.cell_mm, 3.08);
    /// let Arch::Dcgan(dcgan) = config.arch else { unreachable!() };
    /// assert_eq!(dcgan.channels, [192, 96, 48, 24]);
    /// # Ok::<(), helioql::nn::ModelError>(())
    /// ```
    pub fn for_size(size: usize) -> Result<Self> {
        let channels = match size {
            64 => vec![192, 96, 48, 24],
            128 => vec![192, 96, 48, 32, 16],
            _ => return Err(setting("size", "64 or 128", &size)),
        };
        Ok(Self {
            version: 1,
            arch: Arch::Dcgan(Dcgan {
                channels,
                head: Head::Nearest,
                tanh_scale: Dcgan::TANH_SCALE,
                scale: Dcgan::SCALE,
                textures: Dcgan::TEXTURES.to_vec(),
            }),
            size,
            latent_dim: 100,
            w_dim: 128,
            clip_gauss: 255.0,
            cell_mm: PATCH_MM / size as f64,
            finish: None,
            calibration: None,
        })
    }

    /// The network of arXiv:2502.05351 with its ±1000 G.
    ///
    /// Its authors squashed patches of every shape to a square, so their pixels have no length on the Sun; it
    /// is taken to be that of our own patches of this size, which are on a true scale.
    pub fn generative_interrogator() -> Self {
        Self {
            version: 1,
            arch: Arch::GenerativeInterrogator,
            size: generative_interrogator::SIZE,
            latent_dim: generative_interrogator::LATENT_DIM,
            w_dim: generative_interrogator::LATENT_DIM,
            clip_gauss: 1000.0,
            cell_mm: PATCH_MM / generative_interrogator::SIZE as f64,
            finish: None,
            calibration: None,
        }
    }

    /// Gauss to image value in [−1, 1]; a pixel that was not observed becomes 0.
    pub fn encode(&self, gauss: f32) -> f32 {
        self.scale().encode(gauss, self.clip_gauss)
    }

    /// Image value to Gauss.
    pub fn decode(&self, x: f32) -> f32 {
        self.scale().decode(x, self.clip_gauss)
    }

    /// The scale of the images.
    pub fn scale(&self) -> Scale {
        match &self.arch {
            Arch::Dcgan(dcgan) => dcgan.scale,
            Arch::GenerativeInterrogator => Scale::Linear,
        }
    }

    /// The grid of the patches.
    pub fn grid(&self) -> Grid {
        Grid {
            height: self.size,
            width: self.size,
            cell_mm: self.cell_mm,
        }
    }

    /// Checks what a hand-written or damaged description could get wrong.
    ///
    /// # Errors
    /// [`crate::nn::ModelError::Setting`] for the first setting out of its range.
    pub fn check(&self) -> Result<()> {
        if self.version != 1 {
            return Err(setting("version", "1, the only version known", &self.version));
        }
        for (name, value) in [("latent_dim", self.latent_dim), ("w_dim", self.w_dim)] {
            if !(1..=MOST).contains(&value) {
                return Err(setting(name, "from 1 to 4096", &value));
            }
        }
        match &self.arch {
            Arch::Dcgan(dcgan) => dcgan.check(self.size)?,
            Arch::GenerativeInterrogator => {
                let fixed = Self::generative_interrogator();
                for (name, expected, found) in [
                    ("size", fixed.size, self.size),
                    ("latent_dim", fixed.latent_dim, self.latent_dim),
                    ("w_dim", fixed.w_dim, self.w_dim),
                ] {
                    if found != expected {
                        let expected = format!("{expected}, as the architecture has it");
                        return Err(setting(name, &expected, &found));
                    }
                }
            }
        }
        for (name, value) in [
            ("clip_gauss", f64::from(self.clip_gauss)),
            ("cell_mm", self.cell_mm),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(setting(name, "a positive number", &value));
            }
        }
        if self.finish.as_ref().is_some_and(|finish| !finish.is_valid()) {
            return Err(setting(
                "finish",
                "16 numbers of a pattern, 16 of a lattice or none, and 257 of a rising tone",
                &"others",
            ));
        }
        if self.calibration.is_some_and(|line| !line.is_valid()) {
            return Err(setting("calibration", "a rising line", &"another"));
        }
        Ok(())
    }
}

impl Dcgan {
    /// The scale of the tangent with which ours are trained, so that saturated pixels can be drawn.
    pub(super) const TANH_SCALE: f32 = 1.05;

    /// The scale with which ours are trained: softened at the noise of quiet Sun.
    pub(super) const SCALE: Scale = Scale::SoftenedRoot(5.0);

    /// The textures of ours: 12 and 6 Mm in a patch of 197 Mm, the width of a network lane and of its cells' parts.
    pub(super) const TEXTURES: [usize; 2] = [16, 32];

    fn check(&self, size: usize) -> Result<()> {
        if !(1..=8).contains(&self.channels.len()) || self.channels.iter().any(|c| !(1..=MOST).contains(c)) {
            return Err(setting(
                "channels",
                "1 to 8 counts from 1 to 4096",
                &format!("{:?}", self.channels),
            ));
        }
        let drawn = FIRST_SIDE << self.channels.len();
        if size != drawn {
            return Err(setting(
                "size",
                &format!("{drawn}, four doubled once per stage"),
                &size,
            ));
        }
        for (stage, &channels) in self.channels.iter().enumerate() {
            features("channels", channels, FIRST_SIDE << stage)?;
        }
        if !(self.tanh_scale > 0.0 && self.tanh_scale.is_finite()) {
            return Err(setting("tanh_scale", "a positive number", &self.tanh_scale));
        }
        let mut sides = (0..self.channels.len()).map(|stage| FIRST_SIDE << stage);
        if let Some(odd) = self.textures.iter().find(|side| !sides.any(|of| of == **side)) {
            return Err(setting("textures", "the first sides of stages, rising", odd));
        }
        if !self.scale.is_valid() {
            let found = format!("{:?}", self.scale);
            return Err(setting("scale", "softened at a positive number of Gauss", &found));
        }
        Ok(())
    }
}
