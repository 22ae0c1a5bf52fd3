//! Errors of models: what is wrong with a configuration, a weights file or a training set.

use std::path::PathBuf;

/// Result of a model operation.
pub type Result<T, E = ModelError> = std::result::Result<T, E>;

/// Why a model could not be built, read, trained or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A tensor operation failed; this is a fault of ours, not of the input.
    #[error("tensor operation failed")]
    Tensor(#[from] candle_core::Error),
    /// A patch without a single observed pixel.
    #[error("nothing of the patch was observed: every pixel is missing")]
    NothingObserved,
    /// A weights file lacks a tensor.
    #[error(
        "weights lack the tensor `{name}` of shape {expected:?}; check that they belong to this configuration"
    )]
    MissingTensor {
        /// Name of the tensor in the file.
        name: String,
        /// The shape the model needs.
        expected: Vec<usize>,
    },
    /// A tensor of a weights file has another shape than the configuration asks for.
    #[error("tensor `{name}` should have shape {expected:?}, found {found:?}")]
    TensorShape {
        /// Name of the tensor in the file.
        name: String,
        /// The shape the model needs.
        expected: Vec<usize>,
        /// The shape in the file.
        found: Vec<usize>,
    },
    /// A tensor of a weights file is not of 32-bit floats.
    #[error("tensor `{name}` should hold F32 values, found {found}")]
    TensorType {
        /// Name of the tensor in the file.
        name: String,
        /// The type in the file.
        found: String,
    },
    /// A tensor of a weights file holds NaN or infinite values.
    #[error("tensor `{name}` holds values that are not finite; the file is damaged")]
    TensorValues {
        /// Name of the tensor in the file.
        name: String,
    },
    /// A file of weights has tensors in the network's own place that the network does not have.
    #[error("the network has no {}; the file is of another architecture", several(.names))]
    UnknownTensors {
        /// Names of the tensors in the file.
        names: Vec<String>,
    },
    /// A file of weights is of no architecture that is known, or not of the one asked for.
    #[error(
        "found none of the tensors {} by which an architecture is known; the file holds {}",
        several(.expected),
        several(.found)
    )]
    UnknownArchitecture {
        /// The names of which one must be there.
        expected: Vec<String>,
        /// The names that are.
        found: Vec<String>,
    },
    /// Bytes that are no checkpoint of `PyTorch`, or one that asks for more than a network needs.
    #[error("not a readable PyTorch checkpoint: {0}")]
    PyTorch(String),
    /// A network of finite weights whose output is not.
    #[error("{what} holds values that are not finite: the weights are not those of a working network")]
    NotFinite {
        /// What the network makes.
        what: &'static str,
    },
    /// Something is wrong with what is in a file.
    #[error("{}: {source}", path.display())]
    InFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Box<ModelError>,
    },
    /// A patch that cannot be put on the model's grid.
    #[error("a patch does not fit the model")]
    Patch(#[from] crate::patch::Error),
    /// Bytes that are no safetensors file.
    #[error("not a readable safetensors file: {0}")]
    Safetensors(#[from] safetensors::SafeTensorError),
    /// A model description that is not the JSON expected.
    #[error("model description is not readable")]
    Description(#[from] serde_json::Error),
    /// A setting outside its range.
    #[error("`{setting}` should be {expected}, found {found}")]
    Setting {
        /// Name of the setting as the user writes it.
        setting: &'static str,
        /// The values allowed.
        expected: String,
        /// The value given.
        found: String,
    },
    /// A vector of the wrong length, such as a latent of another generator.
    #[error("{what} should have {expected} numbers, found {found}")]
    Length {
        /// What the vector is.
        what: &'static str,
        /// Numbers needed.
        expected: usize,
        /// Numbers given.
        found: usize,
    },
    /// Fewer training patches than a batch.
    #[error("training needs at least {needed} patches, found {found}")]
    TooFewPatches {
        /// Patches needed.
        needed: usize,
        /// Patches given.
        found: usize,
    },
    /// The training ran away: a loss is no number.
    #[error("training diverged at step {step}; a lower learning rate or another seed may help")]
    Diverged {
        /// The step at which it was seen.
        step: u64,
    },
    /// A checkpoint made with other settings.
    #[error(
        "checkpoint {path} was made with another `{setting}`; train without `resume` or use its settings"
    )]
    OtherCheckpoint {
        /// The checkpoint file.
        path: PathBuf,
        /// The first setting that differs.
        setting: &'static str,
    },
    /// A file could not be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A picture of samples could not be made; this is a fault of ours, not of the input.
    #[error("the samples cannot be drawn as a picture")]
    Picture(#[from] png::EncodingError),
    /// Threads could not be started.
    #[error("cannot start {threads} threads")]
    Threads {
        /// Threads asked for.
        threads: usize,
        /// What the system said.
        source: rayon::ThreadPoolBuildError,
    },
    /// The observer asked to stop.
    #[error("cancelled")]
    Cancelled,
}

/// Names for a message, the first few of them.
fn several(names: &[String]) -> String {
    const SHOWN: usize = 6;
    if names.is_empty() {
        return "no tensors".to_owned();
    }
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let rest = names.len().saturating_sub(SHOWN);
    let more = if rest > 0 {
        format!(" and {rest} more")
    } else {
        String::new()
    };
    shown.join(", ") + &more
}

/// A setting out of its range.
pub(crate) fn setting(setting: &'static str, expected: &str, found: &(impl ToString + ?Sized)) -> ModelError {
    ModelError::Setting {
        setting,
        expected: expected.to_owned(),
        found: found.to_string(),
    }
}

/// Refuses images within a network of more numbers than that: a description may be short, and weights few, for
/// channels and sides that take gigabytes to run once.
pub(crate) fn features(name: &'static str, channels: usize, side: usize) -> Result<()> {
    /// 16 MB an image, ten times what any of our networks takes.
    const MOST: usize = 1 << 22;
    if channels.saturating_mul(side).saturating_mul(side) <= MOST {
        return Ok(());
    }
    let expected = format!("such that an image has at most {MOST} numbers in all its channels");
    Err(setting(
        name,
        &expected,
        &format!("{channels} of {side} × {side}"),
    ))
}
