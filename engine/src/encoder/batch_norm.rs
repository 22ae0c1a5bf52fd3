//! Batch normalisation (Ioffe & Szegedy 2015, arXiv:1502.03167) for training: y = γ (x − μ)/√(σ² + ε) + β
//! with mean and variance of each channel over the batch, and zero for what is below zero
//! where asked for.
//!
//! Norms over a single image would delete what the encoder must see, the flux of the patch; batch statistics
//! keep it. They are followed by running averages, which become part of the convolution before them once
//! training is over, so that a trained encoder has no such layer and embeds every image by itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::{CpuStorage, CustomOp3, Layout, Shape, Storage, Tensor};
use rayon::prelude::*;

use crate::nn::{Init, Parameters, Result, Source};

/// ε.
pub(super) const EPSILON: f64 = 1e-5;
/// Part of the running averages that one batch replaces.
const MOMENTUM: f64 = 0.1;

/// A normalisation layer in training.
#[derive(Debug, Clone)]
pub(super) struct BatchNorm {
    name: String,
    scale: Tensor,
    shift: Tensor,
    running: Arc<Mutex<Moments>>,
}

/// Mean and variance of every channel.
#[derive(Debug, Clone)]
struct Moments {
    mean: Vec<f64>,
    variance: Vec<f64>,
}

impl BatchNorm {
    /// Takes `{name}.weight`, `{name}.bias` and the running averages from `source`.
    pub(super) fn new(source: &mut dyn Source, name: &str, channels: usize) -> Result<Self> {
        let scale = source.tensor(&format!("{name}.weight"), &[channels], Init::Ones)?;
        let shift = source.tensor(&format!("{name}.bias"), &[channels], Init::Zeros)?;
        let mut average = |part: &str, init| {
            let tensor = source.tensor(&format!("{name}.running_{part}"), &[channels], init)?;
            Ok::<_, crate::nn::ModelError>(tensor.to_vec1::<f32>()?.into_iter().map(f64::from).collect())
        };
        let running = Moments {
            mean: average("mean", Init::Zeros)?,
            variance: average("var", Init::Ones)?,
        };
        Ok(Self {
            name: name.to_owned(),
            scale,
            shift,
            running: Arc::new(Mutex::new(running)),
        })
    }

    /// Normalises a batch (n, channels, …) and updates the running averages.
    pub(super) fn forward(&self, x: &Tensor, relu: bool) -> Result<Tensor> {
        let x = x.contiguous()?;
        let planes = Planes::of(x.shape())?;
        let batch = with_numbers(&x, |x| Ok(planes.moments(x)))?;

        let count = planes.images * planes.area;
        // The population's variance is larger than that of its sample.
        let unbiased = count as f64 / (count as f64 - 1.0).max(1.0);
        let mut running = self.running();
        for (average, now) in running.mean.iter_mut().zip(&batch.mean) {
            *average += MOMENTUM * (now - *average);
        }
        for (average, now) in running.variance.iter_mut().zip(&batch.variance) {
            *average += MOMENTUM * (unbiased * now - *average);
        }
        drop(running);

        let op = Normalise {
            mean: batch.mean.iter().map(|&m| m as f32).collect(),
            inverse: batch
                .variance
                .iter()
                .map(|v| (v + EPSILON).sqrt().recip() as f32)
                .collect(),
            relu,
        };
        Ok(x.apply_op3(&self.scale, &self.shift, op)?)
    }

    /// Writes the running averages to the parameters that the layer was made from.
    pub(super) fn store(&self, parameters: &Parameters) -> Result<()> {
        let running = self.running();
        for (part, values) in [("mean", &running.mean), ("var", &running.variance)] {
            let name = format!("{}.running_{part}", self.name);
            if let Some((_, var)) = parameters.iter().find(|(known, _)| *known == name) {
                let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
                var.set(&Tensor::from_vec(values, var.shape(), var.device())?)?;
            }
        }
        Ok(())
    }

    fn running(&self) -> MutexGuard<'_, Moments> {
        // Averages are replaced one by one; a panic in between leaves numbers that are still averages.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The shape (images, channels, area) of a batch.
#[derive(Debug, Clone, Copy)]
struct Planes {
    images: usize,
    channels: usize,
    area: usize,
}

impl Planes {
    fn of(shape: &Shape) -> candle_core::Result<Self> {
        match *shape.dims() {
            [images, channels, ref rest @ ..] if images > 0 && channels > 0 => Ok(Self {
                images,
                channels,
                area: rest.iter().product(),
            }),
            _ => candle_core::bail!("batch normalisation needs images of channels, found {shape:?}"),
        }
    }

    /// The numbers of one channel, image by image.
    fn channel(self, values: &[f32], channel: usize) -> impl Iterator<Item = &[f32]> {
        (0..self.images)
            .map(move |image| &values[(image * self.channels + channel) * self.area..][..self.area])
    }

