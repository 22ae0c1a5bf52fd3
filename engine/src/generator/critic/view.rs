//! What the critic sees of a batch: four channels for each image.
//!
//! - the image on its own scale, where noise and network stand out;
//! - the image on the linear scale, where flux does;
//! - the mean of its batch and the spread about it, pixel by pixel. One image does not show that the quiet Sun of
//!   all drawn images is the same; their mean does. (Karras et al. 2018, arXiv:1710.10196, show the critic one
//!   number of a batch for the same end.)
//!
//! Real and drawn images are batches of their own, of `batch` consecutive images each.

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor};

use crate::generator::scale::Scale;
use crate::nn::{Result, values};

/// Channels of a view.
pub(super) const CHANNELS: usize = 4;

/// Keeps the slope of the spread finite where all images of a batch agree.
const LEAST_VARIANCE: f32 = 1e-6;

/// The view of images (n, 1, h, w) in batches of `batch`: (n, 4, h, w).
pub(super) fn view(images: &Tensor, batch: usize, scale: Scale, clip_gauss: f32) -> Result<Tensor> {
    let linear = scale.polynomial(clip_gauss);
    Ok(images.contiguous()?.apply_op1(View { batch, linear })?)
}

struct View {
    batch: usize,
    /// B/C = x (a |x| + b).
    linear: (f32, f32),
}

/// Mean and spread of each pixel over the images of a batch.
fn moments(images: &[f32], area: usize) -> (Vec<f32>, Vec<f32>) {
    let count = (images.len() / area) as f32;
    let (mut mean, mut spread) = (vec![0.0; area], vec![0.0; area]);
    for image in images.chunks_exact(area) {
        for (m, x) in mean.iter_mut().zip(image) {
            *m += x / count;
        }
    }
    for image in images.chunks_exact(area) {
        for ((s, x), m) in spread.iter_mut().zip(image).zip(&mean) {
            *s += (x - m) * (x - m) / count;
        }
    }
    for s in &mut spread {
        *s = (*s + LEAST_VARIANCE).sqrt();
    }
    (mean, spread)
}

