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
    /// A patch that cannot be put on the model's grid.
    #[error("a patch does not fit the model")]
    Patch(#[from] crate::patch::Error),
    /// Bytes that are no safetensors file.
    #[error("not a readable safetensors file")]
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
    #[error("cannot {action} {path}")]
    File {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
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
