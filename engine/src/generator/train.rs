//! Training of the generator against its critic.
//!
//! The recipe, as it was measured on two thousand patches (one core, 20 minutes):
//! - relativistic pairing loss (Jolicoeur-Martineau 2018; R3GAN, Huang et al. 2025, arXiv:2501.05441):
//!   critic mean softplus(D(f) − D(x)), generator mean softplus(D(x) − D(f));
//! - every 4th step a penalty on the critic's gradient at real *and* drawn images, by finite differences
//!   along random directions, (D(u + σe) − D(u))²/σ², which needs no second derivative;
//! - Adam (0, 0.99), learning rates falling linearly to a tenth, the critic's twice the generator's;
//! - samples come from an exponential moving average of the generator.

use std::path::Path;

use candle_core::{Device, Tensor};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::nn::adam::AdamConfig;
use crate::nn::{Adam, Average, ModelError, Parameters, Random, Result};
use crate::patch::Patch;
use crate::progress::{Observer, Progress};

use super::config::setting;
use super::critic::Critic;
use super::network::Network;
use super::{Generator, GeneratorConfig, augment, checkpoint, evaluate, scale};

/// Adam of both networks.
const ADAM: AdamConfig = AdamConfig {
    beta1: 0.0,
    beta2: 0.99,
    epsilon: 1e-8,
    decay: 0.0,
};

