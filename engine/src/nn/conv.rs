//! Two-dimensional convolution with a square kernel, any stride and zero padding, fused with bias and
//! activation: y\[o\] = f(Σᵢ x\[i\] ⋆ w\[o, i\] + b\[o\]), weights as (out, in, k, k) like torch's `Conv2d`.

use candle_core::Tensor;

use super::convolution::{Convolution, Kernel, Shapes};
use super::gemm::{Matrix, Write, multiply};
use super::lowering::{Planes, Window, fold, unfold};
use super::{Activation, Init, Result, Source, scratch};

/// A convolution layer.
#[derive(Debug, Clone)]
pub struct Conv2d {
    weight: Tensor,
    bias: Tensor,
    window: Window,
    activation: Activation,
}

impl Conv2d {
    /// Takes `{name}.weight` and `{name}.bias` from `source`; fresh weights are normal with `std`, biases
    /// zero.
    ///
    /// # Errors
    /// When `source` lacks a tensor or has it in another shape.
    pub fn new(
        source: &mut dyn Source,
        name: &str,
        (inputs, outputs): (usize, usize),
        window: Window,
        activation: Activation,
        std: f64,
    ) -> Result<Self> {
        let shape = [outputs, inputs, window.kernel, window.kernel];
        let weight = source.tensor(&format!("{name}.weight"), &shape, Init::Normal { std })?;
        let bias = source.tensor(&format!("{name}.bias"), &[outputs], Init::Zeros)?;
        Ok(Self {
            weight,
            bias,
            window,
            activation,
        })
    }

    /// The same without a bias, for a layer followed by batch normalisation.
    ///
    /// # Errors
    /// When `source` lacks the tensor or has it in another shape.
    pub fn without_bias(
        source: &mut dyn Source,
        name: &str,
        (inputs, outputs): (usize, usize),
        window: Window,
        activation: Activation,
        std: f64,
    ) -> Result<Self> {
        let shape = [outputs, inputs, window.kernel, window.kernel];
        let weight = source.tensor(&format!("{name}.weight"), &shape, Init::Normal { std })?;
        let bias = Tensor::zeros(outputs, weight.dtype(), weight.device())?;
        Ok(Self {
            weight,
            bias,
            window,
            activation,
        })
    }

    /// A layer of given tensors: weight (out, in, k, k), bias (out).
    pub fn from_tensors(weight: Tensor, bias: Tensor, window: Window, activation: Activation) -> Self {
        Self {
            weight,
            bias,
            window,
            activation,
        }
    }

    /// Applies the layer: (n, in, h, w) to (n, out, h', w').
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if x.device().is_cpu() {
            let op = Convolution {
                kernel: Unfold(self.window),
                activation: self.activation,
            };
            return Ok(x.contiguous()?.apply_op3(&self.weight, &self.bias, op)?);
        }
        self.compose(x)
    }

    /// The same by candle's own operations, for devices other than the CPU.
    pub(super) fn compose(&self, x: &Tensor) -> Result<Tensor> {
        let Window { padding, stride, .. } = self.window;
        let sum = x.conv2d(&self.weight, padding, stride, 1, 1)?;
        self.activation
            .compose(&sum.broadcast_add(&self.bias.reshape((1, (), 1, 1))?)?)
    }
}

/// Convolution of one image as W · unfold(x).
#[derive(Debug, Clone, Copy)]
struct Unfold(Window);

impl Kernel for Unfold {
    const NAME: &'static str = "convolution";

    fn output(self, input: Planes, [outputs, inputs, height, width]: [usize; 4]) -> Option<Planes> {
        let fits = inputs == input.channels && [height, width] == [self.0.kernel; 2];
        let (height, width) = (self.0.positions(input.height)?, self.0.positions(input.width)?);
        fits.then_some(Planes {
            channels: outputs,
            height,
            width,
        })
    }

    fn forward(self, weight: &[f32], shape: Shapes, image: &[f32], out: &mut [f32]) {
        let Shapes { input, output } = shape;
        let taps = input.channels * self.0.kernel * self.0.kernel;
        scratch::with(taps * output.area(), |columns| {
            unfold(image, input, (output.height, output.width), self.0, columns);
            let columns = Matrix::new(columns, taps, output.area());
            multiply(
                Matrix::new(weight, output.channels, taps),
                columns,
                out,
                Write::Replace,
            );
        });
    }

    fn backward(
        self,
        weight: &[f32],
        shape: Shapes,
        image: &[f32],
        gradient: &[f32],
        to_image: Option<&mut [f32]>,
        to_weight: Option<&mut [f32]>,
    ) {
        let Shapes { input, output } = shape;
        let grid = (output.height, output.width);
        let taps = input.channels * self.0.kernel * self.0.kernel;
        let gradient = Matrix::new(gradient, output.channels, output.area());
        scratch::with(taps * output.area(), |columns| {
            if let Some(to_weight) = to_weight {
                unfold(image, input, grid, self.0, columns);
                let columns = Matrix::new(columns, taps, output.area());
                multiply(gradient, columns.transposed(), to_weight, Write::Add);
            }
            if let Some(to_image) = to_image {
                let weight = Matrix::new(weight, output.channels, taps);
                multiply(weight.transposed(), gradient, columns, Write::Replace);
                fold(columns, input, grid, self.0, to_image);
            }
        });
    }
}
