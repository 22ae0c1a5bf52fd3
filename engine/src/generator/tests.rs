//! The generator against reference outputs, against itself after a file, and through training.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use candle_core::{DType, Device, Tensor};
use safetensors::SafeTensors;

use super::scale::Scale;
use super::train::Relativistic;
use super::*;
use crate::nn::Random;
use crate::nn::parameters::floats;
use crate::progress::{Observer, Progress, Silent};

type Check = std::result::Result<(), Box<dyn std::error::Error>>;

/// Single precision through ten layers in another order of summation than torch's.
const REFERENCE: f32 = 1e-5;

/// A file of the shared fixtures; `Break` says where it was looked for.
fn fixture(name: &str) -> ControlFlow<PathBuf, Vec<u8>> {
    let shared = std::env::var_os("HELIOQL_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")),
        PathBuf::from,
    );
    let path = shared.join("fixtures").join(name);
    std::fs::read(&path).map_or(ControlFlow::Break(path), ControlFlow::Continue)
}

fn example(bytes: &[u8], name: &str) -> Result<(Vec<usize>, Vec<f32>)> {
    let file = SafeTensors::deserialize(bytes)?;
    let view = file.tensor(name)?;
    Ok((view.shape().to_vec(), floats(name, &view)?))
}

fn assert_close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!(
            (a - b).abs() <= REFERENCE * b.abs().max(1.0),
            "number {i}: {a}, expected {b}"
        );
    }
}

/// Weights, inputs and outputs of torch runs of the same architecture.
fn check_reference(size: usize, critic: &[usize]) -> Check {
    let bytes = match fixture(&format!("gan_{size}.safetensors")) {
        ControlFlow::Continue(bytes) => bytes,
        ControlFlow::Break(path) => {
            #[expect(clippy::print_stderr, reason = "a skipped test says so")]
            {
                eprintln!("skipped: {} is not there", path.display());
            }
            return Ok(());
        }
    };
    let mut config = GeneratorConfig::for_size(size)?;
    if let Arch::Dcgan(dcgan) = &mut config.arch {
        dcgan.head = Head::Convt;
        dcgan.tanh_scale = 1.0;
        dcgan.scale = Scale::SquareRoot;
        dcgan.textures.clear();
    }
    let generator = Generator::load(&config, &bytes)?;
    let (shape, z) = example(&bytes, "example.z")?;
    let (_, image) = example(&bytes, "example.image")?;
    let (_, judged) = example(&bytes, "example.critic")?;

    let z = Tensor::from_vec(z, shape, &Device::Cpu)?;
    let drawn = generator.network.forward(&z)?;
    assert_close(&drawn.flatten_all()?.to_vec1::<f32>()?, &image);
    let parameters = Parameters::from_safetensors(&bytes, "discriminator.")?;
    let critic = critic::Critic::new(critic, None, &mut parameters.frozen())?;
    let images = Tensor::from_vec(image.clone(), drawn.shape(), &Device::Cpu)?;
    assert_close(&critic.forward(&images, 1)?.to_vec1::<f32>()?, &judged);

    let patches = generator.generate(&z.to_vec2()?)?;
    let gauss: Vec<f32> = patches.iter().flat_map(|p| p.gauss().iter().copied()).collect();
    let expected: Vec<f32> = image.iter().map(|x| 255.0 * x.signum() * x * x).collect();
    assert_close(
        &gauss.iter().map(|b| b / 255.0).collect::<Vec<_>>(),
        &expected.iter().map(|b| b / 255.0).collect::<Vec<_>>(),
    );
    Ok(())
}

#[test]
fn forward_equals_reference_at_64_pixels() -> Check {
    check_reference(64, &[24, 48, 96, 192])
}

#[test]
fn forward_equals_reference_at_128_pixels() -> Check {
    check_reference(128, &[16, 24, 48, 96, 192])
}

