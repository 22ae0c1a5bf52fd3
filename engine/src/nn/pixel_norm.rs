//! Pixel normalisation with modulation: each pixel's channels are scaled to unit mean square, then each
//! channel by 1 + style: y\[c\] = x\[c\] · (1 + s\[c\]) / √(mean x² + 10⁻⁶).
//!
//! The normalisation is that of Karras et al. 2018 (arXiv:1710.10196), the modulation the one through which
//! the generator's w reaches every stage. They are one operation because together they read and write the
//! image once; composed of candle's operations they would cost as much as the convolution that follows.

use candle_core::{CpuStorage, CustomOp2, Layout, Shape, Tensor};

use super::{Result, batch, scratch, values};

/// Keeps an all-zero pixel finite.
const EPSILON: f32 = 1e-6;

/// Normalises `x` (n, c, h, w) over channels and scales it by 1 + `style` (n, c).
///
/// # Errors
/// When the shapes do not fit.
pub fn modulated_pixel_norm(x: &Tensor, style: &Tensor) -> Result<Tensor> {
    if x.device().is_cpu() {
        return Ok(x
            .contiguous()?
            .apply_op2(&style.contiguous()?, ModulatedPixelNorm)?);
    }
    compose(x, style)
}

/// The same by candle's own operations, for devices other than the CPU.
pub(super) fn compose(x: &Tensor, style: &Tensor) -> Result<Tensor> {
    let mean_square = x.sqr()?.mean_keepdim(1)?;
    let scale = mean_square.affine(1.0, f64::from(EPSILON))?.sqrt()?.recip()?;
    let style = style.affine(1.0, 1.0)?.unsqueeze(2)?.unsqueeze(3)?;
    Ok(x.broadcast_mul(&scale)?.broadcast_mul(&style)?)
}

struct ModulatedPixelNorm;

impl CustomOp2 for ModulatedPixelNorm {
    fn name(&self) -> &'static str {
        "modulated pixel norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        style: &CpuStorage,
        style_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (images, channels, height, width) = x_layout.shape().dims4()?;
        if style_layout.shape().dims2()? != (images, channels) {
            candle_core::bail!(
                "style of shape {:?} for {:?}",
                style_layout.shape(),
                x_layout.shape()
            );
        }
        let (x, style) = (values::slice(x, x_layout)?, values::slice(style, style_layout)?);
        let area = height * width;
        let mut out = vec![0.0; x.len()];
        batch::for_each_chunk(&mut out, channels * area, |i, out| {
            let x = &x[i * channels * area..][..channels * area];
            let style = &style[i * channels..][..channels];
            scratch::with(area, |scale| {
                inverse_norms(x, channels, scale);
                for ((out, x), s) in out.chunks_exact_mut(area).zip(x.chunks_exact(area)).zip(style) {
                    for ((o, v), r) in out.iter_mut().zip(x).zip(&*scale) {
                        *o = v * r * (1.0 + s);
                    }
                }
            });
        });
        Ok((CpuStorage::F32(out), x_layout.shape().clone()))
    }

    /// With g′ = (1 + s) g, r the inverse norm and means over channels:
    /// ∂x = r (g′ − r² x · mean(g′ x)), ∂s = Σ g r x.
    fn bwd(
        &self,
        x: &Tensor,
        style: &Tensor,
        _out: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let (images, channels, height, width) = x.dims4()?;
        let area = height * width;
        let mut to_x = vec![0.0; images * channels * area];
        let mut to_style = vec![0.0; images * channels];
        let gradient = gradient.contiguous()?;
        values::with(x, |x| {
            values::with(style, |style| {
                values::with(&gradient, |gradient| {
                    for (i, to_x) in to_x.chunks_exact_mut(channels * area).enumerate() {
                        let at = i * channels * area..(i + 1) * channels * area;
                        let style = &style[i * channels..][..channels];
                        let to_style = &mut to_style[i * channels..][..channels];
                        backward(&x[at.clone()], style, &gradient[at], to_x, to_style);
                    }
                    Ok(())
                })
            })
        })?;
        Ok((
            Some(Tensor::from_vec(to_x, x.shape(), x.device())?),
            Some(Tensor::from_vec(to_style, style.shape(), x.device())?),
        ))
    }
}

/// 1/√(mean over channels of x² + ε), for each pixel.
fn inverse_norms(x: &[f32], channels: usize, out: &mut [f32]) {
    out.fill(0.0);
    for plane in x.chunks_exact(out.len()) {
        for (sum, v) in out.iter_mut().zip(plane) {
            *sum += v * v;
        }
    }
    for sum in out {
        *sum = 1.0 / (*sum / channels as f32 + EPSILON).sqrt();
    }
}

/// The gradients of one image.
fn backward(x: &[f32], style: &[f32], gradient: &[f32], to_x: &mut [f32], to_style: &mut [f32]) {
    let channels = style.len();
    let area = x.len() / channels;
    scratch::with(2 * area, |buffer| {
        let (scale, mean) = buffer.split_at_mut(area);
        inverse_norms(x, channels, scale);
        mean.fill(0.0);
        let planes = || x.chunks_exact(area).zip(gradient.chunks_exact(area)).zip(style);
        for (((x, g), s), to_s) in planes().zip(to_style) {
            for (((m, v), g), r) in mean.iter_mut().zip(x).zip(g).zip(&*scale) {
                *m += g * (1.0 + s) * v;
                *to_s += g * r * v;
            }
        }
        for (m, r) in mean.iter_mut().zip(&*scale) {
            *m *= r * r / channels as f32;
        }
        for (((x, g), s), to_x) in planes().zip(to_x.chunks_exact_mut(area)) {
            for ((((o, v), g), r), m) in to_x.iter_mut().zip(x).zip(g).zip(&*scale).zip(&*mean) {
                *o = r * (g * (1.0 + s) - v * m);
            }
        }
    });
}
