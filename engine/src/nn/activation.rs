//! Pointwise non-linearities, fused into the layer before them.
//!
//! Each is increasing, and its slope is written in terms of its *output*, so that a layer keeps one tensor
//! for the backward pass, not two.

use candle_core::Tensor;

use super::Result;

/// Slope of the leaky rectifier below zero.
const LEAK: f32 = 0.2;

/// What follows a layer's sum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Activation {
    /// y = x
    None,
    /// y = x above zero, 0.2 x below.
    LeakyRelu,
    /// y = scale · tanh x, clipped to [−1, 1]. A scale above 1 lets a generator reach ±1 exactly, as
    /// saturated pixels do; a scale of 1 is the plain hyperbolic tangent.
    ClippedTanh(f32),
}

impl Activation {
    /// Replaces sums by activations.
    pub(super) fn apply(self, values: &mut [f32]) {
        match self {
            Self::None => {}
            Self::LeakyRelu => {
                for v in values {
                    *v = v.max(LEAK * *v);
                }
            }
            Self::ClippedTanh(scale) => {
                for v in values {
                    *v = (scale * v.tanh()).clamp(-1.0, 1.0);
                }
            }
        }
    }

    /// Writes the gradient of the sums: the gradient of the activations times the slope at `outputs`.
    pub(super) fn gradient(self, outputs: &[f32], gradient: &[f32], out: &mut [f32]) {
        let pairs = out.iter_mut().zip(outputs.iter().zip(gradient));
        match self {
            Self::None => out.copy_from_slice(gradient),
            Self::LeakyRelu => pairs.for_each(|(o, (&y, &g))| *o = if y > 0.0 { g } else { LEAK * g }),
            Self::ClippedTanh(scale) => pairs.for_each(|(o, (&y, &g))| {
                // d(scale · tanh x)/dx = scale (1 − tanh² x); a clipped pixel does not move.
                let inside = scale <= 1.0 || y.abs() < 1.0;
                *o = if inside { g * (scale - y * y / scale) } else { 0.0 };
            }),
        }
    }

    /// The same function by candle's own operations, for devices other than the CPU.
    pub(super) fn compose(self, x: &Tensor) -> Result<Tensor> {
        Ok(match self {
            Self::None => x.clone(),
            Self::LeakyRelu => x.maximum(&(x * f64::from(LEAK))?)?,
            Self::ClippedTanh(scale) => x.tanh()?.affine(f64::from(scale), 0.0)?.clamp(-1f32, 1f32)?,
        })
    }
}
