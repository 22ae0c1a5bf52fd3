//! Training of the encoder: two views of one region that should be alike (`vicreg.rs`), ten minutes.
//!
//! A view's partner is, by the toss of a coin, the same patch or another of the same region within a day
//! and a half: the network then learns what stays with a region while it turns and evolves. Without origins
//! every partner is the patch itself. With a weight for it, the batch as a whole is looked at too (`contrast.rs`): a
//! region is to be nearer to itself than to any other. Since what stays is not the flux, which nearness should also mean, a linear layer beside the
//! projector must read the measured quantities of each view's patch from its features. Every view draws from a random
//! stream of its own, so that the result does not depend on the number of threads.

use candle_core::{Device, Tensor};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    Encoder, EncoderConfig, Joint, Seen, augment,
    batch_norm::BatchNorm,
    config::Arch,
    contrast, encode,
    network::{Use, resnet::Network},
    physical::JOINED,
    vicreg,
};
use crate::{
    nn::{
        Activation, Adam, Linear, ModelError, Parameters, Random, Result, Source, adam::AdamConfig,
        default_std, error::setting,
    },
    patch::Patch,
    progress::{Observer, Progress},
};

/// Width of the projector, which training needs and use does not.
const PROJECTION: usize = 256;

/// What the network and its gradients hold for a pair of views, in bytes (peaks of resident memory with batches of 32
/// and 128).
const WORK_PER_PAIR: usize = 3_000_000;

/// Settings of a training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainOptions {
    /// The encoder to be trained; of its `joint` only the weight counts, the rest is fitted.
    pub encoder: EncoderConfig,
    /// Steps of one batch each.
    pub steps: u64,
    /// Pairs in a batch.
    pub batch: usize,
    /// Seed of weights, pairs and views.
    pub seed: u64,
    /// Highest learning rate.
    pub rate: f64,
    /// Steps over which the learning rate rises to that; then it falls to zero along a cosine.
    pub warm_up: u64,
    /// Weight decay.
    pub decay: f32,
    /// Longest time between the two patches of a pair, in days.
    pub pair_days: f64,
    /// Weight of the mean square error of the quantities read from the features, in deviations.
    pub quantities: f64,
    /// Weight of the contrast between regions.
    pub contrast: f64,
    /// Part of the pairs that are of two patches, where a region has several.
    pub pair_chance: f64,
    /// Steps between two reports to the observer.
    pub report_every: u64,
    /// Threads; `None` for those of the current rayon pool. They do not change the result.
    pub threads: Option<usize>,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self {
            encoder: EncoderConfig::default(),
            steps: 400,
            batch: 128,
            seed: 0,
            rate: 1e-3,
            warm_up: 100,
            decay: 1e-4,
            pair_days: 1.6,
            quantities: 1.0,
            contrast: 0.0,
            pair_chance: 0.5,
            report_every: 10,
            threads: None,
        }
    }
}

impl TrainOptions {
    pub(crate) fn check(&self) -> Result<()> {
        self.encoder.check()?;
        if !(2..=4096).contains(&self.batch) {
            return Err(setting("batch", "from 2 to 4096", &self.batch));
        }
        if self.report_every == 0 {
            return Err(setting("report_every", "at least 1", &self.report_every));
        }
        for (name, value) in [
            ("rate", self.rate),
            ("decay", f64::from(self.decay)),
            ("pair_days", self.pair_days),
            ("quantities", self.quantities),
            ("contrast", self.contrast),
        ] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(setting(name, "a number of at least 0", &value));
            }
        }
        if !(0.0..=1.0).contains(&self.pair_chance) {
            return Err(setting("pair_chance", "from 0 to 1", &self.pair_chance));
        }
        Ok(())
    }

    /// What a training takes beside its patches, in bytes.
    pub(crate) fn working_bytes(&self) -> usize {
        WORK_PER_PAIR.saturating_mul(self.batch)
    }

    fn rate_at(&self, step: u64) -> f64 {
        if step < self.warm_up {
            return self.rate * (step + 1) as f64 / self.warm_up as f64;
        }
        let part = (step - self.warm_up) as f64 / self.steps.saturating_sub(self.warm_up).max(1) as f64;
        self.rate * 0.5 * (1.0 + (std::f64::consts::PI * part).cos())
    }
}