/// Settings of a training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainOptions {
    /// The generator to be trained.
    pub generator: GeneratorConfig,
    /// Channels after each halving of the critic.
    pub critic: Vec<usize>,
    /// Steps; each shows the critic one batch and the generator another.
    pub steps: u64,
    /// Real images per batch.
    pub batch: usize,
    /// Seed of weights, batches, latents and augmentation.
    pub seed: u64,
    /// First learning rate of the generator.
    pub generator_rate: f64,
    /// First learning rate of the critic.
    pub critic_rate: f64,
    /// Part of the learning rates that is left at the last step.
    pub final_rate: f64,
    /// Weight γ of the gradient penalty.
    pub penalty: f64,
    /// Steps between two penalties, which are weighted up accordingly.
    pub penalty_every: u64,
    /// Length σ of the finite difference.
    pub penalty_step: f64,
    /// Decay of the moving average, after its warm-up.
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
            critic,
            steps: 10_000,
            batch: 16,
            seed: 0,
            generator_rate: 5e-4,
            critic_rate: 1e-3,
            final_rate: 0.1,
            penalty: 0.1,
            penalty_every: 4,
            penalty_step: 0.05,
            average_decay: 0.999,
            report_every: 50,
            evaluate_every: 1000,
            evaluate_samples: 1024,
            checkpoint_every: 1000,
            threads: None,
        })
    }

    fn check(&self) -> Result<()> {
        self.generator.check()?;
        let stages = self.generator.channels.len();
        if self.critic.len() != stages || self.critic.contains(&0) {
            return Err(setting(
                "critic",
                &format!("{stages} channel counts"),
                &format!("{:?}", self.critic),
            ));
        }
        if !(1..=4096).contains(&self.batch) {
            return Err(setting("batch", "from 1 to 4096", &self.batch));
        }
        for (name, value) in [
            ("penalty_every", self.penalty_every),
            ("report_every", self.report_every),
            ("evaluate_every", self.evaluate_every),
            ("checkpoint_every", self.checkpoint_every),
        ] {
            if value == 0 {
                return Err(setting(name, "at least 1", &value));
            }
        }
        for (name, value, least) in [
            ("generator_rate", self.generator_rate, 0.0),
            ("critic_rate", self.critic_rate, 0.0),
            ("final_rate", self.final_rate, 0.0),
            ("penalty", self.penalty, 0.0),
            ("penalty_step", self.penalty_step, f64::MIN_POSITIVE),
        ] {
            if !(value >= least && value.is_finite()) {
                return Err(setting(name, "a positive number", &value));
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

/// A trained generator and how it came about.
#[derive(Debug)]
pub struct Trained {
    /// The moving average of the generator.
    pub generator: Generator,
    /// What was reported, in order.
    pub history: Vec<Record>,
}

/// Figures at one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Steps done.
    pub step: u64,
    /// Mean losses since the last record, and distances where they were measured.
    pub metrics: Vec<(String, f64)>,
}

/// Trains a generator on patches.
///
/// Patches are put on the generator's grid, clipped, and their gaps filled with zeros. Where `validation`
/// holds patches, samples of the moving average are compared with them now and then; they are not trained
/// on. With a `checkpoint` path the state is saved there regularly and when the training is cancelled, and
/// `resume` continues from it: the result is, bit for bit, that of a run without the interruption.
///
/// # Errors
/// When a setting is out of range, there are fewer patches than a batch, the training diverges, a checkpoint
/// cannot be read or written, or the observer cancels.
pub fn train(
    patches: &[Patch],
    validation: &[Patch],
    options: &TrainOptions,
    checkpoint: Option<&Path>,
    resume: bool,
    observer: &dyn Observer,
) -> Result<Trained> {
    options.check()?;
    let run = || {
        let images = patches
            .par_iter()
            .map(|patch| image_of(patch, &options.generator))
            .collect::<Result<Vec<_>>>()?;
        if images.len() < options.batch {
            return Err(ModelError::TooFewPatches {
                needed: options.batch,
                found: images.len(),
            });
        }
        let validation = evaluate::as_drawn(validation, &options.generator)?;
        let state = match checkpoint {
            Some(path) if resume && path.exists() => checkpoint::load(path, options, images.len())?,
            _ => State::new(options)?,
        };
        Trainer::new(options, images, validation, state)?.run(checkpoint, observer)
    };
    match options.threads {
        None => run(),
        Some(threads) => rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|source| ModelError::Threads { threads, source })?
            .install(run),
    }
}

/// A patch as the critic sees it: on the generator's grid, in [−1, 1].
pub(super) fn image_of(patch: &Patch, config: &GeneratorConfig) -> Result<Vec<f32>> {
    let patch = patch.to_grid(config.grid())?;
    Ok(patch
        .gauss()
        .iter()
        .map(|&b| scale::encode(b, config.clip_gauss))
        .collect())
}

/// All that changes from step to step.
pub(super) struct State {
    pub(super) step: u64,
    pub(super) random: Random,
    pub(super) generator: Parameters,
    pub(super) critic: Parameters,
    pub(super) average: Average,
    pub(super) generator_adam: Adam,
    pub(super) critic_adam: Adam,
    pub(super) sums: Sums,
    pub(super) history: Vec<Record>,
}

impl State {
    fn new(options: &TrainOptions) -> Result<Self> {
        let (mut generator, mut critic) = (Parameters::new(), Parameters::new());
        Network::new(
            &options.generator,
            &mut generator.fresh(&mut Random::new(options.seed, 0)),
        )?;
        Critic::new(
            &options.critic,
            &mut critic.fresh(&mut Random::new(options.seed, 1)),
        )?;
        Ok(Self {
            step: 0,
            random: Random::new(options.seed, 2),
            average: Average::new(&generator)?,
            generator,
            critic,
            generator_adam: Adam::new(ADAM),
            critic_adam: Adam::new(ADAM),
            sums: Sums::default(),
            history: Vec::new(),
        })
    }

    /// The optimiser settings, which a checkpoint does not repeat.
    pub(super) fn adam() -> AdamConfig {
        ADAM
    }
}

/// Sums of losses since the last record.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Sums {
    steps: u64,
    critic: f64,
    generator: f64,
    penalties: u64,
    penalty: f64,
}

