//! A convolution followed by batch normalisation, of which every encoder is made. One description serves both
//! uses: in training the normalisation follows the batch; in use it is multiplied into the convolution's weights.

use candle_core::Tensor;

use crate::encoder::batch_norm::{BatchNorm, EPSILON};
use crate::nn::{Activation, Conv2d, Init, Result, Source, Window, default_std};

/// Whether normalisation follows the batch or stands in the weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Use {
    Training,
    Inference,
}

/// A convolution and its normalisation.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    conv: Conv2d,
    pub(super) norm: Option<BatchNorm>,
}

impl Unit {
    pub(super) fn new(
        source: &mut dyn Source,
        (conv, norm): (&str, &str),
        (inputs, outputs): (usize, usize),
        window: Window,
        of: Use,
    ) -> Result<Self> {
        let fan_in = inputs * window.kernel * window.kernel;
        if of == Use::Training {
            let std = default_std(fan_in);
            let conv = Conv2d::without_bias(source, conv, (inputs, outputs), window, Activation::None, std)?;
            return Ok(Self {
                conv,
                norm: Some(BatchNorm::new(source, norm, outputs)?),
            });
        }
        let mut vector = |part: &str| source.tensor(&format!("{norm}.{part}"), &[outputs], Init::Zeros);
        let (scale, shift) = (vector("weight")?, vector("bias")?);
        let (mean, variance) = (vector("running_mean")?, vector("running_var")?);
        let slope = (scale / variance.affine(1.0, EPSILON)?.sqrt()?)?;
        let bias = (shift - (mean * &slope)?)?;
        let shape = [outputs, inputs, window.kernel, window.kernel];
        let weight = source.tensor(&format!("{conv}.weight"), &shape, Init::Zeros)?;
        let weight = weight.broadcast_mul(&slope.reshape((outputs, 1, 1, 1))?)?;
        Ok(Self {
            conv: Conv2d::from_tensors(weight, bias, window, Activation::None),
            norm: None,
        })
    }

    pub(super) fn forward(&self, x: &Tensor, relu: bool) -> Result<Tensor> {
        let y = self.conv.forward(x)?;
        match &self.norm {
            Some(norm) => norm.forward(&y, relu),
            None if relu => Ok(y.relu()?),
            None => Ok(y),
        }
    }
}
