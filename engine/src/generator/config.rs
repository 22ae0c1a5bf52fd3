//! The description of a generator, saved as JSON beside its weights.

use serde::{Deserialize, Serialize};

use crate::nn::{ModelError, Result};
use crate::patch::Grid;

/// Side of the first image that the generator draws, in pixels; every stage doubles it.
pub const FIRST_SIDE: usize = 4;

/// Width of the training patches on the Sun: 128 cells of 1.54 Mm.
const PATCH_MM: f64 = 197.12;

/// What a generator is made of and what its images mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GeneratorConfig {
    /// Version of this description.
    pub version: u32,
    /// Kind of network; `dcgan` is the only one that is trained.
    pub arch: String,
    /// Side of the image in pixels: 4 · 2^stages.
    pub size: usize,
    /// Length of the latent z.
    pub latent_dim: usize,
    /// Length of w.
    pub w_dim: usize,
    /// Channels that enter each stage, the first at 4 × 4 pixels.
    pub channels: Vec<usize>,
    /// How the last stage makes the image.
    pub head: Head,
    /// The image is this times a hyperbolic tangent, clipped to ±1.
    pub tanh_scale: f32,
    /// Field at the image value ±1, in Gauss; stronger fields were clipped.
    pub clip_gauss: f32,
    /// Side of a pixel on the Sun, in Mm.
    pub cell_mm: f64,
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
    /// use helioql::generator::GeneratorConfig;
    /// let config = GeneratorConfig::for_size(64)?;
    /// assert_eq!(config.channels, [192, 96, 48, 24]);
    /// assert_eq!(config.cell_mm, 3.08);
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
            arch: "dcgan".to_owned(),
            size,
            latent_dim: 100,
            w_dim: 128,
            channels,
            head: Head::Conv,
            tanh_scale: 1.05,
            clip_gauss: 255.0,
            cell_mm: PATCH_MM / size as f64,
        })
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
    /// [`ModelError::Setting`] for the first setting out of its range.
    pub fn check(&self) -> Result<()> {
        const MOST: usize = 4096;
        if self.version != 1 {
            return Err(setting("version", "1, the only version known", &self.version));
        }
        if self.arch != "dcgan" {
            return Err(setting("arch", "`dcgan`", &self.arch));
        }
        for (name, value) in [("latent_dim", self.latent_dim), ("w_dim", self.w_dim)] {
            if !(1..=MOST).contains(&value) {
                return Err(setting(name, "from 1 to 4096", &value));
            }
        }
        if !(1..=8).contains(&self.channels.len()) || self.channels.iter().any(|c| !(1..=MOST).contains(c)) {
            return Err(setting(
                "channels",
                "1 to 8 counts from 1 to 4096",
                &format!("{:?}", self.channels),
            ));
        }
        let size = FIRST_SIDE << self.channels.len();
        if self.size != size {
            return Err(setting(
                "size",
                &format!("{size}, four doubled once per stage"),
                &self.size,
            ));
        }
        for (name, value) in [
            ("tanh_scale", f64::from(self.tanh_scale)),
            ("clip_gauss", f64::from(self.clip_gauss)),
            ("cell_mm", self.cell_mm),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(setting(name, "a positive number", &value));
            }
        }
        Ok(())
    }
}

/// A setting out of its range.
pub(super) fn setting(setting: &'static str, expected: &str, found: &dyn ToString) -> ModelError {
    ModelError::Setting {
        setting,
        expected: expected.to_owned(),
        found: found.to_string(),
    }
}
