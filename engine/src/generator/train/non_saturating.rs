//! The recipe of arXiv:2502.05351, as its authors' code has it.
//!
//! With the discriminator's probability p = σ(D) and binary cross-entropy, one step on a batch of z is
//! - the generator's, mean −log p(G(z)) = mean softplus(−D(G(z))), called non-saturating because it does not
//!   fade where the discriminator wins (Goodfellow et al. 2014, arXiv:1406.2661);
//! - then the discriminator's, on images that the moved generator draws from the *same* z:
//!   ½ (mean softplus(D(G(z))) + mean softplus(−D(x))).
//!
//! Every epoch shows each real image once, in a new order, and drops what does not fill a batch. There is no
//! augmentation, penalty or average.

use candle_core::{Device, Tensor};

use super::{Losses, State, Step, TrainOptions, softplus};
use crate::generator::GeneratorConfig;
use crate::generator::discriminator::Discriminator;
use crate::generator::network::Network;
use crate::nn::{Random, Result};

/// The first of the random streams that order the epochs; those before it are the weights' and the latents'.
const FIRST_EPOCH: u64 = 3;

/// The networks, each once with gradients and once without.
pub(super) struct Networks {
    generator: Network,
    frozen_generator: Network,
    discriminator: Discriminator,
    frozen_discriminator: Discriminator,
    epoch: Option<Epoch>,
}

/// The order of the images in one epoch.
struct Epoch {
    number: u64,
    order: Vec<usize>,
}

impl Epoch {
    /// It depends on nothing but seed and number, so that a resumed run goes on in it.
    fn new(seed: u64, number: u64, images: usize) -> Self {
        let mut random = Random::new(seed, FIRST_EPOCH + number);
        let mut order: Vec<usize> = (0..images).collect();
        for i in (1..images).rev() {
            order.swap(i, random.index(i + 1));
        }
        Self { number, order }
    }
}

impl Networks {
    pub(super) fn new(config: &GeneratorConfig, state: &State) -> Result<Self> {
        Ok(Self {
            generator: Network::new(config, &mut state.generator.trainable())?,
            frozen_generator: Network::new(config, &mut state.generator.frozen())?,
            discriminator: Discriminator::new(&mut state.critic.trainable())?,
            frozen_discriminator: Discriminator::new(&mut state.critic.frozen())?,
            epoch: None,
        })
    }

    /// The real images (n, 1, size, size) of a step.
    fn reals(&mut self, options: &TrainOptions, images: &[Vec<f32>], step: u64) -> Result<Tensor> {
        let (n, size) = (options.batch, options.generator.size);
        let batches = (images.len() / n) as u64;
        let number = step / batches;
        let epoch = match self.epoch.take() {
            Some(epoch) if epoch.number == number => epoch,
            _ => Epoch::new(options.seed, number, images.len()),
        };
        let first = (step % batches) as usize * n;
        let batch = epoch.order[first..][..n]
            .iter()
            .flat_map(|&i| images[i].iter().copied());
        let batch = Tensor::from_iter(batch, &Device::Cpu)?.reshape((n, 1, size, size))?;
        self.epoch = Some(epoch);
        Ok(batch)
    }
}

impl Step for Networks {
    /// The generator's step, then the discriminator's.
    fn step(
        &mut self,
        options: &TrainOptions,
        images: &[Vec<f32>],
        state: &mut State,
        rate: f64,
    ) -> Result<Losses> {
        let reals = self.reals(options, images, state.step)?;
        let z = state.latents(options)?;

        let judged = self.frozen_discriminator.forward(&self.generator.forward(&z)?)?;
        let generator = softplus(&judged.neg()?)?.mean_all()?;
        let gradients = generator.backward()?;
        let generator_rate = options.generator_rate * rate;
        state
            .generator_adam
            .step(&state.generator, &gradients, generator_rate)?;

        let fakes = self.frozen_generator.forward(&z)?;
        let of_fakes = softplus(&self.discriminator.forward(&fakes)?)?.mean_all()?;
        let of_reals = softplus(&self.discriminator.forward(&reals)?.neg()?)?.mean_all()?;
        let discriminator = ((of_fakes + of_reals)? * 0.5)?;
        let gradients = discriminator.backward()?;
        state
            .critic_adam
            .step(&state.critic, &gradients, options.critic_rate * rate)?;
        Ok(Losses {
            critic: f64::from(discriminator.to_scalar::<f32>()?),
            generator: f64::from(generator.to_scalar::<f32>()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_shows_each_image_once() {
        let (first, second) = (Epoch::new(23, 0, 50), Epoch::new(23, 1, 50));
        assert_ne!(first.order, second.order);
        for mut epoch in [first, second] {
            epoch.order.sort_unstable();
            assert!(epoch.order.into_iter().eq(0..50));
        }
    }
}
