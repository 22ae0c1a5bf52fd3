//! Training of the generator against its critic.
//!
//! The loop stands here: batches, evaluation, checkpoints and progress. How a step is made is a recipe's own
//! affair ([`Recipe`]): `relativistic` for our networks, `non_saturating` for that of arXiv:2502.05351.

mod non_saturating;
mod options;
mod readings;
mod relativistic;

use std::path::Path;

use candle_core::{Device, Tensor};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::nn::{Adam, Average, ModelError, Parameters, Random, Result, Source};
use crate::patch::Patch;
use crate::picture;
use crate::progress::{Observer, Progress};

use super::discriminator::Discriminator;
use super::evaluate::Reference;
use super::network::Network;
use super::{Arch, Finish, Generator, GeneratorConfig, checkpoint, evaluate};

pub use options::{Recipe, Relativistic, TrainOptions};

/// A trained generator and how it came about.
#[derive(Debug)]
pub struct Trained {
    /// The moving average of the generator, at the evaluation with the least `score` or else at the end.
    pub generator: Generator,
    /// Steps done when it was like this.
    pub best_step: u64,
    /// Its distances from the validation patches, if there are any ([`Reference::distances`]).
    pub distances: Vec<(String, f64)>,
    /// What was reported while it was trained, in order.
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
/// holds patches, samples of the moving average are compared with them now and then, and the best one is handed
/// out; they are not trained on. With a `checkpoint` path the state is saved there regularly and when the training
/// is cancelled, a mosaic of samples is kept beside it (`.png`), and `resume` continues from it: the result is,
/// bit for bit, that of a run without the interruption.
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
            .enumerate()
            .map(|(i, patch)| {
                let mut random = Random::new(options.seed, SPREAD + i as u64);
                image_of(&spread(patch, options, &mut random)?, &options.generator)
            })
            .collect::<Result<Vec<_>>>()?;
        if images.len() < options.batch {
            return Err(ModelError::TooFewPatches {
                needed: options.batch,
                found: images.len(),
            });
        }
        let validation = Reference::of(&evaluate::as_drawn(validation, &options.generator)?);
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

/// Streams of a seed from here on spread the pixels of the training images.
const SPREAD: u64 = 1 << 32;

/// A patch whose pixels lie anywhere within their step, but for those that were clipped.
fn spread(patch: &Patch, options: &TrainOptions, random: &mut Random) -> Result<Patch> {
    let (step, clip) = (options.resolution_gauss, options.generator.clip_gauss);
    if step == 0.0 {
        return Ok(patch.clone());
    }
    let gauss = patch.gauss().iter().map(|&b| {
        let within = step * (random.uniform() - 0.5);
        if b.abs() < clip { b + within } else { b }
    });
    Ok(Patch::new(patch.grid(), gauss.collect())?)
}

/// A patch as the critic sees it: on the generator's grid, in [−1, 1].
pub(super) fn image_of(patch: &Patch, config: &GeneratorConfig) -> Result<Vec<f32>> {
    let patch = patch.to_grid(config.grid())?;
    Ok(patch.gauss().iter().map(|&b| config.encode(b)).collect())
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
    pub(super) best: Option<Best>,
}

/// The moving average when it compared best with the validation patches.
#[derive(Debug)]
pub(super) struct Best {
    pub(super) step: u64,
    pub(super) score: f64,
    pub(super) parameters: Parameters,
}

impl State {
    fn new(options: &TrainOptions) -> Result<Self> {
        let (mut generator, mut critic) = (Parameters::new(), Parameters::new());
        Network::new(
            &options.generator,
            &mut generator.fresh(&mut Random::new(options.seed, 0)),
        )?;
        options.recipe.initialise_critic(
            &options.generator,
            &mut critic.fresh(&mut Random::new(options.seed, 1)),
        )?;
        Ok(Self {
            step: 0,
            random: Random::new(options.seed, 2),
            average: Average::new(&generator)?,
            generator,
            critic,
            generator_adam: Adam::new(options.adam()),
            critic_adam: Adam::new(options.adam()),
            sums: Sums::default(),
            history: Vec::new(),
            best: None,
        })
    }

