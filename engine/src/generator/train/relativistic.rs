//! The recipe of our own networks, as it was measured on two thousand patches (one core, 20 minutes):
//! - relativistic pairing loss (Jolicoeur-Martineau 2018; R3GAN, Huang et al. 2025, arXiv:2501.05441):
//!   critic mean softplus(D(f) − D(x)), generator mean softplus(D(x) − D(f));
//! - every 4th step a penalty on the critic's gradient at real *and* drawn images, by finite differences
//!   along random directions, (D(u + σe) − D(u))²/σ², which needs no second derivative;
//! - Adam (0, 0.99), learning rates falling linearly to a tenth, the critic's twice the generator's;
//! - the critic sees an image beside the mean and the spread of its batch, without which all drawn images come to
//!   share one quiet Sun;
//! - where a run asks for it (`cutout`), a square of what the critic sees is blanked;
//! - beside the critic a linear layer learns to read quantities of an image from its w (`readings.rs`), and the generator
//!   pays for what cannot be read, so that quantities change evenly along straight lines in w;
//! - samples come from an exponential moving average of the generator.

use candle_core::{Device, Tensor};

use super::readings::{self, Readings};
use super::{Losses, Relativistic, State, Step, TrainOptions, softplus};
use crate::generator::critic::Critic;
use crate::generator::network::Network;
use crate::generator::{GeneratorConfig, augment};
use crate::nn::{Activation, Linear, Parameters, Random, Result, Source, default_std};

/// The networks, each once with gradients and once without.
pub(super) struct Networks {
    settings: Relativistic,
    generator: Network,
    frozen_generator: Network,
    critic: Critic,
    frozen_critic: Critic,
    straight: Option<Straight>,
}

/// What makes quantities linear in w: how they are read from images, and from w.
struct Straight {
    readings: Readings,
    reader: Linear,
    frozen_reader: Linear,
}

impl Straight {
    fn new(images: &[Vec<f32>], config: &GeneratorConfig, critic: &Parameters) -> Result<Self> {
        Ok(Self {
            readings: Readings::of(images, config)?,
            reader: reader(config, &mut critic.trainable())?,
            frozen_reader: reader(config, &mut critic.frozen())?,
        })
    }

    /// Mean square error with which a reader finds in w what is read from the images drawn from it.
    fn misread(&self, reader: &Linear, w: &Tensor, drawn: &Tensor) -> Result<Tensor> {
        let (scores, known) = self.readings.read(drawn)?;
        Ok(((reader.forward(w)? - scores)?.sqr()? * known)?.mean_all()?)
    }
}

/// The layer that reads quantities from w; it learns with the critic and stands among its parameters.
pub(super) fn reader(config: &GeneratorConfig, source: &mut dyn Source) -> Result<Linear> {
    let shape = (config.w_dim, readings::COUNT);
    Linear::new(
        source,
        "reader",
        shape,
        Activation::None,
        default_std(config.w_dim),
    )
}

impl Networks {
    pub(super) fn new(
        config: &GeneratorConfig,
        settings: &Relativistic,
        images: &[Vec<f32>],
        state: &State,
    ) -> Result<Self> {
        let straight = (settings.straight > 0.0).then(|| Straight::new(images, config, &state.critic));
        Ok(Self {
            straight: straight.transpose()?,
            settings: settings.clone(),
            generator: Network::new(config, &mut state.generator.trainable())?,
            frozen_generator: Network::new(config, &mut state.generator.frozen())?,
            critic: settings.critic(config, &mut state.critic.trainable())?,
            frozen_critic: settings.critic(config, &mut state.critic.frozen())?,
        })
    }

    /// Images as the critic is to see them at this step.
    fn augment(&self, images: &Tensor, state: &mut State) -> Result<Tensor> {
        let images = augment::translate(images, &mut state.random)?;
        if self.settings.cutout > 0.0 && state.step >= self.settings.cutout_from {
            augment::cut_out(&images, self.settings.cutout, &mut state.random)
        } else {
            Ok(images)
        }
    }

