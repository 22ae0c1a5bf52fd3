//! The description of an encoder, saved as JSON beside its weights.

use serde::{Deserialize, Serialize};

use super::physical::Joint;
use crate::{
    nn::{ModelError, Result},
    patch::Grid,
};

/// The only version of this description so far.
const VERSION: u32 = 1;

/// What an encoder is made of and what its embeddings mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EncoderConfig {
    /// Version of this description.
    pub version: u32,
    /// Kind of network; `resnet` is the only one.
    pub arch: String,
    /// Side of the images in pixels.
    pub size: usize,
    /// Side of a pixel on the Sun, in Mm.
    pub cell_mm: f64,
    /// Stronger fields are clipped to this many Gauss.
    pub clip_gauss: f32,
    /// Channels of the stem and of the residual blocks, each of which halves the image.
    pub channels: Vec<usize>,
    /// Numbers in the learned part of an embedding.
    pub learned: usize,
    /// How the learned part and the measured quantities make one vector; fixed at the end of training.
    pub joint: Joint,
}

impl Default for EncoderConfig {
    /// 64 × 64 pixels of 3.08 Mm, the grid of the generators of that size; 466,512 parameters.
    fn default() -> Self {
        Self {
            version: VERSION,
            arch: "resnet".to_owned(),
            size: 64,
            cell_mm: 3.08,
            clip_gauss: 255.0,
            channels: vec![24, 48, 96, 128],
            learned: 64,
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

    /// Numbers in an embedding.
    pub fn dim(&self) -> usize {
        self.learned + self.joint.dim()
    }

    /// Side of the last feature map, which is pooled to 2 × 2.
    pub(super) fn last_side(&self) -> usize {
        self.size >> self.channels.len()
    }

    /// Checks what a hand-written or damaged description could get wrong.
    ///
    /// # Errors
    /// [`ModelError::Setting`] for the first setting out of its range.
    pub fn check(&self) -> Result<()> {
        const MOST: usize = 4096;
        if self.version != VERSION {
            return Err(setting("version", "1, the only version known", &self.version));
        }
        if self.arch != "resnet" {
            return Err(setting("arch", "`resnet`", &self.arch));
        }
        if !(1..=8).contains(&self.channels.len()) || self.channels.iter().any(|c| !(1..=MOST).contains(c)) {
            return Err(setting(
                "channels",
                "1 to 8 counts from 1 to 4096",
                &format!("{:?}", self.channels),
            ));
        }
        let side = self.last_side();
        if self.size > MOST || side < 2 || !side.is_multiple_of(2) || side << self.channels.len() != self.size
        {
            let expected = format!("an even number times {}, up to 4096", 1 << self.channels.len());
            return Err(setting("size", &expected, &self.size));
        }
        if !(1..=MOST).contains(&self.learned) {
            return Err(setting("learned", "from 1 to 4096", &self.learned));
        }
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

/// A setting out of its range.
pub(super) fn setting(setting: &'static str, expected: &str, found: &(impl ToString + ?Sized)) -> ModelError {
    ModelError::Setting {
        setting,
        expected: expected.to_owned(),
        found: found.to_string(),
    }
}
