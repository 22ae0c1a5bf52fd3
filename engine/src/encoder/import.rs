//! Encoders from files of others: which architecture a file is of, and its weights with every check.

use super::network::Network;
use super::{Arch, Encoder, EncoderConfig, Joint, PREFIX, Resnet};
use crate::nn::weights::{Imported, Layout, Taken};
use crate::nn::{ModelError, Result, WeightsFile};
use crate::patch::Patch;

/// The architectures, each with the name by which a file shows it.
const LAYOUTS: [Layout; 2] = [
    Layout {
        arch: "resnet",
        probe: "stem.weight",
        own: "",
    },
    Layout {
        arch: "simsiam",
        probe: "backbone.0.weight",
        own: "backbone.",
    },
];

/// What a file of weights does not tell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImportOptions {
    /// The architecture by name; without it, the one whose tensors are there.
    pub arch: Option<String>,
    /// Side of the images in pixels.
    pub size: Option<usize>,
    /// Side of a pixel on the Sun, in Mm.
    pub cell_mm: Option<f64>,
    /// Stronger fields are clipped to this many Gauss.
    pub clip_gauss: Option<f32>,
}

impl Encoder {
    /// Takes an encoder from a file: `simsiam`, under the names of the authors' checkpoints of arXiv:2502.05351, or
    /// `resnet`, our own, whose channels are read off its tensors. Names may stand behind `encoder.`.
    ///
    /// An embedding is what the network learned, as it is: a file of weights does not tell how measured quantities
    /// were joined to it.
    ///
    /// # Errors
    /// When the file is of neither, lacks a tensor, has one too many, in another shape or type, or with numbers
    /// that are not finite; or when a setting is out of its range.
    pub fn import(file: &mut WeightsFile, options: &ImportOptions) -> Result<Imported<Self>> {
        let (layout, prefix) = file.layout(&LAYOUTS, options.arch.as_deref(), &[PREFIX])?;
        let mut config = match layout.arch {
            "resnet" => resnet(file, prefix),
            _ => EncoderConfig::simsiam(),
        };
        if let Some(size) = options.size {
            // The images go on showing as much of the Sun.
            config.cell_mm *= config.size as f64 / size.max(1) as f64;
            config.size = size;
        }
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
        // A negative variance in a normalisation is a finite number, and its root is none.
        let blank = Patch::new(config.grid(), vec![0.0; config.grid().cells()])?;
        if imported
            .model
            .embed(&[&blank])?
            .concat()
            .iter()
            .any(|v| !v.is_finite())
        {
            return Err(ModelError::NotFinite {
                what: "an embedding that it makes",
            });
        }
        Ok(imported)
    }
}

/// The description of a `resnet` by the shapes of its tensors. What they leave open is as in our own training; what
/// is missing shows when the network takes them.
fn resnet(file: &WeightsFile, prefix: &str) -> EncoderConfig {
    let outputs = |name: &str| file.shape(&format!("{prefix}{name}.weight"))?.first().copied();
    let blocks = (0..).map_while(|block| outputs(&format!("bl.{block}.a")));
    let learned = outputs("fc").unwrap_or(0);
    EncoderConfig {
        arch: Arch::Resnet(Resnet {
            channels: outputs("stem").into_iter().chain(blocks).collect(),
        }),
        learned,
        joint: Joint::learned_only(learned),
        ..EncoderConfig::default()
    }
}