impl Sums {
    fn take(&mut self) -> Vec<(&'static str, f64)> {
        let Self {
            steps,
            critic,
            generator,
            penalties,
            penalty,
        } = std::mem::take(self);
        let mean = |sum: f64, count: u64| sum / count.max(1) as f64;
        vec![
            ("critic_loss", mean(critic, steps)),
            ("generator_loss", mean(generator, steps)),
            ("penalty", mean(penalty, penalties)),
        ]
    }
}

/// A run: the data, the state and the networks that look at it.
struct Trainer<'a> {
    options: &'a TrainOptions,
    images: Vec<Vec<f32>>,
    validation: Vec<Patch>,
    state: State,
    generator: Network,
    frozen_generator: Network,
    critic: Critic,
    frozen_critic: Critic,
}

impl<'a> Trainer<'a> {
    fn new(
        options: &'a TrainOptions,
        images: Vec<Vec<f32>>,
        validation: Vec<Patch>,
        state: State,
    ) -> Result<Self> {
        Ok(Self {
            generator: Network::new(&options.generator, &mut state.generator.trainable())?,
            frozen_generator: Network::new(&options.generator, &mut state.generator.frozen())?,
            critic: Critic::new(&options.critic, &mut state.critic.trainable())?,
            frozen_critic: Critic::new(&options.critic, &mut state.critic.frozen())?,
            options,
            images,
            validation,
            state,
        })
    }

    fn run(mut self, checkpoint: Option<&Path>, observer: &dyn Observer) -> Result<Trained> {
        let options = self.options;
        while self.state.step < options.steps {
            if observer.is_cancelled() {
                self.save(checkpoint)?;
                return Err(ModelError::Cancelled);
            }
            self.step()?;
            let at = |every: u64| self.state.step.is_multiple_of(every) || self.state.step == options.steps;
            let (report, evaluate, save) = (
                at(options.report_every),
                at(options.evaluate_every),
                at(options.checkpoint_every),
            );
            if report {
                self.report(evaluate && !self.validation.is_empty(), observer)?;
            }
            if save {
                self.save(checkpoint)?;
            }
        }
        Ok(Trained {
            generator: self.averaged()?,
            history: self.state.history,
        })
    }

    /// The critic's step, then the generator's.
    fn step(&mut self) -> Result<()> {
        let progress = self.state.step as f64 / self.options.steps as f64;
        let rate = 1.0 - (1.0 - self.options.final_rate) * progress;
        let critic = self.critic_step(self.options.critic_rate * rate)?;
        let generator = self.generator_step(self.options.generator_rate * rate)?;
        if !(critic.is_finite() && generator.is_finite()) {
            return Err(ModelError::Diverged {
                step: self.state.step,
            });
        }
        let sums = &mut self.state.sums;
        sums.steps += 1;
        sums.critic += critic;
        sums.generator += generator;

        // The average begins by following closely, so that it soon forgets the untrained start.
        let done = self.state.step as f64;
        let decay = self.options.average_decay.min((1.0 + done) / (10.0 + done));
        self.state.average.update(&self.state.generator, decay as f32)?;
        self.state.step += 1;
        Ok(())
    }

