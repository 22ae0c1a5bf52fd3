//! Fully connected layer, fused with bias and activation: y = f(W x + b), weights as (out, in) like
//! torch's `Linear`.
//!
//! Rows are multiplied in blocks of a fixed size, the last one filled with zeros: the weights are then read
//! once per block, not once per row, and yet a row's bits do not depend on how many rows there are.

use candle_core::{CpuStorage, CustomOp3, Layout, Shape, Tensor};

use super::gemm::{Matrix, Write, multiply};
use super::{Activation, Init, Result, Source, batch, scratch, values};

/// Rows that are multiplied together.
const BLOCK: usize = 8;

/// A fully connected layer.
#[derive(Debug, Clone)]
pub struct Linear {
    weight: Tensor,
    bias: Tensor,
    activation: Activation,
}

impl Linear {
    /// Takes `{name}.weight` and `{name}.bias` from `source`; fresh weights are normal with `std`, biases
    /// zero.
    ///
    /// # Errors
    /// When `source` lacks a tensor or has it in another shape.
    pub fn new(
        source: &mut dyn Source,
        name: &str,
        (inputs, outputs): (usize, usize),
        activation: Activation,
        std: f64,
    ) -> Result<Self> {
        let weight = source.tensor(
            &format!("{name}.weight"),
            &[outputs, inputs],
            Init::Normal { std },
        )?;
        let bias = source.tensor(&format!("{name}.bias"), &[outputs], Init::Zeros)?;
        Ok(Self {
            weight,
            bias,
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
        activation: Activation,
        std: f64,
    ) -> Result<Self> {
        let weight = source.tensor(
            &format!("{name}.weight"),
            &[outputs, inputs],
            Init::Normal { std },
        )?;
        let bias = Tensor::zeros(outputs, weight.dtype(), weight.device())?;
        Ok(Self {
            weight,
            bias,
            activation,
        })
    }

    /// Applies the layer: (n, in) to (n, out).
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if x.device().is_cpu() {
            return Ok(x
                .contiguous()?
                .apply_op3(&self.weight, &self.bias, Affine(self.activation))?);
        }
        self.compose(x)
    }

    /// The same by candle's own operations, for devices other than the CPU.
    pub(super) fn compose(&self, x: &Tensor) -> Result<Tensor> {
        self.activation
            .compose(&x.matmul(&self.weight.t()?)?.broadcast_add(&self.bias)?)
    }
}

/// The layer as a candle operation.
#[derive(Debug, Clone, Copy)]
struct Affine(Activation);

impl CustomOp3 for Affine {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (rows, inputs) = x_layout.shape().dims2()?;
        let (outputs, expected) = weight_layout.shape().dims2()?;
        let x = values::slice(x, x_layout)?;
        let weight = Matrix::new(values::slice(weight, weight_layout)?, outputs, expected);
        let bias = values::slice(bias, bias_layout)?;
        if inputs != expected || bias.len() != outputs {
            candle_core::bail!(
                "linear: {outputs}×{expected} weights, {} biases, {inputs} inputs",
                bias.len()
            );
        }

        let mut out = vec![0.0; rows * outputs];
        batch::for_each_chunk(&mut out, BLOCK * outputs, |block, out| {
            let x = &x[block * BLOCK * inputs..rows.min((block + 1) * BLOCK) * inputs];
            scratch::with(BLOCK * (inputs + outputs), |buffer| {
                let (padded, product) = buffer.split_at_mut(BLOCK * inputs);
                padded[..x.len()].copy_from_slice(x);
                padded[x.len()..].fill(0.0);
                // The product is made transposed, (out, block): it lets gemm read the weights in place.
                multiply(
                    weight,
                    Matrix::new(padded, BLOCK, inputs).transposed(),
                    product,
                    Write::Replace,
                );
                for (i, row) in out.chunks_exact_mut(outputs).enumerate() {
                    for ((o, sums), b) in row.iter_mut().zip(product.chunks_exact(BLOCK)).zip(bias) {
                        *o = sums[i] + b;
                    }
                }
            });
            self.0.apply(out);
        });
        Ok((CpuStorage::F32(out), Shape::from((rows, outputs))))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        out: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (rows, inputs) = x.dims2()?;
        let (outputs, _) = weight.dims2()?;
        let mut sums = vec![0.0; rows * outputs];
        let gradient = gradient.contiguous()?;
        values::with(out, |out| {
            values::with(&gradient, |gradient| {
                self.0.gradient(out, gradient, &mut sums);
                Ok(())
            })
        })?;
        let sums = Matrix::new(&sums, rows, outputs);

        let to_x = if x.track_op() {
            let mut to_x = vec![0.0; rows * inputs];
            values::with(weight, |weight| {
                multiply(
                    sums,
                    Matrix::new(weight, outputs, inputs),
                    &mut to_x,
                    Write::Replace,
                );
                Ok(())
            })?;
            Some(Tensor::from_vec(to_x, x.shape(), x.device())?)
        } else {
            None
        };
        if !weight.track_op() && !bias.track_op() {
            return Ok((to_x, None, None));
        }
        let mut to_weight = vec![0.0; outputs * inputs];
        values::with(x, |x| {
            multiply(
                sums.transposed(),
                Matrix::new(x, rows, inputs),
                &mut to_weight,
                Write::Replace,
            );
            Ok(())
        })?;
        let mut to_bias = vec![0.0; outputs];
        let ones = vec![1.0; rows];
        multiply(Matrix::new(&ones, 1, rows), sums, &mut to_bias, Write::Replace);
        Ok((
            to_x,
            Some(Tensor::from_vec(to_weight, weight.shape(), x.device())?),
            Some(Tensor::from_vec(to_bias, bias.shape(), x.device())?),
        ))
    }
}