impl CustomOp1 for View {
    fn name(&self) -> &'static str {
        "view of a batch"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let (n, channels, height, width) = layout.shape().dims4()?;
        if channels != 1 || self.batch == 0 || !n.is_multiple_of(self.batch) {
            candle_core::bail!(
                "{n} images of {channels} channels are no batches of {}",
                self.batch
            );
        }
        let images = values::slice(storage, layout)?;
        let (area, (a, b)) = (height * width, self.linear);
        let mut out = Vec::with_capacity(CHANNELS * images.len());
        for batch in images.chunks_exact(self.batch * area) {
            let (mean, spread) = moments(batch, area);
            for image in batch.chunks_exact(area) {
                out.extend_from_slice(image);
                out.extend(image.iter().map(|x| x * (a * x.abs() + b)));
                out.extend_from_slice(&mean);
                out.extend_from_slice(&spread);
            }
        }
        Ok((CpuStorage::F32(out), Shape::from((n, CHANNELS, height, width))))
    }

    /// With the sums G and S of the gradients of mean and spread over a batch of n, mean m and spread s:
    /// ∂x = g₁ + (2a|x| + b) g₂ + (G + S (x − m)/s) / n.
    fn bwd(&self, images: &Tensor, _: &Tensor, gradient: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let (_, _, height, width) = images.dims4()?;
        let (area, (a, b), count) = (height * width, self.linear, self.batch as f32);
        let gradient = gradient.contiguous()?;
        let mut to_images = vec![0.0; images.elem_count()];
        values::with(images, |images| {
            values::with(&gradient, |gradient| {
                let batches = images
                    .chunks_exact(self.batch * area)
                    .zip(gradient.chunks_exact(CHANNELS * self.batch * area))
                    .zip(to_images.chunks_exact_mut(self.batch * area));
                for ((images, gradient), to_images) in batches {
                    let (mean, spread) = moments(images, area);
                    let (mut of_mean, mut of_spread) = (vec![0.0; area], vec![0.0; area]);
                    for gradient in gradient.chunks_exact(CHANNELS * area) {
                        for (sum, g) in of_mean.iter_mut().zip(&gradient[2 * area..3 * area]) {
                            *sum += g / count;
                        }
                        for (sum, g) in of_spread.iter_mut().zip(&gradient[3 * area..]) {
                            *sum += g / count;
                        }
                    }
                    let each = images
                        .chunks_exact(area)
                        .zip(gradient.chunks_exact(CHANNELS * area))
                        .zip(to_images.chunks_exact_mut(area));
                    for ((image, gradient), to_image) in each {
                        for (i, (x, out)) in image.iter().zip(to_image).enumerate() {
                            *out = gradient[i]
                                + (2.0 * a * x.abs() + b) * gradient[area + i]
                                + of_mean[i]
                                + of_spread[i] * (x - mean[i]) / spread[i];
                        }
                    }
                }
                Ok(())
            })
        })?;
        Tensor::from_vec(to_images, images.shape(), images.device()).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    const SCALE: Scale = Scale::SoftenedRoot(5.0);

    #[test]
    fn a_batch_is_seen_with_its_mean_and_spread() -> Result<()> {
        // Two batches of two images of one pixel.
        let images = Tensor::from_vec(vec![1.0_f32, -0.5, 0.0, 0.0], (4, 1, 1, 1), &Device::Cpu)?;
        let seen = view(&images, 2, Scale::SquareRoot, 255.0)?.flatten_from(1)?;
        let seen: Vec<Vec<f32>> = seen.to_vec2()?;
        let still = LEAST_VARIANCE.sqrt();
        let expected = [
            [1.0, 1.0, 0.25, 0.75],
            [-0.5, -0.25, 0.25, 0.75],
            [0.0, 0.0, 0.0, still],
            [0.0, 0.0, 0.0, still],
        ];
        for (found, expected) in seen.iter().zip(expected) {
            for (found, expected) in found.iter().zip(expected) {
                // The least variance moves the spread of the first two by 1e-6.
                assert!((found - expected).abs() < 2e-6, "{seen:?}");
            }
        }
        assert!(
            view(&images, 3, SCALE, 255.0).is_err(),
            "four images are no batches of three"
        );
        Ok(())
    }

    #[test]
    fn gradients_are_those_of_finite_differences() -> Result<()> {
        let values: Vec<f32> = (0..12)
            .map(|i| 0.9 * ((i * 7 % 12) as f32 / 6.0 - 0.95))
            .collect();
        let weights: Vec<f32> = (0..48).map(|i| (i * 5 % 11) as f32 / 11.0 - 0.4).collect();
        let weights = Tensor::from_vec(weights, (6, 4, 1, 2), &Device::Cpu)?;
        let loss = |images: &Tensor| -> Result<Tensor> {
            Ok((view(images, 3, SCALE, 255.0)? * &weights)?.sum_all()?)
        };
        let images = Var::from_vec(values.clone(), (6, 1, 1, 2), &Device::Cpu)?;
        let gradients = loss(&images)?.backward()?;
        let gradient: Vec<f32> = gradients
            .get(&images)
            .expect("a gradient")
            .flatten_all()?
            .to_vec1()?;
        for (i, found) in gradient.iter().enumerate() {
            let at = |by: f32| -> Result<f32> {
                let mut moved = values.clone();
                moved[i] += by;
                Ok(loss(&Tensor::from_vec(moved, (6, 1, 1, 2), &Device::Cpu)?)?.to_scalar()?)
            };
            let expected = (at(1e-2)? - at(-1e-2)?) / 2e-2;
            // Single precision over a difference of 0.02: 1e-7 / 0.02, and the curvature of the spread.
            assert!(
                (found - expected).abs() < 2e-3,
                "{i}: {found}, expected {expected}"
            );
        }
        Ok(())
    }
}