/// A run small enough for a test: 16 pixels, four channels.
fn tiny() -> Result<TrainOptions> {
    let generator = GeneratorConfig {
        size: 16,
        latent_dim: 6,
        w_dim: 8,
        arch: Arch::Dcgan(Dcgan {
            channels: vec![8, 4],
            head: Head::Nearest,
            tanh_scale: 1.05,
            scale: Scale::SoftenedRoot(5.0),
            textures: vec![8],
        }),
        cell_mm: 12.32,
        ..GeneratorConfig::for_size(64)?
    };
    Ok(TrainOptions {
        generator,
        recipe: recipe(&[4, 8]),
        steps: 12,
        batch: 4,
        report_every: 3,
        evaluate_every: 6,
        evaluate_samples: 8,
        checkpoint_every: 1000,
        ..TrainOptions::for_size(64)?
    })
}

/// Our own recipe with a critic of these channels.
fn recipe(critic: &[usize]) -> Recipe {
    Recipe::Relativistic(Relativistic {
        critic: critic.to_vec(),
        sees_batch: true,
        penalty: 0.1,
        penalty_every: 4,
        penalty_step: 0.05,
        straight: 0.5,
        straight_from: 0,
        cutout: 0.5,
        cutout_from: 4,
    })
}

/// Bipoles of various strength on the grid of [`tiny`].
fn bipoles(count: usize) -> Result<Vec<Patch>> {
    let grid = tiny()?.generator.grid();
    let bump = |y: f32, x: f32, at: f32| (-((y - 8.0).powi(2) + (x - at).powi(2)) / 6.0).exp();
    (0..count)
        .map(|i| {
            let strength = 60.0 + 20.0 * i as f32;
            let pixels = (0..256).map(|p| ((p / 16) as f32, (p % 16) as f32));
            let gauss = pixels
                .map(|(y, x)| strength * (bump(y, x, 5.0) - bump(y, x, 11.0)))
                .collect();
            Ok(Patch::new(grid, gauss)?)
        })
        .collect()
}

/// Cancels when a step is reported.
struct CancelAt {
    step: u64,
    reached: AtomicBool,
}

impl Observer for CancelAt {
    fn report(&self, progress: &Progress) {
        self.reached
            .fetch_or(progress.step >= self.step, Ordering::Relaxed);
    }

    fn is_cancelled(&self) -> bool {
        self.reached.load(Ordering::Relaxed)
    }
}

#[test]
fn an_interrupted_training_resumes_bit_for_bit() -> Check {
    let (options, patches) = (tiny()?, bipoles(8)?);
    let straight = train(&patches, &patches, &options, None, false, &Silent)?;

    let folder = tempfile::tempdir()?;
    let path = folder.path().join("run.checkpoint");
    let cancel = CancelAt {
        step: 6,
        reached: AtomicBool::new(false),
    };
    let stopped = train(&patches, &patches, &options, Some(&path), false, &cancel);
    assert!(matches!(stopped, Err(ModelError::Cancelled)));
    let resumed = train(&patches, &patches, &options, Some(&path), true, &Silent)?;

    assert!(
        straight.generator.save()? == resumed.generator.save()?,
        "other weights after the interruption"
    );
    assert_eq!(straight.history, resumed.history);
    assert_eq!(straight.history.len(), 4, "12 steps, a record every 3");
    Ok(())
}

#[test]
fn what_cannot_be_read_from_w_gets_less() -> Check {
    let options = TrainOptions {
        steps: 200,
        report_every: 50,
        ..tiny()?
    };
    let misread = |recipe: Recipe| -> Result<Vec<f64>> {
        let options = TrainOptions {
            recipe,
            ..options.clone()
        };
        let trained = train(&bipoles(8)?, &[], &options, None, false, &Silent)?;
        let of = |record: &Record| {
            record
                .metrics
                .iter()
                .find(|(name, _)| name == "misread")
                .map(|m| m.1)
        };
        Ok(trained.history.iter().filter_map(of).collect())
    };
    let paid = misread(recipe(&[4, 8]))?;
    assert!(paid.len() == 4 && paid[3] < 0.5 * paid[0], "{paid:?}");
    let Recipe::Relativistic(free) = recipe(&[4, 8]) else {
        unreachable!("ours");
    };
    let free = misread(Recipe::Relativistic(Relativistic {
        straight: 0.0,
        ..free
    }))?;
    assert!(
        free.is_empty(),
        "nothing is read where nothing is asked for: {free:?}"
    );
    Ok(())
}

