//! Adam (Kingma & Ba 2015, arXiv:1412.6980) with decoupled weight decay (Loshchilov & Hutter 2019, arXiv:1711.05101):
//! m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², p ← p(1 − lr·decay) − lr · m̂ / (√v̂ + ε), hats for bias-corrected.

use std::collections::BTreeMap;
use std::sync::Mutex;

use candle_core::{CpuStorage, InplaceOp2, Layout, backprop::GradStore};
use serde::{Deserialize, Serialize};

use super::parameters::StoredTensor;
use super::{ModelError, Parameters, Result, values};

/// Settings of the optimiser; the learning rate is given at every step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AdamConfig {
    /// Memory of the mean gradient.
    pub beta1: f32,
    /// Memory of the mean squared gradient.
    pub beta2: f32,
    /// Added to the root of the mean square.
    pub epsilon: f32,
    /// Weight decay per unit of learning rate; 0 for plain Adam.
    pub decay: f32,
}

/// The optimiser with its moments.
#[derive(Debug)]
pub struct Adam {
    config: AdamConfig,
    steps: i32,
    moments: BTreeMap<String, Moments>,
}

#[derive(Debug, Default)]
struct Moments {
    mean: Vec<f32>,
    square: Vec<f32>,
}

impl Adam {
    /// An optimiser that has made no step.
    pub fn new(config: AdamConfig) -> Self {
        Self {
            config,
            steps: 0,
            moments: BTreeMap::new(),
        }
    }

    /// Moves `parameters` against their gradients; a parameter without a gradient stays.
    ///
    /// # Errors
    /// When a gradient does not fit its parameter.
    pub fn step(&mut self, parameters: &Parameters, gradients: &GradStore, learning_rate: f64) -> Result<()> {
        self.steps += 1;
        let AdamConfig { beta1, beta2, .. } = self.config;
        let rates = Rates {
            learning: learning_rate as f32,
            mean: 1.0 / (1.0 - beta1.powi(self.steps)),
            square: 1.0 / (1.0 - beta2.powi(self.steps)),
        };
        for (name, var) in parameters.iter() {
            let Some(gradient) = gradients.get(var.as_tensor()) else {
                continue;
            };
            let mut moments = self.moments.remove(name).unwrap_or_default();
            moments.mean.resize(var.elem_count(), 0.0);
            moments.square.resize(var.elem_count(), 0.0);
            let step = Step {
                config: self.config,
                rates,
                moments: Mutex::new(moments),
            };
            var.inplace_op2(&gradient.contiguous()?, &step)?;
            let moments = step
                .moments
                .into_inner()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            self.moments.insert(name.to_owned(), moments);
        }
        Ok(())
    }

    /// Steps made so far.
    pub fn steps(&self) -> i32 {
        self.steps
    }

    /// Adds the moments to a file: `{prefix}mean.{parameter}` and `{prefix}square.{parameter}`.
    pub(crate) fn append_to(&self, prefix: &str, file: &mut Vec<StoredTensor>) {
        for (name, moments) in &self.moments {
            let shape = vec![moments.mean.len()];
            file.push(StoredTensor::new(
                format!("{prefix}mean.{name}"),
                shape.clone(),
                &moments.mean,
            ));
            file.push(StoredTensor::new(
                format!("{prefix}square.{name}"),
                shape,
                &moments.square,
            ));
        }
    }

    /// The optimiser as it was saved after `steps` steps.
    pub(crate) fn from_parts(
        config: AdamConfig,
        steps: i32,
        mean: &Parameters,
        square: &Parameters,
    ) -> Result<Self> {
        let mut moments = BTreeMap::new();
        for ((name, mean), (other, square)) in mean.iter().zip(square.iter()) {
            if name != other || mean.dims() != square.dims() {
                return Err(ModelError::MissingTensor {
                    name: name.to_owned(),
                    expected: mean.dims().to_vec(),
                });
            }
            moments.insert(
                name.to_owned(),
                Moments {
                    mean: mean.to_vec1()?,
                    square: square.to_vec1()?,
                },
            );
        }
        Ok(Self {
            config,
            steps,
            moments,
        })
    }
}

#[derive(Debug, Clone, Copy)]
struct Rates {
    learning: f32,
    mean: f32,
    square: f32,
}

/// One step of one parameter, in place. The moments sit in a mutex because candle hands operations out by
/// shared reference.
struct Step {
    config: AdamConfig,
    rates: Rates,
    moments: Mutex<Moments>,
}

impl InplaceOp2 for Step {
    fn name(&self) -> &'static str {
        "adam step"
    }

    fn cpu_fwd(
        &self,
        parameter: &mut CpuStorage,
        layout: &Layout,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
    ) -> candle_core::Result<()> {
        let gradient = values::slice(gradient, gradient_layout)?;
        let parameter = values::slice_mut(parameter, layout)?;
        let mut moments = self
            .moments
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let Moments { mean, square } = &mut *moments;
        if gradient.len() != parameter.len() {
            candle_core::bail!("{} gradients for {} parameters", gradient.len(), parameter.len());
        }
        let AdamConfig {
            beta1,
            beta2,
            epsilon,
            decay,
        } = self.config;
        let keep = 1.0 - self.rates.learning * decay;
        for (((p, &g), m), v) in parameter.iter_mut().zip(gradient).zip(mean).zip(square) {
            *m = beta1 * *m + (1.0 - beta1) * g;
            *v = beta2 * *v + (1.0 - beta2) * g * g;
            let direction = *m * self.rates.mean / ((*v * self.rates.square).sqrt() + epsilon);
            *p = *p * keep - self.rates.learning * direction;
        }
        Ok(())
    }
}