    fn critic_step(&mut self, rate: f64) -> Result<f64> {
        let options = self.options;
        let n = options.batch;
        let reals = self.reals()?;
        let latents = self.latents()?;
        let fakes = self.frozen_generator.forward(&latents)?;
        let images = augment::translate(&Tensor::cat(&[reals, fakes], 0)?, &mut self.state.random)?;

        let penalise = self.state.step.is_multiple_of(options.penalty_every);
        let inputs = if penalise {
            let noise = self.state.random.normals(images.elem_count());
            let noise = Tensor::from_vec(noise, images.shape(), &Device::Cpu)?;
            Tensor::cat(&[&images, &(&images + (noise * options.penalty_step)?)?], 0)?
        } else {
            images
        };
        let judged = self.critic.forward(&inputs)?;
        let (real, fake) = (judged.narrow(0, 0, n)?, judged.narrow(0, n, n)?);
        let loss = softplus(&(fake - real)?)?.mean_all()?;
        let value = f64::from(loss.to_scalar::<f32>()?);
        let total = if penalise {
            let moved = (judged.narrow(0, 2 * n, 2 * n)? - judged.narrow(0, 0, 2 * n)?)?;
            // The mean runs over real and drawn images together: the two makes it γ/2σ² times the sum of
            // the two means. `penalty_every` makes up for the steps without it.
            let weight = 2.0 * options.penalty / (2.0 * options.penalty_step.powi(2));
            let penalty = (moved.sqr()?.mean_all()? * weight)?;
            self.state.sums.penalties += 1;
            self.state.sums.penalty += f64::from(penalty.to_scalar::<f32>()?);
            (loss + (penalty * options.penalty_every as f64)?)?
        } else {
            loss
        };
        self.state
            .critic_adam
            .step(&self.state.critic, &total.backward()?, rate)?;
        Ok(value)
    }

    fn generator_step(&mut self, rate: f64) -> Result<f64> {
        let reals = augment::translate(&self.reals()?, &mut self.state.random)?;
        let latents = self.latents()?;
        let fakes = self.generator.forward(&latents)?;
        let fakes = augment::translate(&fakes, &mut self.state.random)?;
        let real = self.frozen_critic.forward(&reals)?;
        let fake = self.frozen_critic.forward(&fakes)?;
        let loss = softplus(&(real - fake)?)?.mean_all()?;
        self.state
            .generator_adam
            .step(&self.state.generator, &loss.backward()?, rate)?;
        Ok(f64::from(loss.to_scalar::<f32>()?))
    }

    /// A batch of real images (n, 1, size, size).
    fn reals(&mut self) -> Result<Tensor> {
        let (n, size) = (self.options.batch, self.options.generator.size);
        let random = &mut self.state.random;
        let mut batch = Vec::with_capacity(n * size * size);
        for _ in 0..n {
            let image = &self.images[random.index(self.images.len())];
            augment::mirror_by_coin(image, size, random, &mut batch);
        }
        Ok(Tensor::from_vec(batch, (n, 1, size, size), &Device::Cpu)?)
    }

    /// A batch of latents (n, z).
    fn latents(&mut self) -> Result<Tensor> {
        let (n, dim) = (self.options.batch, self.options.generator.latent_dim);
        Ok(Tensor::from_vec(
            self.state.random.normals(n * dim),
            (n, dim),
            &Device::Cpu,
        )?)
    }

    /// The generator as it would be handed out now.
    fn averaged(&self) -> Result<Generator> {
        Generator::from_parameters(
            &self.options.generator,
            self.state.average.parameters().duplicate()?,
        )
    }

    fn report(&mut self, evaluate: bool, observer: &dyn Observer) -> Result<()> {
        let mut metrics = self.state.sums.take();
        if evaluate {
            let samples = self.options.evaluate_samples;
            metrics.extend(evaluate::marginals(&self.averaged()?, &self.validation, samples)?);
        }
        self.state.history.push(Record {
            step: self.state.step,
            metrics: metrics
                .iter()
                .map(|&(name, value)| (name.to_owned(), value))
                .collect(),
        });
        observer.report(&Progress {
            task: "training generator".to_owned(),
            step: self.state.step,
            steps: self.options.steps,
            metrics,
        });
        Ok(())
    }

    fn save(&self, checkpoint: Option<&Path>) -> Result<()> {
        match checkpoint {
            Some(path) => checkpoint::save(path, self.options, self.images.len(), &self.state),
            None => Ok(()),
        }
    }
}

/// log(1 + eˣ), written so that it does not overflow.
fn softplus(x: &Tensor) -> Result<Tensor> {
    Ok((x.relu()? + (x.abs()?.neg()?.exp()? + 1.0)?.log()?)?)
}