/// The weights after a run of [`tiny`] with its recipe changed.
fn weights_with(change: impl FnOnce(Relativistic) -> Relativistic) -> Result<Vec<u8>> {
    let Recipe::Relativistic(settings) = recipe(&[4, 8]) else {
        unreachable!("ours");
    };
    let options = TrainOptions {
        recipe: Recipe::Relativistic(change(settings)),
        ..tiny()?
    };
    train(&bipoles(8)?, &[], &options, None, false, &Silent)?
        .generator
        .save()
}

#[test]
fn the_generator_pays_from_a_step_on() -> Check {
    let weights = |straight, straight_from| {
        weights_with(|settings| Relativistic {
            straight,
            straight_from,
            ..settings
        })
    };
    let free = weights(0.0, 0)?;
    assert!(weights(0.5, 12)? == free, "it paid before its step");
    assert!(weights(0.5, 11)? != free, "it did not pay in its last step");
    Ok(())
}

#[test]
fn one_square_is_blanked_in_the_whole_batch_from_a_step_on() -> Check {
    let mut random = Random::new(5, 0);
    let (height, width, hole) = (16, 16, 8);
    let images = Tensor::ones((3, 1, height, width), DType::F32, &Device::Cpu)?;
    let mut whole = 0;
    for _ in 0..100 {
        let cut = augment::cut_out(&images, 0.5, &mut random)?
            .squeeze(1)?
            .to_vec3::<f32>()?;
        assert!(
            cut.iter().all(|image| image == &cut[0]),
            "images of a batch differ"
        );
        let blank = |row: usize, column: usize| cut[0][row][column] == 0.0;
        let rows = (0..height).filter(|&r| (0..width).any(|c| blank(r, c))).count();
        let columns = (0..width).filter(|&c| (0..height).any(|r| blank(r, c))).count();
        // A square that reaches over the edge has its centre within the image.
        assert!((hole / 2..=hole).contains(&rows) && (hole / 2..=hole).contains(&columns));
        let left: f32 = cut[0].iter().flatten().sum();
        assert_eq!(left as usize, height * width - rows * columns);
        whole += usize::from((rows, columns) == (hole, hole));
    }
    // Of 17 places along a side 9 leave the square whole: 28 of 100 times, give or take 4.5.
    assert!((10..=46).contains(&whole), "{whole} of 100 lie within the image");

    let weights = |cutout, cutout_from| {
        weights_with(|settings| Relativistic {
            cutout,
            cutout_from,
            ..settings
        })
    };
    let free = weights(0.0, 0)?;
    assert!(weights(0.5, 12)? == free, "it was blanked before its step");
    assert!(weights(0.5, 11)? != free, "it was not blanked in the last step");
    Ok(())
}

#[test]
fn threads_do_not_change_the_training() -> Check {
    let patches = bipoles(8)?;
    let weights = |threads| -> Result<Vec<u8>> {
        let options = TrainOptions {
            threads: Some(threads),
            ..tiny()?
        };
        train(&patches, &[], &options, None, false, &Silent)?
            .generator
            .save()
    };
    assert!(weights(1)? == weights(3)?, "other weights on three threads");
    Ok(())
}

