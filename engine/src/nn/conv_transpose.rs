//! Transposed convolution, which enlarges an image: the transpose of a convolution of the same window,
//! weights as (in, out, k, k) like torch's `ConvTranspose2d` without output padding.
//!
//! With stride 1 it is an ordinary convolution by the mirrored kernel; it is the cheaper form of it when
//! there are fewer outputs than inputs, because k² taps of the *outputs* are moved instead of the inputs'.

use candle_core::Tensor;

use super::convolution::{Convolution, Kernel, Shapes};
use super::gemm::{Matrix, Write, multiply};
use super::lowering::{Planes, Window, fold, unfold};
use super::{Activation, Init, Result, Source, nearest_kernel, scratch};

/// A transposed convolution layer.
#[derive(Debug, Clone)]
pub struct ConvTranspose2d {
    weight: Tensor,
    bias: Tensor,
    window: Window,
    activation: Activation,
    /// Whether `weight` is the 3 × 3 kernel of the image doubled by repetition.
    repeats: bool,
}

/// Doubles an image.
const DOUBLE: Window = Window {
    kernel: 4,
    stride: 2,
    padding: 1,
};

impl ConvTranspose2d {
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
        let shape = [inputs, outputs, window.kernel, window.kernel];
        let weight = source.tensor(&format!("{name}.weight"), &shape, Init::Normal { std })?;
        let bias = source.tensor(&format!("{name}.bias"), &[outputs], Init::Zeros)?;
        Ok(Self {
            weight,
            bias,
            window,
            activation,
            repeats: false,
        })
    }

    /// A layer that doubles the image by repeating each pixel 2 × 2 and convolves it with `{name}.weight`,
    /// (in, out, 3, 3), so that an even image stays even.
    ///
    /// # Errors
    /// When `source` lacks a tensor or has it in another shape.
    pub fn repeating(
        source: &mut dyn Source,
        name: &str,
        (inputs, outputs): (usize, usize),
        activation: Activation,
        std: f64,
    ) -> Result<Self> {
        let small = Window { kernel: 3, ..DOUBLE };
        Ok(Self {
            window: DOUBLE,
            repeats: true,
            ..Self::new(source, name, (inputs, outputs), small, activation, std)?
        })
    }

    /// The weight as the transposed convolution takes it.
    fn weight(&self) -> Result<Tensor> {
        if self.repeats {
            nearest_kernel::doubling(&self.weight)
        } else {
            Ok(self.weight.clone())
        }
    }

    /// Applies the layer: (n, in, h, w) to (n, out, h', w').
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if x.device().is_cpu() {
            let op = Convolution {
                kernel: Fold(self.window),
                activation: self.activation,
            };
            return Ok(x.contiguous()?.apply_op3(&self.weight()?, &self.bias, op)?);
        }
        self.compose(x)
    }

    /// The same by candle's own operations, for devices other than the CPU.
    pub(super) fn compose(&self, x: &Tensor) -> Result<Tensor> {
        let Window { padding, stride, .. } = self.window;
        let weight = if self.repeats {
            nearest_kernel::compose(&self.weight)?
        } else {
            self.weight.clone()
        };
        let sum = x.conv_transpose2d(&weight, padding, 0, stride, 1)?;
        self.activation
            .compose(&sum.broadcast_add(&self.bias.reshape((1, (), 1, 1))?)?)
    }
}

/// Transposed convolution of one image as fold(Wᵀ · x).
#[derive(Debug, Clone, Copy)]
struct Fold(Window);

impl Kernel for Fold {
    const NAME: &'static str = "transposed convolution";

    fn output(self, input: Planes, [inputs, outputs, height, width]: [usize; 4]) -> Option<Planes> {
        let fits = inputs == input.channels && [height, width] == [self.0.kernel; 2];
        let (height, width) = (self.0.pixels(input.height)?, self.0.pixels(input.width)?);
        fits.then_some(Planes {
            channels: outputs,
            height,
            width,
        })
    }

    fn forward(self, weight: &[f32], shape: Shapes, image: &[f32], out: &mut [f32]) {
        let Shapes { input, output } = shape;
        let taps = output.channels * self.0.kernel * self.0.kernel;
        scratch::with(taps * input.area(), |columns| {
            let weight = Matrix::new(weight, input.channels, taps);
            let image = Matrix::new(image, input.channels, input.area());
            multiply(weight.transposed(), image, columns, Write::Replace);
            fold(columns, output, (input.height, input.width), self.0, out);
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
        let taps = output.channels * self.0.kernel * self.0.kernel;
        scratch::with(taps * input.area(), |columns| {
            unfold(gradient, output, (input.height, input.width), self.0, columns);
            let columns = Matrix::new(columns, taps, input.area());
            if let Some(to_image) = to_image {
                multiply(
                    Matrix::new(weight, input.channels, taps),
                    columns,
                    to_image,
                    Write::Replace,
                );
            }
            if let Some(to_weight) = to_weight {
                let image = Matrix::new(image, input.channels, input.area());
                multiply(image, columns.transposed(), to_weight, Write::Add);
            }
        });
    }
}