/// Where and when a patch was observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// Number of the active region.
    pub region: i64,
    /// Time in seconds, from any start.
    pub seconds: i64,
}

/// Trains an encoder on patches and, where they are known, their origins (one a patch).
///
/// # Errors
/// When a setting is out of range, the patches are fewer than a batch, the origins are not one a patch, the
/// loss stops being a number, or the observer cancels.
pub fn train(
    patches: &[Patch],
    origins: Option<&[Origin]>,
    options: &TrainOptions,
    observer: &dyn Observer,
) -> Result<Encoder> {
    options.check()?;
    if patches.len() < options.batch {
        return Err(ModelError::TooFewPatches {
            needed: options.batch,
            found: patches.len(),
        });
    }
    if let Some(origins) = origins
        && origins.len() != patches.len()
    {
        return Err(ModelError::Length {
            what: "origins",
            expected: patches.len(),
            found: origins.len(),
        });
    }
    let run = || {
        let seen = patches
            .par_iter()
            .map(|patch| Seen::new(patch, &options.encoder))
            .collect::<Result<_>>()?;
        Trainer::new(options, seen, origins)?.run(observer)
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

/// A run: the data, the networks and their state.
struct Trainer<'a> {
    options: &'a TrainOptions,
    seen: Vec<Seen>,
    /// The region of each patch; without origins each is one of its own.
    regions: Vec<i64>,
    /// For each patch the others of its region that are near in time.
    partners: Vec<Vec<usize>>,
    encoder: Parameters,
    projector: Parameters,
    network: Network,
    projection: Projector,
    /// Reads the quantities from the features.
    reader: Linear,
    /// Standardises the quantities; its learned part is not fitted yet.
    joint: Joint,
    adam: [Adam; 2],
    /// Patches in the order of this pass over them, and how far it has come.
    order: Vec<usize>,
    random: Random,
}

impl<'a> Trainer<'a> {
    fn new(options: &'a TrainOptions, seen: Vec<Seen>, origins: Option<&[Origin]>) -> Result<Self> {
        let (mut encoder, mut projector) = (Parameters::new(), Parameters::new());
        let mut random = Random::new(options.seed, 0);
        let Arch::Resnet(resnet) = &options.encoder.arch else {
            return Err(setting(
                "arch",
                "`resnet`, the one that is trained here",
                "simsiam",
            ));
        };
        let source = &mut encoder.fresh(&mut random);
        let network = Network::new(&options.encoder, resnet, source, Use::Training)?;
        let learned = options.encoder.learned;
        let projection = Projector::new(learned, &mut projector.fresh(&mut random))?;
        let reader = Linear::new(
            &mut projector.fresh(&mut random),
            "reader",
            (learned, JOINED.len()),
            Activation::None,
            default_std(learned),
        )?;
        let measured: Vec<_> = seen.iter().map(|seen| seen.quantities).collect();
        let adam = AdamConfig {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            decay: options.decay,
        };
        Ok(Self {
            regions: match origins {
                Some(origins) => origins.iter().map(|origin| origin.region).collect(),
                None => (0..seen.len() as i64).collect(),
            },
            partners: partners(seen.len(), origins, options.pair_days),
            options,
            seen,
            encoder,
            projector,
            network,
            projection,
            reader,
            joint: Joint::fitted(options.encoder.joint.physical, &[], &measured),
            adam: [Adam::new(adam), Adam::new(adam)],
            order: Vec::new(),
            random: Random::new(options.seed, 1),
        })
    }

    fn run(mut self, observer: &dyn Observer) -> Result<Encoder> {
        for step in 0..self.options.steps {
            if observer.is_cancelled() {
                return Err(ModelError::Cancelled);
            }
            let metrics = self.step(step)?;
            if (step + 1).is_multiple_of(self.options.report_every) || step + 1 == self.options.steps {
                observer.report(&Progress {
                    task: "training encoder".to_owned(),
                    step: step + 1,
                    steps: self.options.steps,
                    metrics,
                });
            }
        }
        self.network.store(&self.encoder)?;
        let mut config = self.options.encoder.clone();
        let encoder = Encoder::from_parameters(&config, self.encoder.duplicate()?)?;
        let mut learned = Vec::with_capacity(self.seen.len());
        for seen in self.seen.chunks(super::BATCH) {
            learned.extend(encoder.features(seen)?);
        }
        let measured: Vec<_> = self.seen.iter().map(|seen| seen.quantities).collect();
        config.joint = Joint::fitted(config.joint.physical, &learned, &measured);
        Ok(Encoder { config, ..encoder })
    }

    /// One batch: the loss and its parts.
    fn step(&mut self, step: u64) -> Result<Vec<(&'static str, f64)>> {
        let n = self.options.batch;
        let pairs = self.pairs();
        let features = self.network.forward(&self.views(step, &pairs)?)?;
        let projected = self.projection.forward(&features)?;
        let loss = vicreg::loss(&projected.narrow(0, 0, n)?, &projected.narrow(0, n, n)?)?;
        let contrast = contrast::loss(&projected, |a, b| {
            let (a, b) = (pairs[a], pairs[b]);
            // On the other side of the mirror it is another region.
            self.regions[a.0] == self.regions[b.0] && a.1 == b.1
        })?;
        let misread = self.misread(&features, &pairs)?;
        let parts = loss.parts.into_iter().chain([
            ("contrast", f64::from(contrast.to_scalar::<f32>()?)),
            ("quantities", f64::from(misread.to_scalar::<f32>()?)),
        ]);
        let loss = (loss.total + (contrast * self.options.contrast)?)?;
        let loss = (loss + (misread * self.options.quantities)?)?;
        let total = f64::from(loss.to_scalar::<f32>()?);
        if !total.is_finite() {
            return Err(ModelError::Diverged { step });
        }
        let gradients = loss.backward()?;
        let rate = self.options.rate_at(step);
        for (adam, parameters) in self.adam.iter_mut().zip([&self.encoder, &self.projector]) {
            adam.step(parameters, &gradients, rate)?;
        }
        let rank = vicreg::effective_rank(&features.narrow(0, 0, n)?.detach())?;
        Ok([("loss", total)]
            .into_iter()
            .chain(parts)
            .chain([("effective_rank", rank)])
            .collect())
    }

    /// The patches of a batch, all first ones and then all partners, and whether each is mirrored.
    fn pairs(&mut self) -> Vec<(usize, bool)> {
        let n = self.options.batch;
        let (mut firsts, mut seconds) = (Vec::with_capacity(2 * n), Vec::with_capacity(n));
        for _ in 0..n {
            let first = self.next();
            let partners = &self.partners[first];
            let second =
                if !partners.is_empty() && f64::from(self.random.uniform()) < self.options.pair_chance {
                    partners[self.random.index(partners.len())]
                } else {
                    first
                };
            // Both views of a pair share the mirror: it is no change that a region undergoes.
            let mirrored = self.random.coin();
            firsts.push((first, mirrored));
            seconds.push((second, mirrored));
        }
        firsts.extend(seconds);
        firsts
    }

    /// Mean square error, in deviations, of the quantities read from features (2n, learned).
    fn misread(&self, features: &Tensor, pairs: &[(usize, bool)]) -> Result<Tensor> {
        let shape = (pairs.len(), JOINED.len());
        let true_ones = pairs
            .iter()
            .flat_map(|&(patch, mirrored)| self.joint.standardised(&self.seen[patch].quantities, mirrored));
        let (mut expected, mut known) = (Vec::new(), Vec::new());
        for value in true_ones {
            expected.push(value.unwrap_or(0.0) as f32);
            known.push(if value.is_some() { 1.0f32 } else { 0.0 });
        }
        let expected = Tensor::from_vec(expected, shape, &Device::Cpu)?;
        let known = Tensor::from_vec(known, shape, &Device::Cpu)?;
        let error = (self.reader.forward(features)? - expected)?;
        Ok((error.sqr()? * known)?.mean_all()?)
    }

    /// The views of a batch (2n, 1, size, size).
    fn views(&self, step: u64, pairs: &[(usize, bool)]) -> Result<Tensor> {
        let (n, size) = (self.options.batch, self.options.encoder.size);
        let streams = (2 + step) * 2 * n as u64;
        let mut images = vec![0.0; 2 * n * size * size];
        images
            .par_chunks_exact_mut(size * size)
            .zip(pairs)
            .enumerate()
            .for_each(|(i, (image, &(patch, mirrored)))| {
                let random = &mut Random::new(self.options.seed, streams + i as u64);
                let view = augment::view(&self.seen[patch].gauss, size, mirrored, random);
                for (out, value) in image.iter_mut().zip(encode(&view, &self.options.encoder)) {
                    *out = value;
                }
            });
        Ok(Tensor::from_vec(images, (2 * n, 1, size, size), &Device::Cpu)?)
    }

    /// The next patch of a pass in random order.
    fn next(&mut self) -> usize {
        if self.order.is_empty() {
            self.order = (0..self.seen.len()).collect();
        }
        let place = self.random.index(self.order.len());
        self.order.swap_remove(place)
    }
}

/// For each patch the others of its region within so many days.
fn partners(count: usize, origins: Option<&[Origin]>, days: f64) -> Vec<Vec<usize>> {
    let Some(origins) = origins else {
        return vec![Vec::new(); count];
    };
    let mut by_region: std::collections::BTreeMap<i64, Vec<usize>> = std::collections::BTreeMap::new();
    for (i, origin) in origins.iter().enumerate() {
        by_region.entry(origin.region).or_default().push(i);
    }
    let near =
        |a: usize, b: usize| (origins[a].seconds.abs_diff(origins[b].seconds)) as f64 <= days * 86_400.0;
    (0..count)
        .map(|i| {
            by_region[&origins[i].region]
                .iter()
                .copied()
                .filter(|&j| j != i && near(i, j))
                .collect()
        })
        .collect()
}

/// Two layers between features and loss, which take the loss's demands off the features.
struct Projector {
    first: Linear,
    norm: BatchNorm,
    second: Linear,
}

impl Projector {
    fn new(features: usize, source: &mut dyn Source) -> Result<Self> {
        let (wide, std) = (default_std(features), default_std(PROJECTION));
        Ok(Self {
            first: Linear::without_bias(source, "first", (features, PROJECTION), Activation::None, wide)?,
            norm: BatchNorm::new(source, "norm", PROJECTION)?,
            second: Linear::new(source, "second", (PROJECTION, PROJECTION), Activation::None, std)?,
        })
    }

    fn forward(&self, features: &Tensor) -> Result<Tensor> {
        self.second
            .forward(&self.norm.forward(&self.first.forward(features)?, true)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partners_are_of_one_region_and_near_in_time() {
        let day = 86_400;
        let origins =
            [(1, 0), (1, day), (1, 3 * day), (2, 0)].map(|(region, seconds)| Origin { region, seconds });
        assert_eq!(
            partners(4, Some(&origins), 1.6),
            [vec![1], vec![0], vec![], vec![]]
        );
        assert_eq!(partners(2, None, 1.6), [vec![], Vec::<usize>::new()]);
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "a half and one are exact in binary")]
    fn the_learning_rate_rises_and_falls() {
        let options = TrainOptions {
            steps: 300,
            warm_up: 100,
            rate: 1.0,
            ..TrainOptions::default()
        };
        assert_eq!(options.rate_at(49), 0.5);
        assert_eq!(options.rate_at(100), 1.0);
        assert!((options.rate_at(200) - 0.5).abs() < 1e-12);
    }
}
