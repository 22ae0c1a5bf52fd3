//! Named parameters of a network: created with seeded values, saved to and read from safetensors under
//! torch's names and layouts.
//!
//! A network is written once, against a [`Source`]: from [`Fresh`] it gets new parameters, from
//! [`Parameters::trainable`] those that gradients reach, from [`Parameters::frozen`] the same numbers
//! without gradients. Frozen and trainable networks of one [`Parameters`] share memory, so a frozen critic
//! follows the trained one.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor, Var};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use super::{ModelError, Random, Result};

/// Initial values of a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// All zero.
    Zeros,
    /// All one.
    Ones,
    /// Normal with mean zero.
    Normal {
        /// Standard deviation.
        std: f64,
    },
}

/// The spread of `PyTorch`'s default initial weights, uniform in ±1/√fan-in.
pub(crate) fn default_std(fan_in: usize) -> f64 {
    (3.0 * fan_in as f64).sqrt().recip()
}

/// Where a network gets its parameters from.
pub trait Source {
    /// The parameter `name` of this shape.
    ///
    /// # Errors
    /// When it is missing or has another shape.
    fn tensor(&mut self, name: &str, shape: &[usize], init: Init) -> Result<Tensor>;
}

/// Parameters by name, in the order of their names.
#[derive(Debug, Clone, Default)]
pub struct Parameters(BTreeMap<String, Var>);

impl Parameters {
    /// No parameters yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A source that creates parameters in `self` with values drawn from `random`.
    pub fn fresh<'a>(&'a mut self, random: &'a mut Random) -> Fresh<'a> {
        Fresh {
            parameters: self,
            random,
        }
    }

    /// A source of these parameters, which gradients reach.
    pub fn trainable(&self) -> Existing<'_> {
        Existing {
            parameters: self,
            frozen: false,
        }
    }

    /// A source of these parameters as constants.
    pub fn frozen(&self) -> Existing<'_> {
        Existing {
            parameters: self,
            frozen: true,
        }
    }

    /// Names and parameters, ordered by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Var)> {
        self.0.iter().map(|(name, var)| (name.as_str(), var))
    }

    /// Puts a parameter in, in place of the one of that name.
    pub(super) fn insert(&mut self, name: &str, var: Var) {
        self.0.insert(name.to_owned(), var);
    }

    /// Count of tensors.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Count of numbers in all parameters.
    pub fn count(&self) -> usize {
        self.0.values().map(|var| var.elem_count()).sum()
    }

    /// A copy with memory of its own.
    ///
    /// # Errors
    /// When a tensor cannot be copied.
    pub fn duplicate(&self) -> Result<Self> {
        let copy = |(name, var): (&String, &Var)| Ok((name.clone(), Var::from_tensor(&var.copy()?)?));
        Ok(Self(self.0.iter().map(copy).collect::<Result<_>>()?))
    }

    /// The parameters whose names begin with `prefix`, which is taken off.
    ///
    /// # Errors
    /// When the bytes are no safetensors file, or a tensor is not of finite 32-bit floats.
    pub fn from_safetensors(bytes: &[u8], prefix: &str) -> Result<Self> {
        Self::from_views(&SafeTensors::deserialize(bytes)?, prefix)
    }

    /// The same from an opened file.
    pub(crate) fn from_views(file: &SafeTensors<'_>, prefix: &str) -> Result<Self> {
        let mut parameters = BTreeMap::new();
        for (name, view) in file.iter() {
            if let Some(short) = name.strip_prefix(prefix) {
                let tensor = Tensor::from_vec(floats(name, &view)?, view.shape(), &Device::Cpu)?;
                parameters.insert(short.to_owned(), Var::from_tensor(&tensor)?);
            }
        }
        Ok(Self(parameters))
    }

    /// The parameters as a safetensors file, each name behind `prefix`.
    ///
    /// # Errors
    /// When the tensors cannot be written.
    pub fn to_safetensors(&self, prefix: &str) -> Result<Vec<u8>> {
        let mut file = Vec::new();
        self.append_to(prefix, &mut file)?;
        write(&file, None)
    }

    /// Adds the parameters to the tensors of a file to be written.
    pub(crate) fn append_to(&self, prefix: &str, file: &mut Vec<StoredTensor>) -> Result<()> {
        for (name, var) in &self.0 {
            let values = var.flatten_all()?.to_vec1()?;
            file.push(StoredTensor::new(
                format!("{prefix}{name}"),
                var.dims().to_vec(),
                &values,
            ));
        }
        Ok(())
    }
}

/// A tensor on its way to a file.
#[derive(Debug)]
pub(crate) struct StoredTensor {
    name: String,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl StoredTensor {
    pub(crate) fn new(name: String, shape: Vec<usize>, values: &[f32]) -> Self {
        Self {
            name,
            shape,
            bytes: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        }
    }
}

/// A safetensors file of `tensors` and, in its header, one text.
pub(crate) fn write(tensors: &[StoredTensor], header: Option<(&str, String)>) -> Result<Vec<u8>> {
    let views = tensors
        .iter()
        .map(|t| {
            Ok((
                t.name.as_str(),
                TensorView::new(Dtype::F32, t.shape.clone(), &t.bytes)?,
            ))
        })
        .collect::<Result<Vec<_>>>()?;
    let header = header.map(|(key, text)| [(key.to_owned(), text)].into());
    Ok(safetensors::serialize(views, header)?)
}

/// The numbers of a stored tensor.
pub(crate) fn floats(name: &str, view: &TensorView<'_>) -> Result<Vec<f32>> {
    if view.dtype() != Dtype::F32 {
        return Err(ModelError::TensorType {
            name: name.to_owned(),
            found: format!("{:?}", view.dtype()),
        });
    }
    let (words, _) = view.data().as_chunks::<4>();
    let values: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
    if values.iter().any(|v| !v.is_finite()) {
        return Err(ModelError::TensorValues {
            name: name.to_owned(),
        });
    }
    Ok(values)
}

/// Creates parameters with fresh values.
#[derive(Debug)]
pub struct Fresh<'a> {
    parameters: &'a mut Parameters,
    random: &'a mut Random,
}

impl Source for Fresh<'_> {
    fn tensor(&mut self, name: &str, shape: &[usize], init: Init) -> Result<Tensor> {
        let count = shape.iter().product();
        let values = match init {
            Init::Zeros => vec![0.0; count],
            Init::Ones => vec![1.0; count],
            Init::Normal { std } => self
                .random
                .normals(count)
                .iter()
                .map(|v| v * std as f32)
                .collect(),
        };
        let var = Var::from_vec(values, shape, &Device::Cpu)?;
        let tensor = var.as_tensor().clone();
        self.parameters.0.insert(name.to_owned(), var);
        Ok(tensor)
    }
}

/// Hands out parameters that exist.
#[derive(Debug, Clone, Copy)]
pub struct Existing<'a> {
    parameters: &'a Parameters,
    frozen: bool,
}

impl Source for Existing<'_> {
    fn tensor(&mut self, name: &str, shape: &[usize], _init: Init) -> Result<Tensor> {
        let var = self
            .parameters
            .0
            .get(name)
            .ok_or_else(|| ModelError::MissingTensor {
                name: name.to_owned(),
                expected: shape.to_vec(),
            })?;
        if var.dims() != shape {
            return Err(ModelError::TensorShape {
                name: name.to_owned(),
                expected: shape.to_vec(),
                found: var.dims().to_vec(),
            });
        }
        Ok(if self.frozen {
            var.detach()
        } else {
            var.as_tensor().clone()
        })
    }
}