    /// A batch of latents (n, z).
    fn latents(&mut self, options: &TrainOptions) -> Result<Tensor> {
        let (n, dim) = (options.batch, options.generator.latent_dim);
        Ok(Tensor::from_vec(
            self.random.normals(n * dim),
            (n, dim),
            &Device::Cpu,
        )?)
    }
}

impl Recipe {
    /// Weight of what a layer cannot read from w.
    fn straight(&self) -> f64 {
        match self {
            Self::Relativistic(settings) => settings.straight,
            Self::NonSaturating {} => 0.0,
        }
    }

    /// Creates the parameters of the recipe's critic.
    fn initialise_critic(&self, generator: &GeneratorConfig, source: &mut dyn Source) -> Result<()> {
        match self {
            Self::Relativistic(settings) => {
                settings.critic(generator, source)?;
                if settings.straight > 0.0 {
                    relativistic::reader(generator, source)?;
                }
                Ok(())
            }
            Self::NonSaturating {} => Discriminator::new(source).map(drop),
        }
    }

    /// The recipe at work on the networks of `state`, which are to be trained on `images`.
    fn at_work(
        &self,
        generator: &GeneratorConfig,
        images: &[Vec<f32>],
        state: &State,
    ) -> Result<Box<dyn Step>> {
        Ok(match self {
            Self::Relativistic(settings) => {
                Box::new(relativistic::Networks::new(generator, settings, images, state)?)
            }
            Self::NonSaturating {} => Box::new(non_saturating::Networks::new(generator, state)?),
        })
    }
}

/// A recipe at work: its networks, and how a step moves them.
trait Step {
    /// One step of critic and generator on real images; `rate` is the part of the learning rates in force.
    fn step(
        &mut self,
        options: &TrainOptions,
        images: &[Vec<f32>],
        state: &mut State,
        rate: f64,
    ) -> Result<Losses>;
}

/// What a step ended with.
struct Losses {
    critic: f64,
    generator: f64,
}

/// Sums of losses since the last record.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Sums {
    steps: u64,
    critic: f64,
    generator: f64,
    penalties: u64,
    penalty: f64,
    #[serde(default)]
    misread: f64,
}

impl Sums {
    /// Mean of what a layer could not read from w.
    fn misread(&self) -> f64 {
        self.misread / self.steps.max(1) as f64
    }

    fn take(&mut self) -> Vec<(&'static str, f64)> {
        let Self {
            steps,
            critic,
            generator,
            penalties,
            penalty,
            misread,
        } = std::mem::take(self);
        let mean = |sum: f64, count: u64| sum / count.max(1) as f64;
        let mut means = vec![
            ("critic_loss", mean(critic, steps)),
            ("generator_loss", mean(generator, steps)),
        ];
        if penalties > 0 {
            means.push(("penalty", mean(penalty, penalties)));
        }
        if misread > 0.0 {
            means.push(("misread", mean(misread, steps)));
        }
        means
    }
}

/// A run: the data, the state and the networks that look at it.
struct Trainer<'a> {
    options: &'a TrainOptions,
    images: Vec<Vec<f32>>,
    validation: Reference,
    state: State,
    recipe: Box<dyn Step>,
}

impl<'a> Trainer<'a> {
    fn new(
        options: &'a TrainOptions,
        images: Vec<Vec<f32>>,
        validation: Reference,
        state: State,
    ) -> Result<Self> {
        Ok(Self {
            recipe: options.recipe.at_work(&options.generator, &images, &state)?,
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
                self.report(evaluate, checkpoint, observer)?;
            }
            if save {
                self.save(checkpoint)?;
            }
        }
        let (best_step, parameters) = match &self.state.best {
            Some(best) => (best.step, &best.parameters),
            None => (self.state.step, self.state.average.parameters()),
        };
        let generator = self.finished(parameters)?;
        let distances = if self.validation.is_empty() {
            Vec::new()
        } else {
            let distances = self.validation.distances(&self.samples(&generator)?);
            distances
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()
        };
        Ok(Trained {
            generator,
            best_step,
            distances,
            history: self.state.history,
        })
    }

