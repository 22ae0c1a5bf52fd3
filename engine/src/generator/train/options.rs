//! Settings of a training run: what the recipes share, and what each has for itself.

use serde::{Deserialize, Serialize};

use crate::generator::config::FIRST_SIDE;
use crate::generator::critic::Critic;
use crate::generator::{GeneratorConfig, discriminator};
use crate::nn::adam::AdamConfig;
use crate::nn::error::setting;
use crate::nn::{Result, Source};

/// What both networks and their gradients hold for a pixel of a batch, in bytes, with [`WORK_PER_CHANNEL`]: 1,100 at
/// 64 × 64 pixels, 540 at 128 × 128, 430 with the paper's networks (peaks of resident memory with batches of 8 to 64).
const WORK_PER_PIXEL: usize = 700;
/// What a channel of the critic adds for each of its own pixels, in bytes: 41 more at the peak with batches of 256 and
/// channels [32, 128, 192, 256, 384] than with those of [`TrainOptions::for_size`].
const WORK_PER_CHANNEL: usize = 45;
/// The most channels of a layer of the critic: with more, a layer's weights and their moments pass 150 MB.
const MOST_CHANNELS: usize = 1024;

/// Settings of a training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainOptions {
    /// The generator to be trained.
    pub generator: GeneratorConfig,
    /// Steps; each shows the critic one batch and the generator another.
    pub steps: u64,
    /// Real images per batch.
    pub batch: usize,
    /// Step in which the fields of the training images come, in Gauss: 2 for 8-bit images of ±255 G, 0 for
    /// those that come in none. Pixels are spread evenly over their step, or else the critic would tell drawn
    /// images by the values between steps.
    #[serde(default)]
    pub resolution_gauss: f32,
    /// Seed of weights, batches, latents and augmentation.
    pub seed: u64,
    /// First learning rate of the generator.
    pub generator_rate: f64,
    /// First learning rate of the critic.
    pub critic_rate: f64,
    /// Part of the learning rates that is left at the last step.
    pub final_rate: f64,
    /// Memory of Adam's mean gradient.
    #[serde(default = "TrainOptions::measured_beta1")]
    pub beta1: f32,
    /// Memory of Adam's mean squared gradient.
    #[serde(default = "TrainOptions::measured_beta2")]
    pub beta2: f32,
    /// Decay of the moving average, after its warm-up; 0 for none.
    pub average_decay: f64,
    /// Steps between two reports to the observer.
    pub report_every: u64,
    /// Steps between two comparisons with validation patches.
    pub evaluate_every: u64,
    /// Patches drawn for a comparison.
    pub evaluate_samples: usize,
    /// Steps between two checkpoints.
    pub checkpoint_every: u64,
    /// Threads; `None` for those of the current rayon pool. They do not change the result.
    pub threads: Option<usize>,
    /// How a step is made.
    #[serde(flatten)]
    pub recipe: Recipe,
}

/// How a step is made; each recipe has its critic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Recipe {
    /// Relativistic losses and a penalty on the critic's gradient, as measured with our own networks.
    Relativistic(Relativistic),
    /// That of arXiv:2502.05351, which has nothing more to be set.
    NonSaturating {},
}

/// Settings of [`Recipe::Relativistic`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Relativistic {
    /// Channels after each halving of the critic, down to 4 × 4 pixels.
    pub critic: Vec<usize>,
    /// Whether the critic sees, beside an image, the mean and the spread of its batch.
    #[serde(default)]
    pub sees_batch: bool,
    /// Weight γ of the gradient penalty.
    pub penalty: f64,
    /// Steps between two penalties, which are weighted up accordingly.
    pub penalty_every: u64,
    /// Length σ of the finite difference.
    pub penalty_step: f64,
    /// Weight of the mean square error, in deviations, with which a linear layer reads flux, imbalance and the way from
    /// one polarity's centre to the other's from w; 0 for none.
    #[serde(default)]
    pub straight: f64,
    /// Steps after which the generator pays for it: first it learns to draw.
    #[serde(default)]
    pub straight_from: u64,
    /// Side of the square that is blanked in what the critic sees, as a part of an image's side; 0 for none.
    #[serde(default)]
    pub cutout: f64,
    /// Steps after which it is blanked.
    #[serde(default)]
    pub cutout_from: u64,
}

impl TrainOptions {
    /// The measured recipe for images of 64 or 128 pixels.
    ///
    /// # Errors
    /// When `size` is neither.
    pub fn for_size(size: usize) -> Result<Self> {
        let generator = GeneratorConfig::for_size(size)?;
        let critic = if size == 64 {
            vec![24, 48, 96, 192]
        } else {
            vec![16, 24, 48, 96, 192]
        };
        Ok(Self {
            generator,
            steps: 10_000,
            batch: 16,
            resolution_gauss: 0.0,
            seed: 0,
            generator_rate: 5e-4,
            critic_rate: 1e-3,
            final_rate: 0.1,
            beta1: Self::measured_beta1(),
            beta2: Self::measured_beta2(),
            average_decay: 0.999,
            report_every: 50,
            evaluate_every: 1000,
            evaluate_samples: 1024,
            checkpoint_every: 1000,
            threads: None,
            recipe: Recipe::Relativistic(Relativistic {
                critic,
                sees_batch: true,
                penalty: 0.1,
                penalty_every: 4,
                penalty_step: 0.05,
                straight: 0.0,
                straight_from: 0,
                cutout: 0.0,
                cutout_from: 0,
            }),
        })
    }

