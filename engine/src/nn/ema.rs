//! Exponential moving average of parameters: a ← decay·a + (1 − decay)·p after every training step.
//!
//! Samples are drawn from the average, which is steadier than the parameters that are trained.

use candle_core::{CpuStorage, InplaceOp2, Layout};

use super::{Parameters, Result, values};

/// An average that follows parameters.
#[derive(Debug)]
pub struct Average {
    parameters: Parameters,
}

impl Average {
    /// An average that starts at a copy of `parameters`.
    ///
    /// # Errors
    /// When they cannot be copied.
    pub fn new(parameters: &Parameters) -> Result<Self> {
        Ok(Self {
            parameters: parameters.duplicate()?,
        })
    }

    /// The average as it was saved.
    pub fn from_parameters(parameters: Parameters) -> Self {
        Self { parameters }
    }

    /// The averaged parameters.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Moves the average towards `parameters`.
    ///
    /// # Errors
    /// When they are parameters of another network.
    pub fn update(&self, parameters: &Parameters, decay: f32) -> Result<()> {
        for ((_, average), (_, parameter)) in self.parameters.iter().zip(parameters.iter()) {
            average.inplace_op2(parameter, &Blend { decay })?;
        }
        Ok(())
    }
}

struct Blend {
    decay: f32,
}

impl InplaceOp2 for Blend {
    fn name(&self) -> &'static str {
        "moving average"
    }

    fn cpu_fwd(
        &self,
        average: &mut CpuStorage,
        layout: &Layout,
        parameter: &CpuStorage,
        parameter_layout: &Layout,
    ) -> candle_core::Result<()> {
        let parameter = values::slice(parameter, parameter_layout)?;
        let average = values::slice_mut(average, layout)?;
        if average.len() != parameter.len() {
            candle_core::bail!(
                "average of {} numbers, {} parameters",
                average.len(),
                parameter.len()
            );
        }
        for (a, p) in average.iter_mut().zip(parameter) {
            *a = self.decay * *a + (1.0 - self.decay) * p;
        }
        Ok(())
    }
}
