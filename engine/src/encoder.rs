//! The encoder: a patch in, a vector out, near to the vectors of patches that look and measure alike.
//!
//! It stands beside the physics and not on top of it: half of what makes two regions alike (how their flux is
//! arranged) has no formula, so it is learned by [`train()`] from pairs of views; the other half is measured,
//! and [`Joint`] makes one vector of both. (That of arXiv:2502.05351, [`Arch::Simsiam`], is learned alone.) Our network is small enough to embed a thousand patches a
//! second on one core, and embeds each the same to the bit whatever else is in the batch.

mod augment;
mod batch_norm;
pub mod config;
mod contrast;
mod import;
mod network;
pub mod physical;
pub mod train;
mod vicreg;

use candle_core::{Device, Tensor};

pub use config::{Arch, EncoderConfig, Resnet};
pub use import::ImportOptions;
pub use physical::Joint;
pub use train::{Origin, TrainOptions, train};

use self::network::Network;
use crate::{
    nn::{Parameters, Result},
    patch::Patch,
    physics::{self, PatchQuantities},
};

/// Names of the parameters in a weights file begin with this.
const PREFIX: &str = "encoder.";

/// Patches embedded at a time: enough to keep every thread busy, few enough to stay in the cache.
const BATCH: usize = 16;

/// A trained encoder.
#[derive(Debug)]
pub struct Encoder {
    config: EncoderConfig,
    parameters: Parameters,
    network: Network,
}

impl Encoder {
    /// Reads an encoder from its description and its safetensors weights.
    ///
    /// # Errors
    /// When the description is not valid, or the weights are damaged or belong to another description.
    pub fn load(config: &EncoderConfig, weights: &[u8]) -> Result<Self> {
        Self::from_parameters(config, Parameters::from_safetensors(weights, PREFIX)?)
    }

    pub(crate) fn from_parameters(config: &EncoderConfig, parameters: Parameters) -> Result<Self> {
        config.check()?;
        let network = Network::new(config, &mut parameters.frozen())?;
        Ok(Self {
            config: config.clone(),
            parameters,
            network,
        })
    }

    /// The weights as a safetensors file.
    ///
    /// # Errors
    /// When the tensors cannot be written.
    pub fn save(&self) -> Result<Vec<u8>> {
        self.parameters.to_safetensors(PREFIX)
    }

    /// The description that belongs to the weights.
    pub fn config(&self) -> &EncoderConfig {
        &self.config
    }

    /// Numbers in an embedding.
    pub fn dim(&self) -> usize {
        self.config.dim()
    }

    /// The places in an embedding that hold measured quantities, behind the learned ones; none where the encoder
    /// joins none.
    pub fn measured(&self) -> std::ops::Range<usize> {
        self.config.learned..self.dim()
    }

    /// The embeddings of patches of any grid, each clipped and put on the encoder's grid first.
    ///
    /// # Errors
    /// When a patch cannot be put on that grid.
    pub fn embed(&self, patches: &[&Patch]) -> Result<Vec<Vec<f32>>> {
        let mut embeddings = Vec::with_capacity(patches.len());
        for patches in patches.chunks(BATCH) {
            let seen = patches
                .iter()
                .map(|patch| Seen::new(patch, &self.config))
                .collect::<Result<Vec<_>>>()?;
            let learned = self.features(&seen)?;
            let joined = learned.iter().zip(&seen);
            embeddings
                .extend(joined.map(|(learned, seen)| self.config.joint.join(learned, &seen.quantities)));
        }
        Ok(embeddings)
    }

    /// The learned features alone.
    fn features(&self, seen: &[Seen]) -> Result<Vec<Vec<f32>>> {
        let size = self.config.size;
        let images: Vec<f32> = seen
            .iter()
            .flat_map(|seen| encode(&seen.gauss, &self.config))
            .collect();
        let images = Tensor::from_vec(images, (seen.len(), 1, size, size), &Device::Cpu)?;
        Ok(self.network.forward(&images)?.to_vec2()?)
    }
}

/// A patch as an encoder sees it.
#[derive(Debug, Clone)]
struct Seen {
    /// Clipped, on the encoder's grid; 0 where nothing was observed.
    gauss: Vec<f32>,
    /// Measured on the clipped patch, so that real patches count as little above the clip as generated ones.
    quantities: PatchQuantities,
}

impl Seen {
    fn new(patch: &Patch, config: &EncoderConfig) -> Result<Self> {
        let clip = config.clip_gauss;
        let clipped = patch.gauss().iter().map(|b| b.clamp(-clip, clip)).collect();
        let patch = Patch::new(patch.grid(), clipped)?;
        let quantities = physics::measure(&patch.to_grid(config.measured_grid())?);
        let gauss = patch
            .to_grid(config.grid())?
            .into_gauss()
            .into_iter()
            .map(|b| if b.is_nan() { 0.0 } else { b })
            .collect();
        Ok(Self { gauss, quantities })
    }
}