    /// The network and the recipe of arXiv:2502.05351: 82 epochs of 44,000 patches, of which the last was
    /// chosen, at constant learning rates and without an average.
    pub fn generative_interrogator() -> Self {
        Self {
            generator: GeneratorConfig::generative_interrogator(),
            steps: 82 * 1375,
            batch: 32,
            resolution_gauss: 0.0,
            seed: 23,
            generator_rate: 5e-4,
            critic_rate: 5e-4,
            final_rate: 1.0,
            beta1: 0.9,
            beta2: 0.999,
            average_decay: 0.0,
            report_every: 50,
            evaluate_every: 1000,
            evaluate_samples: 1024,
            checkpoint_every: 1000,
            threads: None,
            recipe: Recipe::NonSaturating {},
        }
    }

    /// The betas that checkpoints did not write down when there was nothing to choose.
    fn measured_beta1() -> f32 {
        0.0
    }

    fn measured_beta2() -> f32 {
        0.99
    }

    /// What a training takes beside its patches at most, in bytes.
    pub(crate) fn working_bytes(&self) -> usize {
        let pixels = self.generator.size * self.generator.size;
        let channels: usize = match &self.recipe {
            Recipe::Relativistic(recipe) => recipe.channel_pixels(pixels),
            Recipe::NonSaturating {} => 0,
        };
        (WORK_PER_PIXEL * pixels + WORK_PER_CHANNEL * channels).saturating_mul(self.batch)
    }

    /// Adam of both networks.
    pub(in super::super) fn adam(&self) -> AdamConfig {
        AdamConfig {
            beta1: self.beta1,
            beta2: self.beta2,
            epsilon: 1e-8,
            decay: 0.0,
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        self.generator.check()?;
        match &self.recipe {
            Recipe::Relativistic(recipe) => recipe.check(self.generator.size)?,
            Recipe::NonSaturating {} if self.generator.size != discriminator::SIDE => {
                let expected = format!("{}, which its discriminator judges", discriminator::SIDE);
                return Err(setting("size", &expected, &self.generator.size));
            }
            Recipe::NonSaturating {} => {}
        }
        if !(1..=4096).contains(&self.batch) {
            return Err(setting("batch", "from 1 to 4096", &self.batch));
        }
        let clip = self.generator.clip_gauss;
        if !(0.0..=clip).contains(&self.resolution_gauss) {
            let expected = format!("from 0 to {clip} G, where fields are clipped");
            return Err(setting("resolution", &expected, &self.resolution_gauss));
        }
        for (name, value) in [
            ("report_every", self.report_every),
            ("evaluate_every", self.evaluate_every),
            ("checkpoint_every", self.checkpoint_every),
        ] {
            if value == 0 {
                return Err(setting(name, "at least 1", &value));
            }
        }
        for (name, value) in [
            ("generator_rate", self.generator_rate),
            ("critic_rate", self.critic_rate),
            ("final_rate", self.final_rate),
        ] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(setting(name, "a positive number", &value));
            }
        }
        for (name, value) in [("beta1", self.beta1), ("beta2", self.beta2)] {
            if !(0.0..1.0).contains(&value) {
                return Err(setting(name, "at least 0 and below 1", &value));
            }
        }
        if !(0.0..1.0).contains(&self.average_decay) {
            return Err(setting(
                "average_decay",
                "at least 0 and below 1",
                &self.average_decay,
            ));
        }
        Ok(())
    }
}

impl Relativistic {
    /// The critic for images of this generator.
    pub(super) fn critic(&self, generator: &GeneratorConfig, source: &mut dyn Source) -> Result<Critic> {
        let sees_batch = self.sees_batch.then(|| (generator.scale(), generator.clip_gauss));
        Critic::new(&self.critic, sees_batch, source)
    }

    /// Pixels of all the critic's channels for an image of so many pixels; each layer has a quarter of those before it.
    fn channel_pixels(&self, pixels: usize) -> usize {
        let layers = self.critic.iter().zip(1..);
        layers
            .map(|(channels, halvings)| channels * (pixels >> (2 * halvings)))
            .sum()
    }

    fn check(&self, size: usize) -> Result<()> {
        let halvings = (size / FIRST_SIDE).ilog2() as usize;
        let fit = |channels: &usize| (1..=MOST_CHANNELS).contains(channels);
        if self.critic.len() != halvings || !self.critic.iter().all(fit) {
            return Err(setting(
                "critic",
                &format!("{halvings} channel counts from 1 to {MOST_CHANNELS}"),
                &format!("{:?}", self.critic),
            ));
        }
        if self.penalty_every == 0 {
            return Err(setting("penalty_every", "at least 1", &self.penalty_every));
        }
        for (name, weight) in [("penalty", self.penalty), ("straight", self.straight)] {
            if !(weight >= 0.0 && weight.is_finite()) {
                return Err(setting(name, "a number of at least 0", &weight));
            }
        }
        if !(0.0..1.0).contains(&self.cutout) {
            return Err(setting("cutout", "at least 0 and below 1", &self.cutout));
        }
        if !(self.penalty_step > 0.0 && self.penalty_step.is_finite()) {
            return Err(setting("penalty_step", "a positive number", &self.penalty_step));
        }
        Ok(())
    }
}
