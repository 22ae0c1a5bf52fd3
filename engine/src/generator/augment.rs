//! What may be done to images without telling the generator an untruth.
//!
//! Real patches are mirrored north-south **together with** a polarity inversion, half of the time: Hale's
//! and Joy's laws are the same on both hemispheres under both at once, and under neither alone. East and
//! west are never exchanged: the leading spot is not the following one.
//!
//! Every image that the critic sees, real or drawn, is shifted by up to an eighth of its side with zeros
//! moving in (differentiable augmentation, Zhao et al. 2020, arXiv:2006.10738), which keeps a critic with
//! two thousand patches from learning them by heart. One shift serves a whole batch: what its images have in common
//! stays where it is in all of them, for the critic to see. Where a run asks for it, a square of them is blanked as well,
//! the same one in the whole batch: a critic that sees other parts of a patch every time learns fewer patches by heart.

use candle_core::{CpuStorage, CustomOp1, Device, Layout, Shape, Tensor};

use crate::nn::{Random, Result};

/// A shift down and to the right, in pixels.
type Shift = (isize, isize);

/// Writes `image` mirrored north-south with its polarity inverted, or as it is, by a coin.
pub(super) fn mirror_by_coin(image: &[f32], width: usize, random: &mut Random, out: &mut Vec<f32>) {
    if random.coin() {
        out.extend(image.chunks_exact(width).rev().flatten().map(|v| -v));
    } else {
        out.extend_from_slice(image);
    }
}

/// Shifts all images of (n, 1, h, w) by one random amount.
pub(super) fn translate(images: &Tensor, random: &mut Random) -> Result<Tensor> {
    let (_, _, height, width) = images.dims4()?;
    let mut draw = |side: usize| {
        let most = side / 8;
        random.index(2 * most + 1) as isize - most as isize
    };
    let shift = (draw(height), draw(width));
    Ok(images.contiguous()?.apply_op1(Translate(shift))?)
}

/// Blanks one square in all images of (n, 1, h, w): `part` of a side long, its centre anywhere, so that it may reach over
/// the edge.
pub(super) fn cut_out(images: &Tensor, part: f64, random: &mut Random) -> Result<Tensor> {
    let (_, _, height, width) = images.dims4()?;
    let mut draw = |side: usize| {
        let hole = (part * side as f64).round() as usize;
        let centre = random.index(side + 1);
        centre.saturating_sub(hole / 2)..(centre + hole.div_ceil(2)).min(side)
    };
    let (rows, columns) = (draw(height), draw(width));
    let kept = (0..height)
        .flat_map(|row| (0..width).map(move |column| (row, column)))
        .map(|(row, column)| f32::from(u8::from(!(rows.contains(&row) && columns.contains(&column)))))
        .collect::<Vec<f32>>();
    let kept = Tensor::from_vec(kept, (1, 1, height, width), &Device::Cpu)?;
    Ok(images.broadcast_mul(&kept)?)
}

struct Translate(Shift);

impl CustomOp1 for Translate {
    fn name(&self) -> &'static str {
        "translate"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let (_, _, height, width) = layout.shape().dims4()?;
        let Some((start, end)) = layout.contiguous_offsets() else {
            candle_core::bail!("translate takes contiguous images")
        };
        let images = &storage.as_slice::<f32>()?[start..end];
        let mut out = vec![0.0; images.len()];
        let planes = images
            .chunks_exact(height * width)
            .zip(out.chunks_exact_mut(height * width));
        for (image, out) in planes {
            shift_plane(image, out, width, self.0);
        }
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }

    fn bwd(&self, _x: &Tensor, _out: &Tensor, gradient: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let (down, right) = self.0;
        let back = Translate((-down, -right));
        Ok(Some(gradient.contiguous()?.apply_op1_no_bwd(&back)?))
    }
}

/// Writes `image` shifted onto zeros.
fn shift_plane(image: &[f32], out: &mut [f32], width: usize, (down, right): Shift) {
    let height = image.len() / width;
    let columns = width - right.unsigned_abs().min(width);
    let (from, to) = if right < 0 {
        (right.unsigned_abs(), 0)
    } else {
        (0, right.unsigned_abs())
    };
    for row in 0..height {
        if let Some(target) = row.checked_add_signed(down).filter(|&r| r < height) {
            let source = &image[row * width + from..][..columns];
            out[target * width + to..][..columns].copy_from_slice(source);
        }
    }
}
