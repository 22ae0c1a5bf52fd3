//! What convolution and transposed convolution share: the loop over the batch, bias, activation, and the
//! gradients, as one candle operation.
//!
//! A [`Kernel`] knows one image; [`Convolution`] turns it into a candle operation whose forward pass treats
//! every image alike and whose backward pass sums weight gradients over fixed groups of images.

use candle_core::{CpuStorage, CustomOp3, Layout, Shape, Tensor};

use super::{Activation, batch, lowering::Planes, scratch, values};

/// A linear map of one image to another, and its transposes.
pub(super) trait Kernel: Copy + Send + Sync + 'static {
    /// The operation's name in candle's messages.
    const NAME: &'static str;

    /// Shape of the output for this input and these weight dimensions; `None` when they do not fit.
    fn output(self, input: Planes, weight: [usize; 4]) -> Option<Planes>;

    /// Writes the output image, without bias.
    fn forward(self, weight: &[f32], shape: Shapes, image: &[f32], out: &mut [f32]);

    /// Writes the input's gradient and adds to the weight's, each where it is wanted.
    fn backward(
        self,
        weight: &[f32],
        shape: Shapes,
        image: &[f32],
        gradient: &[f32],
        to_image: Option<&mut [f32]>,
        to_weight: Option<&mut [f32]>,
    );
}

/// Input and output of one image.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shapes {
    pub(super) input: Planes,
    pub(super) output: Planes,
}

/// `activation(kernel(x, weight) + bias)` over a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Convolution<K> {
    pub(super) kernel: K,
    pub(super) activation: Activation,
}

impl<K: Kernel> Convolution<K> {
    fn shapes(&self, image: &Shape, weight: &Shape) -> candle_core::Result<(usize, Shapes)> {
        let (images, channels, height, width) = image.dims4()?;
        let input = Planes {
            channels,
            height,
            width,
        };
        match self.kernel.output(input, weight.dims4()?.into()) {
            Some(output) => Ok((images, Shapes { input, output })),
            None => candle_core::bail!("{}: weight {weight:?} does not fit input {image:?}", K::NAME),
        }
    }
}

impl<K: Kernel> CustomOp3 for Convolution<K> {
    fn name(&self) -> &'static str {
        K::NAME
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
        let (images, shapes) = self.shapes(x_layout.shape(), weight_layout.shape())?;
        let Shapes { input, output } = shapes;
        let x = values::slice(x, x_layout)?;
        let weight = values::slice(weight, weight_layout)?;
        let bias = values::slice(bias, bias_layout)?;
        if bias.len() != output.channels {
            candle_core::bail!(
                "{}: {} biases for {} channels",
                K::NAME,
                bias.len(),
                output.channels
            );
        }

        let mut out = vec![0.0; images * output.len()];
        batch::for_each_chunk(&mut out, output.len(), |i, out| {
            self.kernel
                .forward(weight, shapes, &x[i * input.len()..][..input.len()], out);
            for (plane, b) in out.chunks_exact_mut(output.area()).zip(bias) {
                for v in plane {
                    *v += b;
                }
            }
            self.activation.apply(out);
        });
        let shape = Shape::from((images, output.channels, output.height, output.width));
        Ok((CpuStorage::F32(out), shape))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        out: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (images, shapes) = self.shapes(x.shape(), weight.shape())?;
        let Shapes { input, output } = shapes;
        let (wants_x, wants_weight) = (x.track_op(), weight.track_op() || bias.track_op());
        let weights = if wants_weight { weight.elem_count() } else { 0 };

        let mut to_x = vec![0.0; if wants_x { images * input.len() } else { 0 }];
        let gradient = gradient.contiguous()?;
        let sums = values::with(x, |x| {
            values::with(weight, |weight| {
                values::with(out, |out| {
                    values::with(&gradient, |gradient| {
                        // A group of images: its chunk of `to_x`, and its own sums for weight and bias.
                        let group = |images: std::ops::Range<usize>, to_x: &mut [f32]| {
                            let mut sums = vec![
                                0.0;
                                if wants_weight {
                                    weights + output.channels
                                } else {
                                    0
                                }
                            ];
                            let (to_weight, to_bias) = sums.split_at_mut(weights);
                            let mut to_images = to_x.chunks_exact_mut(input.len());
                            scratch::with(output.len(), |sum_gradient| {
                                for i in images {
                                    let at = i * output.len()..(i + 1) * output.len();
                                    self.activation
                                        .gradient(&out[at.clone()], &gradient[at], sum_gradient);
                                    for (b, plane) in
                                        to_bias.iter_mut().zip(sum_gradient.chunks_exact(output.area()))
                                    {
                                        *b += plane.iter().sum::<f32>();
                                    }
                                    self.kernel.backward(
                                        weight,
                                        shapes,
                                        &x[i * input.len()..][..input.len()],
                                        sum_gradient,
                                        to_images.next(),
                                        wants_weight.then_some(&mut *to_weight),
                                    );
                                }
                            });
                            sums
                        };
                        Ok(batch::map_groups(
                            images,
                            wants_x.then_some((&mut to_x, input.len())),
                            group,
                        ))
                    })
                })
            })
        })?;

        let device = x.device();
        let to_x = wants_x
            .then(|| Tensor::from_vec(to_x, x.shape(), device))
            .transpose()?;
        let Some(sum) = batch::sum(sums).filter(|_| wants_weight) else {
            return Ok((to_x, None, None));
        };
        let (to_weight, to_bias) = sum.split_at(weights);
        Ok((
            to_x,
            Some(Tensor::from_slice(to_weight, weight.shape(), device)?),
            Some(Tensor::from_slice(to_bias, bias.shape(), device)?),
        ))
    }
}
