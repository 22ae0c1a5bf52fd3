//! The description of an encoder, saved as JSON beside its weights.

use serde::{Deserialize, Serialize};

use super::{network::simsiam, physical::Joint};
use crate::{
    generator::scale::Scale,
    nn::{
        Result,
        error::{features, setting},
    },
    patch::Grid,
};

/// The only version of this description so far.
const VERSION: u32 = 1;

/// Largest side, most channels and most features.
const MOST: usize = 4096;

/// What an encoder is made of and what its embeddings mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EncoderConfig {
    /// Version of this description.
    pub version: u32,
    /// Kind of network, with the settings of that kind.
    #[serde(flatten)]
    pub arch: Arch,
    /// Side of the images in pixels.
    pub size: usize,
    /// Side of a pixel on the Sun, in Mm.
    pub cell_mm: f64,
    /// Stronger fields are clipped to this many Gauss.
    pub clip_gauss: f32,
    /// Numbers in the learned part of an embedding.
    pub learned: usize,
    /// Cells along the side of the grid on which quantities are measured, which is as wide as the images; the
    /// images' own where it is not given. Flux near inversion lines needs a finer one than the network does.
    #[serde(default)]
    pub measured_size: Option<usize>,
    /// How the learned part and the measured quantities make one vector; fixed at the end of training.
    pub joint: Joint,
}

/// Kind of network; its name is the option `arch` of the statements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "arch", rename_all = "snake_case")]
pub enum Arch {
    /// Ours: a few residual blocks, four quadrants, on a square-root scale.
    Resnet(Resnet),
    /// The ResNet-18 of arXiv:2502.05351 on a linear scale, without its heads; nothing to be set.
    Simsiam,
}

/// The settings of a `resnet`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resnet {
    /// Channels of the stem and of the residual blocks, each of which halves the image.
    pub channels: Vec<usize>,
}

impl Default for EncoderConfig {
    /// 64 × 64 pixels of 3.08 Mm, the grid of the generators of that size; 466,512 parameters.
    fn default() -> Self {
        Self {
            version: VERSION,
            arch: Arch::Resnet(Resnet {
                channels: vec![24, 48, 96, 128],
            }),
            size: 64,
            cell_mm: 3.08,
            clip_gauss: 255.0,
            learned: 64,
            measured_size: Some(128),
            joint: Joint::default(),
        }
    }
}

impl EncoderConfig {
    /// The grid that patches are put on.
    pub fn grid(&self) -> Grid {
        Grid {
            height: self.size,
            width: self.size,
            cell_mm: self.cell_mm,
        }
    }

    /// The grid on which quantities are measured.
    pub fn measured_grid(&self) -> Grid {
        let size = self.measured_size.unwrap_or(self.size);
        Grid {
            height: size,
            width: size,
            cell_mm: self.cell_mm * self.size as f64 / size as f64,
        }
    }

    /// Numbers in an embedding.
    pub fn dim(&self) -> usize {
        self.learned + self.joint.dim()
    }

    /// The ResNet-18 of arXiv:2502.05351 with its ±1000 G and 128 × 128 pixels, its features unchanged.
    ///
    /// Its authors squashed patches of every shape to a square; here they are put on the true-scale grid of
    /// the generators of this size.
    pub fn simsiam() -> Self {
        Self {
            version: VERSION,
            arch: Arch::Simsiam,
            size: 128,
            cell_mm: 1.54,
            clip_gauss: 1000.0,
            learned: simsiam::FEATURES,
            measured_size: None,
            joint: Joint::learned_only(simsiam::FEATURES),
        }
    }

    /// The scale of the images.
    pub fn scale(&self) -> Scale {
        match self.arch {
            Arch::Resnet(_) => Scale::SquareRoot,
            Arch::Simsiam => Scale::Linear,
        }
    }

    /// Checks what a hand-written or damaged description could get wrong.
    ///
    /// # Errors
    /// [`crate::nn::ModelError::Setting`] for the first setting out of its range.
    pub fn check(&self) -> Result<()> {
        if self.version != VERSION {
            return Err(setting("version", "1, the only version known", &self.version));
        }
        match &self.arch {
            Arch::Resnet(resnet) => resnet.check(self.size)?,
            // The last of five halvings must leave a pixel.
            Arch::Simsiam if !(32..=512).contains(&self.size) => {
                return Err(setting("size", "from 32 to 512", &self.size));
            }
            Arch::Simsiam if self.learned != simsiam::FEATURES => {
                return Err(setting(
                    "learned",
                    "512, as the architecture has it",
                    &self.learned,
                ));
            }
            Arch::Simsiam => {}
        }
        let measured = self.measured_size.unwrap_or(self.size);
        for (name, value) in [("learned", self.learned), ("measured_size", measured)] {
            if !(1..=MOST).contains(&value) {
                return Err(setting(name, "from 1 to 4096", &value));
            }
        }
        features("measured_size", 1, measured)?;
        for (name, value) in [
            ("clip_gauss", f64::from(self.clip_gauss)),
            ("cell_mm", self.cell_mm),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(setting(name, "a positive number", &value));
            }
        }
        self.joint.check(self.learned)
    }
}

impl Resnet {
    /// Side of the last feature map, which is pooled to 2 × 2, of an image of `size` pixels.
    pub(super) fn last_side(&self, size: usize) -> usize {
        size >> self.channels.len()
    }

    fn check(&self, size: usize) -> Result<()> {
        if !(1..=8).contains(&self.channels.len()) || self.channels.iter().any(|c| !(1..=MOST).contains(c)) {
            return Err(setting(
                "channels",
                "1 to 8 counts from 1 to 4096",
                &format!("{:?}", self.channels),
            ));
        }
        let side = self.last_side(size);
        if size > MOST || side < 2 || !side.is_multiple_of(2) || side << self.channels.len() != size {
            let expected = format!("an even number times {}, up to 4096", 1 << self.channels.len());
            return Err(setting("size", &expected, &size));
        }
        features("size", 1, size)?;
        for (halvings, &channels) in (1..).zip(&self.channels) {
            features("channels", channels, size >> halvings)?;
        }
        Ok(())
    }
}
