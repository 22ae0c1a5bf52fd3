//! Generators from files of others: which architecture a file is of, and its weights with every check.

use super::config::{Dcgan, FIRST_SIDE, PATCH_MM};
use super::network::Network;
use super::{Arch, Generator, GeneratorConfig, Head, PREFIX};
use crate::nn::weights::{Imported, Layout, Taken};
use crate::nn::{ModelError, Result, WeightsFile};
use crate::patch::Patch;

/// The architectures, each with the name by which a file shows it.
const LAYOUTS: [Layout; 2] = [
    Layout {
        arch: "dcgan",
        probe: "map.0.weight",
        own: "",
    },
    Layout {
        arch: "generative_interrogator",
        probe: "bl.linear.0.weight",
        own: "bl.",
    },
];

/// What a file of weights does not tell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImportOptions {
    /// The architecture by name; without it, the one whose tensors are there.
    pub arch: Option<String>,
    /// Side of a pixel on the Sun, in Mm.
    pub cell_mm: Option<f64>,
    /// Field at the image value ±1, in Gauss.
    pub clip_gauss: Option<f32>,
}

impl Generator {
    /// Takes a generator from a file: `generative_interrogator`, under the names of its authors' checkpoints, or
    /// `dcgan`, whose sizes are read off its tensors. Names may stand behind `generator.`.
    ///
    /// # Errors
    /// When the file is of neither, lacks a tensor, has one too many, in another shape or type, or with numbers
    /// that are not finite; or when a setting is out of its range.
    pub fn import(file: &mut WeightsFile, options: &ImportOptions) -> Result<Imported<Self>> {
        let (layout, prefix) = file.layout(&LAYOUTS, options.arch.as_deref(), &[PREFIX])?;
        let mut config = match layout.arch {
            "dcgan" => dcgan(file, prefix),
            _ => GeneratorConfig::generative_interrogator(),
        };
        config.cell_mm = options.cell_mm.unwrap_or(config.cell_mm);
        config.clip_gauss = options.clip_gauss.unwrap_or(config.clip_gauss);
        config.check()?;
        let mut source = Taken::new(file, prefix);
        Network::new(&config, &mut source)?;
        let (parameters, ignored) = source.finish(&format!("{prefix}{}", layout.own))?;
        let imported = Imported {
            tensors: parameters.len(),
            numbers: parameters.count(),
            ignored,
            model: Self::from_parameters(&config, parameters)?,
        };
        let z = Self::latent(0, 0, config.latent_dim);
        let drawn = imported.model.generate(&[z])?;
        if drawn.iter().flat_map(Patch::gauss).any(|b| !b.is_finite()) {
            return Err(ModelError::NotFinite {
                what: "a patch that it draws",
            });
        }
        Ok(imported)
    }
}

/// The description of a `dcgan` by the shapes of its tensors. What they leave open is as in our own training; what
/// is missing shows when the network takes them.
fn dcgan(file: &WeightsFile, prefix: &str) -> GeneratorConfig {
    /// More stages than a description may have, so that the check sees too many as too many.
    const STAGES: usize = 9;
    let axis = |name: &str, axis: usize| {
        let shape = file.shape(&format!("{prefix}{name}"))?;
        shape.get(axis).copied()
    };
    let channels: Vec<usize> = (0..STAGES)
        .map_while(|stage| axis(&format!("up.{stage}.weight"), 0))
        .collect();
    let head = match (axis("out.weight", 0), axis("up.0.weight", 2)) {
        (Some(_), Some(3)) => Head::Nearest,
        (Some(_), _) => Head::Conv,
        (None, _) => Head::Convt,
    };
    let size = FIRST_SIDE << channels.len();
    GeneratorConfig {
        version: 1,
        arch: Arch::Dcgan(Dcgan {
            head,
            tanh_scale: Dcgan::TANH_SCALE,
            scale: Dcgan::SCALE,
            textures: (0..channels.len())
                .map(|stage| FIRST_SIDE << stage)
                .filter(|side| axis(&format!("tx.{side}.weight"), 0).is_some())
                .collect(),
            channels,
        }),
        size,
        latent_dim: axis("map.0.weight", 1).unwrap_or(0),
        w_dim: axis("map.0.weight", 0).unwrap_or(0),
        clip_gauss: 255.0,
        cell_mm: PATCH_MM / size as f64,
        finish: None,
        calibration: None,
    }
}