    fn moments(self, x: &[f32]) -> Moments {
        let count = (self.images * self.area) as f64;
        let of_channel = |channel: usize| {
            let mean = self
                .channel(x, channel)
                .map(|plane| sum(plane, |v| v))
                .sum::<f64>()
                / count;
            let centre = mean as f32;
            let squares = self
                .channel(x, channel)
                .map(|plane| sum(plane, |v| (v - centre) * (v - centre)));
            (mean, squares.sum::<f64>() / count)
        };
        let (mean, variance) = (0..self.channels).into_par_iter().map(of_channel).unzip();
        Moments { mean, variance }
    }
}

/// Normalisation by given moments as a candle operation; its gradient knows that they depend on the input.
#[derive(Debug)]
struct Normalise {
    mean: Vec<f32>,
    inverse: Vec<f32>,
    relu: bool,
}

impl CustomOp3 for Normalise {
    fn name(&self) -> &'static str {
        "batch normalisation"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        scale: &CpuStorage,
        scale_layout: &Layout,
        shift: &CpuStorage,
        shift_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let planes = Planes::of(x_layout.shape())?;
        let (x, scale, shift) = (
            slice(x, x_layout)?,
            slice(scale, scale_layout)?,
            slice(shift, shift_layout)?,
        );
        let mut out = vec![0.0; x.len()];
        out.par_chunks_exact_mut(planes.area)
            .zip(x.par_chunks_exact(planes.area))
            .enumerate()
            .for_each(|(i, (out, x))| {
                let c = i % planes.channels;
                let slope = scale[c] * self.inverse[c];
                let offset = shift[c] - self.mean[c] * slope;
                let least = if self.relu { 0.0 } else { f32::NEG_INFINITY };
                for (y, &x) in out.iter_mut().zip(x) {
                    *y = (slope * x + offset).max(least);
                }
            });
        Ok((CpuStorage::F32(out), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        scale: &Tensor,
        _shift: &Tensor,
        out: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let planes = Planes::of(x.shape())?;
        let gradient = gradient.contiguous()?;
        let scales = scale.to_vec1::<f32>()?;
        let count = (planes.images * planes.area) as f32;
        let mut to_x = vec![0.0; x.elem_count()];
        let sums = with_numbers(x, |x| {
            with_numbers(out, |out| {
                with_numbers(&gradient, |gradient| {
                    // With a rectifier, only what is above zero passes a gradient on.
                    let passed = |y: f32, g: f32| if self.relu && y <= 0.0 { 0.0 } else { g };
                    let sums: Vec<(f32, f32)> = (0..planes.channels)
                        .into_par_iter()
                        .map(|c| {
                            let (mut shift, mut scale) = (0.0, 0.0);
                            let channel = planes.channel(x, c).zip(planes.channel(out, c));
                            for ((x, y), g) in channel.zip(planes.channel(gradient, c)) {
                                let (s, t) = sums(x, y, g, |x, y, g| {
                                    let g = passed(y, g);
                                    (g, g * (x - self.mean[c]) * self.inverse[c])
                                });
                                shift += s;
                                scale += t;
                            }
                            (shift as f32, scale as f32)
                        })
                        .collect();
                    to_x.par_chunks_exact_mut(planes.area)
                        .enumerate()
                        .for_each(|(i, to_x)| {
                            let c = i % planes.channels;
                            let at = i * planes.area..(i + 1) * planes.area;
                            let slope = scales[c] * self.inverse[c];
                            let (mean_g, mean_gx) = (sums[c].0 / count, sums[c].1 / count);
                            let inputs = x[at.clone()].iter().zip(&out[at.clone()]).zip(&gradient[at]);
                            for (to_x, ((&x, &y), &g)) in to_x.iter_mut().zip(inputs) {
                                let normal = (x - self.mean[c]) * self.inverse[c];
                                *to_x = slope * (passed(y, g) - mean_g - normal * mean_gx);
                            }
                        });
                    Ok(sums)
                })
            })
        })?;
        let device = x.device();
        let (to_shift, to_scale): (Vec<f32>, Vec<f32>) = sums.into_iter().unzip();
        Ok((
            Some(Tensor::from_vec(to_x, x.shape(), device)?),
            Some(Tensor::from_vec(to_scale, planes.channels, device)?),
            Some(Tensor::from_vec(to_shift, planes.channels, device)?),
        ))
    }
}

/// Numbers that are summed side by side, so that the processor need not wait for each addition.
const LANES: usize = 16;

/// Σ f(x), in a fixed order.
fn sum(x: &[f32], f: impl Fn(f32) -> f32) -> f64 {
    let mut lanes = [0.0_f32; LANES];
    let (blocks, rest) = x.as_chunks::<LANES>();
    for block in blocks {
        for (lane, &x) in lanes.iter_mut().zip(block) {
            *lane += f(x);
        }
    }
    lanes
        .into_iter()
        .chain(rest.iter().map(|&x| f(x)))
        .map(f64::from)
        .sum()
}

/// The two sums of a pair of functions of three numbers, in a fixed order.
fn sums(x: &[f32], y: &[f32], g: &[f32], f: impl Fn(f32, f32, f32) -> (f32, f32)) -> (f64, f64) {
    let (mut first, mut second) = ([0.0_f32; LANES], [0.0_f32; LANES]);
    let ((x, x_rest), (y, y_rest), (g, g_rest)) = (
        x.as_chunks::<LANES>(),
        y.as_chunks::<LANES>(),
        g.as_chunks::<LANES>(),
    );
    for ((x, y), g) in x.iter().zip(y).zip(g) {
        for i in 0..LANES {
            let (a, b) = f(x[i], y[i], g[i]);
            first[i] += a;
            second[i] += b;
        }
    }
    let rest = x_rest
        .iter()
        .zip(y_rest)
        .zip(g_rest)
        .map(|((&x, &y), &g)| f(x, y, g));
    first
        .into_iter()
        .zip(second)
        .chain(rest)
        .fold((0.0, 0.0), |(s, t), (a, b)| (s + f64::from(a), t + f64::from(b)))
}

/// The slice under a contiguous layout.
fn slice<'a>(storage: &'a CpuStorage, layout: &Layout) -> candle_core::Result<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<f32>()?[start..end]),
        None => candle_core::bail!("batch normalisation takes contiguous tensors, found {layout:?}"),
    }
}