    /// A step of the recipe, and of the average.
    fn step(&mut self) -> Result<()> {
        let progress = self.state.step as f64 / self.options.steps as f64;
        let rate = 1.0 - (1.0 - self.options.final_rate) * progress;
        let Losses { critic, generator } =
            self.recipe
                .step(self.options, &self.images, &mut self.state, rate)?;
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

    /// A generator with a copy of these parameters, its images corrected towards the training images
    /// ([`super::finish`]), but for those of the paper's network, which is to be as it was published.
    fn finished(&self, parameters: &Parameters) -> Result<Generator> {
        let config = &self.options.generator;
        let raw = Generator::from_parameters(config, parameters.duplicate()?)?;
        if !matches!(config.arch, Arch::Dcgan(_)) {
            return Ok(raw);
        }
        let latents: Vec<_> = (0..FINISH_SAMPLES)
            .map(|i| Generator::latent(1, i, config.latent_dim))
            .collect();
        let encode = |b: &f32| config.encode(*b);
        let drawn: Vec<Vec<f32>> = raw
            .generate(&latents)?
            .iter()
            .map(|patch| patch.gauss().iter().map(encode).collect())
            .collect();
        let finish = Finish::fitted(&drawn, &self.images, config.size, |x| config.decode(x));
        let config = GeneratorConfig {
            finish: Some(finish),
            ..config.clone()
        };
        Generator::from_parameters(&config, parameters.duplicate()?)
    }

    /// The patches that a comparison looks at.
    fn samples(&self, generator: &Generator) -> Result<Vec<Patch>> {
        let samples = self.options.evaluate_samples.max(MOSAIC);
        let latents: Vec<_> = (0..samples as u64)
            .map(|i| Generator::latent(0, i, self.options.generator.latent_dim))
            .collect();
        generator.generate(&latents)
    }

    /// Compares samples of the moving average with the validation patches, keeps it if it is the best so far,
    /// and leaves a mosaic of samples beside the checkpoint. What cannot be read from w, at its weight, counts in the
    /// score, so that a moment before the generator pays for it is not taken for the best.
    fn evaluate(&mut self, unread: f64, checkpoint: Option<&Path>) -> Result<Vec<(&'static str, f64)>> {
        if self.validation.is_empty() && checkpoint.is_none() {
            return Ok(Vec::new());
        }
        let average = self.state.average.parameters();
        let drawn = self.samples(&self.finished(average)?)?;
        if let Some(path) = checkpoint {
            let range = self.options.generator.clip_gauss;
            mosaic(&drawn[..MOSAIC], range, &path.with_extension("png"))?;
        }
        if self.validation.is_empty() {
            return Ok(Vec::new());
        }
        let mut distances = self.validation.distances(&drawn);
        let score = distances.iter_mut().find(|(name, _)| *name == "score");
        if let Some((_, score)) = score {
            *score += unread;
            let score = *score;
            if self.state.best.as_ref().is_none_or(|best| score < best.score) {
                self.state.best = Some(Best {
                    step: self.state.step,
                    score,
                    parameters: average.duplicate()?,
                });
            }
        }
        Ok(distances)
    }

    fn report(&mut self, evaluate: bool, checkpoint: Option<&Path>, observer: &dyn Observer) -> Result<()> {
        let unread = self.options.recipe.straight() * self.state.sums.misread();
        let mut metrics = self.state.sums.take();
        if evaluate {
            metrics.extend(self.evaluate(unread, checkpoint)?);
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

/// Samples over which the correction of the images is measured.
const FINISH_SAMPLES: u64 = 2000;

/// Samples in the mosaic.
const MOSAIC: usize = 72;

/// Draws patches as a contact sheet.
fn mosaic(patches: &[Patch], range_gauss: f32, path: &Path) -> Result<()> {
    let sheet = picture::Sheet {
        columns: 12,
        range_gauss,
        zoom: 1,
        frame_first: false,
    };
    let bytes = picture::contact_sheet(&patches.iter().collect::<Vec<_>>(), sheet)?;
    std::fs::write(path, bytes).map_err(|source| ModelError::File {
        action: "write",
        path: path.to_owned(),
        source,
    })
}

/// log(1 + eˣ), written so that it does not overflow.
fn softplus(x: &Tensor) -> Result<Tensor> {
    Ok((x.relu()? + (x.abs()?.neg()?.exp()? + 1.0)?.log()?)?)
}
