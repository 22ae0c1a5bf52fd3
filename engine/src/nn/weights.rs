//! Weights files of others: named tensors read one by one, each checked before it is believed.
//!
//! Two forms are known by their first bytes: safetensors, and `PyTorch`'s zip with a pickle inside
//! (`weights/torch.rs`). Nothing that a file declares is allocated before it is compared with what the network
//! needs, and a network takes its parameters through [`Taken`], so that it alone decides which names are read.

mod layout;
mod pickle;
mod torch;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use candle_core::{Device, Tensor, Var};
use safetensors::SafeTensors;

use super::parameters::{Init, floats};
use super::{ModelError, Parameters, Result, Source};

pub(crate) use layout::Layout;
use torch::Checkpoint;

/// Files beyond this are refused before they are read: dozens of times the networks that can be imported.
const MOST_BYTES: u64 = 1 << 30;

/// A file of named tensors.
#[derive(Debug)]
pub struct WeightsFile {
    form: Form,
    shapes: BTreeMap<String, Vec<usize>>,
}

#[derive(Debug)]
enum Form {
    Safetensors(Vec<u8>),
    Checkpoint(Checkpoint),
}

impl WeightsFile {
    /// Opens a `.safetensors` file or a `PyTorch` checkpoint (`.ckpt`, `.pt`, `.pth`) and reads its list of tensors.
    ///
    /// # Errors
    /// [`ModelError::InFile`] when it cannot be read, is neither, or is damaged.
    pub fn open(path: &Path) -> Result<Self> {
        let read = || {
            let file = File::open(path)?;
            let length = file.metadata()?.len();
            let mut bytes = Vec::new();
            // One byte more than allowed tells a longer file from a full one.
            file.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
            Ok((bytes, length))
        };
        let (bytes, length) = read().map_err(|source| ModelError::File {
            action: "read",
            path: path.to_owned(),
            source,
        })?;
        if length.max(bytes.len() as u64) > MOST_BYTES {
            let expected = format!("at most {MOST_BYTES} bytes");
            return Err(in_file(path, super::error::setting("file", &expected, &length)));
        }
        Self::from_bytes(bytes).map_err(|error| in_file(path, error))
    }

    /// The same from the bytes of a file.
    ///
    /// # Errors
    /// When they are neither form, or damaged.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self> {
        if bytes.starts_with(b"PK") {
            let checkpoint = Checkpoint::new(bytes)?;
            let shapes = checkpoint.shapes();
            return Ok(Self {
                form: Form::Checkpoint(checkpoint),
                shapes,
            });
        }
        // A pickle that stands by itself is what `torch.save` wrote before version 1.6.
        if bytes.starts_with(&[0x80, 0x02]) {
            return Err(ModelError::PyTorch(
                "it has the form that PyTorch wrote before version 1.6; torch.load and torch.save bring it up to date"
                    .to_owned(),
            ));
        }
        let file = SafeTensors::deserialize(&bytes)?;
        let shapes = file
            .iter()
            .map(|(name, view)| (name.to_owned(), view.shape().to_vec()))
            .collect();
        Ok(Self {
            form: Form::Safetensors(bytes),
            shapes,
        })
    }

    /// Names of all tensors, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.shapes.keys().map(String::as_str)
    }

    /// The shape that the file declares for a tensor.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.shapes.get(name).map(Vec::as_slice)
    }

    /// The numbers of a tensor, in the order of its indices, the last the fastest.
    ///
    /// # Errors
    /// When there is no such tensor, or it has another shape or type, is damaged, or holds numbers that are not finite.
    pub fn floats(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let Some(found) = self.shapes.get(name) else {
            return Err(ModelError::MissingTensor {
                name: name.to_owned(),
                expected: shape.to_vec(),
            });
        };
        if found != shape {
            return Err(ModelError::TensorShape {
                name: name.to_owned(),
                expected: shape.to_vec(),
                found: found.clone(),
            });
        }
        let values = match &mut self.form {
            Form::Safetensors(bytes) => return floats(name, &SafeTensors::deserialize(bytes)?.tensor(name)?),
            Form::Checkpoint(checkpoint) => checkpoint.floats(name)?,
        };
        if values.iter().any(|v| !v.is_finite()) {
            return Err(ModelError::TensorValues {
                name: name.to_owned(),
            });
        }
        Ok(values)
    }
}

/// A model from a file.
#[derive(Debug)]
pub struct Imported<M> {
    /// The model.
    pub model: M,
    /// Tensors that it took.
    pub tensors: usize,
    /// Numbers in them.
    pub numbers: usize,
    /// Names of the tensors that are none of its own, such as those of a discriminator or of heads.
    pub ignored: Vec<String>,
}

/// An error of what is in a file.
pub(crate) fn in_file(path: &Path, source: ModelError) -> ModelError {
    ModelError::InFile {
        path: path.to_owned(),
        source: Box::new(source),
    }
}

/// Hands a network the tensors of a file, and keeps what was handed out.
#[derive(Debug)]
pub struct Taken<'a> {
    file: &'a mut WeightsFile,
    prefix: String,
    parameters: Parameters,
}

impl<'a> Taken<'a> {
    /// A source in which the parameter `x` is the tensor `{prefix}x` of the file.
    pub fn new(file: &'a mut WeightsFile, prefix: &str) -> Self {
        Self {
            file,
            prefix: prefix.to_owned(),
            parameters: Parameters::new(),
        }
    }

    /// What was taken, and the names of the file's other tensors.
    ///
    /// # Errors
    /// [`ModelError::UnknownTensors`] when some of those others begin with `own`: then the file is of a network
    /// like this one, but not of this one.
    pub fn finish(self, own: &str) -> Result<(Parameters, Vec<String>)> {
        let taken: BTreeSet<String> = self
            .parameters
            .iter()
            .map(|(name, _)| format!("{}{name}", self.prefix))
            .collect();
        // PyTorch's normalisation also counts its batches, which says nothing about the network.
        let counts = |name: &String| name.ends_with(".num_batches_tracked");
        let mut others: Vec<String> = self
            .file
            .names()
            .filter(|name| !taken.contains(*name))
            .map(ToOwned::to_owned)
            .collect();
        others.sort_by_key(counts);
        let unknown = others
            .iter()
            .filter(|name| name.starts_with(own) && !counts(name));
        let unknown: Vec<String> = unknown.cloned().collect();
        if !own.is_empty() && !unknown.is_empty() {
            return Err(ModelError::UnknownTensors { names: unknown });
        }
        Ok((self.parameters, others))
    }
}

impl Source for Taken<'_> {
    fn tensor(&mut self, name: &str, shape: &[usize], _init: Init) -> Result<Tensor> {
        let values = self.file.floats(&format!("{}{name}", self.prefix), shape)?;
        let var = Var::from_vec(values, shape, &Device::Cpu)?;
        let tensor = var.detach();
        self.parameters.insert(name, var);
        Ok(tensor)
    }
}