#[test]
fn a_checkpoint_of_another_run_is_refused() -> Check {
    let (options, patches) = (tiny()?, bipoles(8)?);
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("run.checkpoint");
    train(&patches, &[], &options, Some(&path), false, &Silent)?;
    let refused = |options: &TrainOptions, patches: &[Patch]| match train(
        patches,
        &[],
        options,
        Some(&path),
        true,
        &Silent,
    ) {
        Err(ModelError::OtherCheckpoint { setting, .. }) => setting,
        other => panic!("expected a refusal, found {other:?}"),
    };
    assert_eq!(
        refused(
            &TrainOptions {
                seed: 1,
                ..options.clone()
            },
            &patches
        ),
        "seed"
    );
    assert_eq!(refused(&options, &patches[1..]), "patches");
    std::fs::write(&path, "damaged")?;
    let damaged = train(&patches, &[], &options, Some(&path), true, &Silent);
    assert!(matches!(damaged, Err(ModelError::Safetensors(_))));
    Ok(())
}

#[test]
fn training_needs_a_batch_of_patches_and_sane_settings() -> Check {
    let message = |patches: &[Patch], options: TrainOptions| {
        train(patches, &[], &options, None, false, &Silent)
            .err()
            .map(|e| e.to_string())
            .unwrap_or_default()
    };
    let patches = bipoles(8)?;
    assert_eq!(
        message(&patches[..3], tiny()?),
        "training needs at least 4 patches, found 3"
    );
    let zero = TrainOptions { batch: 0, ..tiny()? };
    assert_eq!(
        message(&patches, zero),
        "`batch` should be from 1 to 4096, found 0"
    );
    let short = TrainOptions {
        recipe: recipe(&[4]),
        ..tiny()?
    };
    assert_eq!(
        message(&patches, short),
        "`critic` should be 2 channel counts from 1 to 1024, found [4]"
    );
    Ok(())
}

#[test]
fn a_generator_survives_its_file_and_refuses_another_description() -> Check {
    let config = tiny()?.generator;
    let generator = Generator::untrained(&config, 3)?;
    let config: GeneratorConfig = serde_json::from_str(&serde_json::to_string(&config)?)?;
    let read = Generator::load(&config, &generator.save()?)?;
    let z = vec![Generator::latent(1, 0, 6), Generator::latent(1, 1, 6)];
    assert_eq!(generator.generate(&z)?, read.generate(&z)?);

    let wider = GeneratorConfig {
        w_dim: 9,
        ..config.clone()
    };
    let refused = Generator::load(&wider, &generator.save()?)
        .err()
        .map(|e| e.to_string());
    assert_eq!(
        refused.as_deref(),
        Some("tensor `map.0.weight` should have shape [9, 6], found [8, 6]")
    );
    let short = generator.generate(&[vec![0.0; 5]]).err().map(|e| e.to_string());
    assert_eq!(short.as_deref(), Some("a latent should have 6 numbers, found 5"));
    Ok(())
}

#[test]
fn a_patch_has_the_same_bits_alone_and_in_any_batch() -> Check {
    for config in [
        GeneratorConfig::for_size(64)?,
        GeneratorConfig::generative_interrogator(),
    ] {
        let generator = Generator::untrained(&config, 0)?;
        let z: Vec<_> = (0..19).map(|i| Generator::latent(5, i, 100)).collect();
        let together = generator.generate(&z)?;
        for (z, patch) in z.iter().zip(&together) {
            let alone = generator.generate(std::slice::from_ref(z))?;
            assert!(alone[0].gauss() == patch.gauss(), "other bits in a batch");
        }
    }
    Ok(())
}

/// The paper's recipe on four images, two at a time.
fn paper() -> TrainOptions {
    TrainOptions {
        steps: 4,
        batch: 2,
        report_every: 1,
        ..TrainOptions::generative_interrogator()
    }
}