/// Gauss to the network's scale.
fn encode(gauss: &[f32], config: &EncoderConfig) -> impl Iterator<Item = f32> {
    let (scale, clip) = (config.scale(), config.clip_gauss);
    gauss.iter().map(move |&b| scale.encode(b, clip))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use safetensors::{Dtype, SafeTensors};

    use super::*;
    use crate::{
        nn::ModelError,
        patch::Grid,
        progress::{Observer, Progress, Silent},
    };

    /// Patches of a bipole whose flux grows and whose polarities part, on the encoder's grid.
    fn bipoles(count: usize, side: usize) -> Vec<Patch> {
        let grid = Grid {
            height: side,
            width: side,
            cell_mm: 3.08,
        };
        let blob = |x: f32, y: f32| (-(x * x + y * y) / 8.0).exp();
        let patch = |k: usize| {
            let (half, peak) = (2.0 + 0.2 * k as f32, 60.0 + 10.0 * k as f32);
            let middle = side as f32 / 2.0;
            let gauss = (0..side * side).map(|i| {
                let (x, y) = ((i % side) as f32 - middle, (i / side) as f32 - middle);
                peak * (blob(x - half, y) - blob(x + half, y - 1.0))
            });
            Patch::new(grid, gauss.collect()).expect("a full grid")
        };
        (0..count).map(patch).collect()
    }

    /// A run of seconds on images of 16 pixels.
    fn small() -> TrainOptions {
        let encoder = EncoderConfig {
            size: 16,
            arch: Arch::Resnet(Resnet {
                channels: vec![4, 8, 8],
            }),
            learned: 6,
            ..EncoderConfig::default()
        };
        TrainOptions {
            encoder,
            steps: 6,
            batch: 8,
            warm_up: 2,
            ..TrainOptions::default()
        }
    }

    /// Five regions seen four times each, half a day apart.
    fn origins() -> Vec<Origin> {
        (0..20)
            .map(|i| Origin {
                region: i / 4,
                seconds: i * 40_000,
            })
            .collect()
    }

    fn trained() -> Result<(Vec<Patch>, Encoder)> {
        let patches = bipoles(20, 16);
        let encoder = train(&patches, Some(&origins()), &small(), &Silent)?;
        Ok((patches, encoder))
    }

    #[test]
    #[expect(
        clippy::print_stderr,
        reason = "a test that could not look at anything says so"
    )]
    fn features_are_those_of_the_reference() -> Result<()> {
        /// Nine normalisations in single precision, in another order of operations.
        const TOLERANCE: f32 = 1e-4;
        let path = std::env::var("HELIOQL_SHARED")
            .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared").to_owned())
            + "/fixtures/encoder_64.safetensors";
        let Ok(bytes) = std::fs::read(&path) else {
            eprintln!("skipped: {path} is not there");
            return Ok(());
        };
        let file = SafeTensors::deserialize(&bytes)?;
        // The reference also counts its batches, in integers.
        let floats: BTreeMap<String, _> = file
            .iter()
            .filter(|(_, view)| view.dtype() == Dtype::F32)
            .map(|(name, view)| (name.to_owned(), view))
            .collect();
        let encoder = Encoder::load(&EncoderConfig::default(), &safetensors::serialize(floats, None)?)?;
        let example = Parameters::from_safetensors(
            &safetensors::serialize(
                ["example.image", "example.embedding"]
                    .map(|name| (name, file.tensor(name).expect("an example"))),
                None,
            )?,
            "example.",
        )?;
        let of = |name: &str| {
            example
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, v)| v.as_tensor().clone())
        };
        let (image, expected) = (of("image").expect("images"), of("embedding").expect("embeddings"));
        let difference = (encoder.network.forward(&image)? - expected)?
            .abs()?
            .max_all()?
            .to_scalar::<f32>()?;
        assert!(difference < TOLERANCE, "largest difference {difference}");
        Ok(())
    }

    #[test]
    fn an_embedding_does_not_depend_on_its_batch() -> Result<()> {
        let (patches, encoder) = trained()?;
        let all = encoder.embed(&patches.iter().collect::<Vec<_>>())?;
        for (patch, together) in patches.iter().zip(&all) {
            assert_eq!(together.len(), encoder.dim());
            assert_eq!(&encoder.embed(&[patch])?[0], together, "the same bits");
        }
        Ok(())
    }

    #[test]
    fn training_and_saving_are_repeatable() -> Result<()> {
        let (patches, encoder) = trained()?;
        let again = Encoder::load(encoder.config(), &encoder.save()?)?;
        let patches: Vec<&Patch> = patches.iter().collect();
        assert_eq!(again.embed(&patches)?, encoder.embed(&patches)?);
        for threads in [1, 3] {
            let options = TrainOptions {
                threads: Some(threads),
                ..small()
            };
            let twin = train(&bipoles(20, 16), Some(&origins()), &options, &Silent)?;
            assert_eq!(
                twin.embed(&patches)?,
                encoder.embed(&patches)?,
                "the same bits on {threads} threads"
            );
        }
        Ok(())
    }

    #[test]
    fn both_parts_have_their_variance() -> Result<()> {
        let (patches, encoder) = trained()?;
        let embeddings = encoder.embed(&patches.iter().collect::<Vec<_>>())?;
        let variance = |columns: std::ops::Range<usize>| -> f64 {
            let n = embeddings.len() as f64;
            columns
                .map(|j| {
                    let column = || embeddings.iter().map(|row| f64::from(row[j]));
                    let mean = column().sum::<f64>() / n;
                    column().map(|v| (v - mean).powi(2)).sum::<f64>() / n
                })
                .sum()
        };
        let learned = encoder.measured().start;
        // Single precision.
        assert!(
            (variance(0..learned) - 1.0).abs() < 1e-3,
            "{}",
            variance(0..learned)
        );
        // A quantity that all these patches share (none has flux along an inversion line) adds nothing.
        let physical = variance(encoder.measured());
        let most = encoder.config().joint.physical.powi(2);
        assert!(physical > 0.5 * most && physical < most + 1e-3, "{physical}");
        Ok(())
    }

    #[test]
    fn unobserved_and_strong_pixels_are_embedded() -> Result<()> {
        let (_, encoder) = trained()?;
        let grid = Grid {
            height: 32,
            width: 32,
            cell_mm: 1.54,
        };
        let mut gauss = vec![f32::NAN; grid.cells()];
        gauss[500..520].fill(3000.0);
        let strange = Patch::new(grid, gauss)?;
        let empty = Patch::new(grid, vec![0.0; grid.cells()])?;
        for embedding in encoder.embed(&[&strange, &empty])? {
            assert!(embedding.iter().all(|v| v.is_finite()), "{embedding:?}");
        }
        assert!(encoder.embed(&[])?.is_empty());
        Ok(())
    }

    #[test]
    fn wrong_input_is_named() -> Result<()> {
        let patches = bipoles(4, 16);
        let few = train(&patches, None, &small(), &Silent).expect_err("fewer patches than a batch");
        assert!(matches!(few, ModelError::TooFewPatches { needed: 8, found: 4 }));
        let bad = TrainOptions {
            pair_chance: 2.0,
            ..small()
        };
        let error = train(&patches, None, &bad, &Silent)
            .expect_err("no probability")
            .to_string();
        assert_eq!(error, "`pair_chance` should be from 0 to 1, found 2");
        let (_, encoder) = trained()?;
        let other = EncoderConfig {
            learned: 7,
            joint: Joint::default(),
            ..encoder.config().clone()
        };
        let error = Encoder::load(&other, &encoder.save()?)
            .expect_err("another layout")
            .to_string();
        assert_eq!(
            error,
            "tensor `fc.weight` should have shape [7, 32], found [6, 32]"
        );
        assert!(Encoder::load(encoder.config(), b"no weights").is_err());
        Ok(())
    }

    #[test]
    fn an_encoder_of_ours_is_imported_as_what_it_learned() -> Result<()> {
        let (patches, encoder) = trained()?;
        let options = ImportOptions {
            size: Some(16),
            cell_mm: Some(3.08),
            ..ImportOptions::default()
        };
        let mut file = crate::nn::WeightsFile::from_bytes(encoder.save()?)?;
        let imported = Encoder::import(&mut file, &options)?;
        assert_eq!((imported.model.dim(), imported.ignored.len()), (6, 0));
        assert_eq!(imported.model.config().arch, encoder.config().arch);
        let seen = patches
            .iter()
            .map(|patch| Seen::new(patch, &encoder.config))
            .collect::<Result<Vec<_>>>()?;
        let patches: Vec<&Patch> = patches.iter().collect();
        assert_eq!(imported.model.embed(&patches)?, encoder.features(&seen)?);
        Ok(())
    }

    #[test]
    fn a_description_survives_its_json() -> Result<()> {
        for config in [EncoderConfig::default(), EncoderConfig::simsiam()] {
            let text = serde_json::to_string(&config)?;
            assert_eq!(serde_json::from_str::<EncoderConfig>(&text)?, config, "{text}");
        }
        Ok(())
    }

    #[test]
    fn a_run_can_be_cancelled() {
        struct Impatient;
        impl Observer for Impatient {
            fn report(&self, _: &Progress) {}
            fn is_cancelled(&self) -> bool {
                true
            }
        }
        let stopped = train(&bipoles(20, 16), None, &small(), &Impatient);
        assert!(matches!(stopped, Err(ModelError::Cancelled)));
    }
}