/// Calls `work` with the numbers of a contiguous CPU tensor, without copying them.
fn with_numbers<R>(
    tensor: &Tensor,
    work: impl FnOnce(&[f32]) -> candle_core::Result<R>,
) -> candle_core::Result<R> {
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => work(slice(storage, layout)?),
        _ => candle_core::bail!("batch normalisation runs on the CPU"),
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use crate::nn::Random;

    fn layer(channels: usize) -> Result<(Parameters, BatchNorm)> {
        let mut parameters = Parameters::new();
        let layer = BatchNorm::new(&mut parameters.fresh(&mut Random::new(0, 0)), "norm", channels)?;
        Ok((parameters, layer))
    }

    #[test]
    fn a_batch_worked_by_hand() -> Result<()> {
        // One channel with values 1, 3: mean 2, variance 1.
        let (parameters, norm) = layer(1)?;
        let x = Tensor::from_vec(vec![1f32, 3.0], (2, 1), &Device::Cpu)?;
        let y: Vec<f32> = norm.forward(&x, false)?.flatten_all()?.to_vec1()?;
        // ε takes five parts in a million off.
        assert!((y[0] + 1.0).abs() < 1e-5 && (y[1] - 1.0).abs() < 1e-5, "{y:?}");
        let rectified: Vec<f32> = norm.forward(&x, true)?.flatten_all()?.to_vec1()?;
        assert!(rectified[0].abs() < f32::EPSILON, "{rectified:?}");

        norm.store(&parameters)?;
        let stored: Vec<(String, f32)> = parameters
            .iter()
            .filter(|(name, _)| name.contains("running"))
            .map(|(name, var)| Ok((name.to_owned(), var.to_vec1::<f32>()?[0])))
            .collect::<Result<_>>()?;
        // Two batches each replaced a tenth: 0.2 + 0.18, and a variance of 2/(2 − 1) = 2 seen twice.
        assert_eq!(stored[0].0, "norm.running_mean");
        assert!(
            (stored[0].1 - 0.38).abs() < 1e-6 && (stored[1].1 - 1.19).abs() < 1e-6,
            "{stored:?}"
        );
        Ok(())
    }

    #[test]
    fn gradients_are_those_of_finite_differences() -> Result<()> {
        let (_, norm) = layer(3)?;
        let mut random = Random::new(1, 0);
        let shape = (4, 3, 5, 5);
        let values = random.normals(300);
        let weights = Tensor::from_vec(random.normals(300), shape, &Device::Cpu)?;
        for relu in [false, true] {
            let loss = |x: &Tensor| -> Result<Tensor> { Ok((norm.forward(x, relu)? * &weights)?.sum_all()?) };
            let x = Var::from_vec(values.clone(), shape, &Device::Cpu)?;
            let gradients = loss(x.as_tensor())?.backward()?;
            let gradient: Vec<f32> = gradients
                .get(x.as_tensor())
                .expect("x has a gradient")
                .flatten_all()?
                .to_vec1()?;
            for i in [0, 17, 120, 299] {
                const H: f32 = 1e-2;
                let at = |h: f32| -> Result<f32> {
                    let mut moved = values.clone();
                    moved[i] += h;
                    Ok(loss(&Tensor::from_vec(moved, shape, &Device::Cpu)?)?.to_scalar::<f32>()?)
                };
                let numeric = (at(H)? - at(-H)?) / (2.0 * H);
                // A sum of 300 terms in single precision, divided by 2H, and the curvature over H.
                assert!(
                    (numeric - gradient[i]).abs() < 5e-3,
                    "{relu} {i}: {numeric} {}",
                    gradient[i]
                );
            }
        }
        Ok(())
    }
}