#[test]
fn the_papers_recipe_resumes_bit_for_bit() -> Check {
    let (options, patches) = (paper(), bipoles(4)?);
    let straight = train(&patches, &[], &options, None, false, &Silent)?;
    assert_eq!(straight.history.len(), 4);
    for (name, loss) in &straight.history[0].metrics {
        // A fresh discriminator gives every image a probability near one half: −log ½.
        assert!((loss - 2_f64.ln()).abs() < 0.05, "{name} {loss}");
    }

    let folder = tempfile::tempdir()?;
    let path = folder.path().join("run.checkpoint");
    let cancel = CancelAt {
        // In the middle of the second epoch.
        step: 3,
        reached: AtomicBool::new(false),
    };
    let stopped = train(&patches, &[], &options, Some(&path), false, &cancel);
    assert!(matches!(stopped, Err(ModelError::Cancelled)));
    let resumed = train(&patches, &[], &options, Some(&path), true, &Silent)?;
    assert!(
        straight.generator.save()? == resumed.generator.save()?,
        "other weights after the interruption"
    );
    assert_eq!(straight.history, resumed.history);

    let other = TrainOptions {
        beta1: 0.5,
        ..options
    };
    let refused = train(&patches, &[], &other, Some(&path), true, &Silent).err();
    assert!(matches!(
        refused,
        Some(ModelError::OtherCheckpoint { setting: "beta1", .. })
    ));
    Ok(())
}

#[test]
fn the_papers_network_has_the_papers_size() -> Check {
    let config = GeneratorConfig::generative_interrogator();
    let generator = Generator::untrained(&config, 0)?;
    assert_eq!(generator.parameters.count(), 1_510_081);
    let mut parameters = Parameters::new();
    discriminator::Discriminator::new(&mut parameters.fresh(&mut Random::new(0, 0)))?;
    assert_eq!(parameters.count(), 1_495_945);

    let z = vec![Generator::latent(0, 0, 100)];
    assert_eq!(generator.map(&z)?, z, "w is z");
    let other = GeneratorConfig { size: 64, ..config };
    assert_eq!(
        other.check().expect_err("one size").to_string(),
        "`size` should be 128, as the architecture has it, found 64"
    );
    Ok(())
}

#[test]
fn a_description_survives_its_json() -> Check {
    let mut before = GeneratorConfig::for_size(64)?;
    if let Arch::Dcgan(dcgan) = &mut before.arch {
        dcgan.scale = Scale::SquareRoot;
        dcgan.textures.clear();
    }
    let text = r#"{"version":1,"arch":"dcgan","size":64,"latent_dim":100,"w_dim":128,"channels":[192,96,48,24],
        "head":"nearest","tanh_scale":1.05,"clip_gauss":255.0,"cell_mm":3.08}"#;
    assert_eq!(
        serde_json::from_str::<GeneratorConfig>(text)?,
        before,
        "as it was ever written"
    );
    for config in [
        before,
        GeneratorConfig::for_size(128)?,
        GeneratorConfig::generative_interrogator(),
    ] {
        let text = serde_json::to_string(&config)?;
        assert_eq!(serde_json::from_str::<GeneratorConfig>(&text)?, config, "{text}");
    }
    for options in [tiny()?, paper()] {
        let text = serde_json::to_string(&options)?;
        assert_eq!(serde_json::from_str::<TrainOptions>(&text)?, options, "{text}");
    }
    Ok(())
}

#[test]
fn a_generator_of_ours_is_imported_with_the_sizes_of_its_tensors() -> Check {
    for head in [Head::Convt, Head::Conv, Head::Nearest] {
        let mut config = GeneratorConfig {
            cell_mm: 3.08,
            ..tiny()?.generator
        };
        if let Arch::Dcgan(dcgan) = &mut config.arch {
            dcgan.head = head;
        }
        let generator = Generator::untrained(&config, 1)?;
        let options = ImportOptions {
            cell_mm: Some(3.08),
            ..ImportOptions::default()
        };
        let mut file = crate::nn::WeightsFile::from_bytes(generator.save()?)?;
        let imported = Generator::import(&mut file, &options)?;
        assert_eq!(imported.model.config(), &config);
        let z = [Generator::latent(0, 0, 6)];
        assert_eq!(imported.model.generate(&z)?, generator.generate(&z)?);
    }
    Ok(())
}