    fn critic_step(
        &self,
        options: &TrainOptions,
        images: &[Vec<f32>],
        state: &mut State,
        rate: f64,
    ) -> Result<f64> {
        let (n, settings) = (options.batch, &self.settings);
        let reals = reals(options, images, &mut state.random)?;
        let latents = state.latents(options)?;
        let w = self.frozen_generator.map(&latents)?;
        let fakes = self.frozen_generator.synthesize(&w)?;
        let unread = self.straight.as_ref().map(|s| s.misread(&s.reader, &w, &fakes));
        let images = self.augment(&Tensor::cat(&[reals, fakes], 0)?, state)?;

        let penalise = state.step.is_multiple_of(settings.penalty_every);
        let inputs = if penalise {
            let noise = state.random.normals(images.elem_count());
            let noise = Tensor::from_vec(noise, images.shape(), &Device::Cpu)?;
            Tensor::cat(&[&images, &(&images + (noise * settings.penalty_step)?)?], 0)?
        } else {
            images
        };
        let judged = self.critic.forward(&inputs, n)?;
        let (real, fake) = (judged.narrow(0, 0, n)?, judged.narrow(0, n, n)?);
        let loss = softplus(&(fake - real)?)?.mean_all()?;
        let value = f64::from(loss.to_scalar::<f32>()?);
        let total = if penalise {
            let moved = (judged.narrow(0, 2 * n, 2 * n)? - judged.narrow(0, 0, 2 * n)?)?;
            // The mean runs over real and drawn images together: the two makes it γ/2σ² times the sum of
            // the two means. `penalty_every` makes up for the steps without it.
            let weight = 2.0 * settings.penalty / (2.0 * settings.penalty_step.powi(2));
            let penalty = (moved.sqr()?.mean_all()? * weight)?;
            state.sums.penalties += 1;
            state.sums.penalty += f64::from(penalty.to_scalar::<f32>()?);
            (loss + (penalty * settings.penalty_every as f64)?)?
        } else {
            loss
        };
        // Adam looks at each parameter by itself: the two losses need no weights.
        let total = match unread {
            Some(unread) => (total + unread?)?,
            None => total,
        };
        let rate = options.critic_rate * rate;
        state.critic_adam.step(&state.critic, &total.backward()?, rate)?;
        Ok(value)
    }

    fn generator_step(
        &self,
        options: &TrainOptions,
        images: &[Vec<f32>],
        state: &mut State,
        rate: f64,
    ) -> Result<f64> {
        let reals = reals(options, images, &mut state.random)?;
        let reals = self.augment(&reals, state)?;
        let latents = state.latents(options)?;
        let w = self.generator.map(&latents)?;
        let fakes = self.generator.synthesize(&w)?;
        let unread = self
            .straight
            .as_ref()
            .map(|s| s.misread(&s.frozen_reader, &w, &fakes));
        let fakes = self.augment(&fakes, state)?;
        let real = self.frozen_critic.forward(&reals, options.batch)?;
        let fake = self.frozen_critic.forward(&fakes, options.batch)?;
        let loss = softplus(&(real - fake)?)?.mean_all()?;
        let value = f64::from(loss.to_scalar::<f32>()?);
        let total = match unread {
            Some(unread) => {
                let unread = unread?;
                state.sums.misread += f64::from(unread.to_scalar::<f32>()?);
                if state.step < self.settings.straight_from {
                    loss
                } else {
                    (loss + (unread * self.settings.straight)?)?
                }
            }
            None => loss,
        };
        let rate = options.generator_rate * rate;
        state
            .generator_adam
            .step(&state.generator, &total.backward()?, rate)?;
        Ok(value)
    }
}

impl Step for Networks {
    /// The critic's step, then the generator's.
    fn step(
        &mut self,
        options: &TrainOptions,
        images: &[Vec<f32>],
        state: &mut State,
        rate: f64,
    ) -> Result<Losses> {
        Ok(Losses {
            critic: self.critic_step(options, images, state, rate)?,
            generator: self.generator_step(options, images, state, rate)?,
        })
    }
}

/// A batch of real images (n, 1, size, size).
fn reals(options: &TrainOptions, images: &[Vec<f32>], random: &mut Random) -> Result<Tensor> {
    let (n, size) = (options.batch, options.generator.size);
    let mut batch = Vec::with_capacity(n * size * size);
    for _ in 0..n {
        let image = &images[random.index(images.len())];
        augment::mirror_by_coin(image, size, random, &mut batch);
    }
    Ok(Tensor::from_vec(batch, (n, 1, size, size), &Device::Cpu)?)
}
