//! Doubling an image by repetition and convolving it 3 × 3, folded into one transposed convolution.
//!
//! An image whose pixels are each repeated 2 × 2 and then convolved by a 3 × 3 kernel equals its transposed
//! convolution (k4 s2 p1) by that kernel summed over the 2 × 2 repetitions: K₄ = K₃ ∗ 1₂ₓ₂. A free 4 × 4
//! kernel gives the four pixels that come from one their own gains, so an even image turns into a
//! checkerboard (Odena et al. 2016, doi:10.23915/distill.00003); K₄ gives all four the same, for a
//! quarter of the work of convolving the enlarged image.

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor};

use super::{Result, values};

/// Turns kernels (in, out, 3, 3) for the doubled image into (in, out, 4, 4) for a transposed convolution
/// k4 s2 p1.
pub(super) fn doubling(kernels: &Tensor) -> Result<Tensor> {
    if kernels.device().is_cpu() {
        return Ok(kernels.contiguous()?.apply_op1(Doubling)?);
    }
    compose(kernels)
}

/// The same by candle's own operations, for devices other than the CPU.
pub(super) fn compose(kernels: &Tensor) -> Result<Tensor> {
    let twice = |kernels: &Tensor, axis| {
        let (early, late) = (
            kernels.pad_with_zeros(axis, 0, 1)?,
            kernels.pad_with_zeros(axis, 1, 0)?,
        );
        early + late
    };
    Ok(twice(&twice(kernels, 2)?, 3)?)
}

struct Doubling;

impl CustomOp1 for Doubling {
    fn name(&self) -> &'static str {
        "doubling kernel"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let (inputs, outputs, _, _) = layout.shape().dims4()?;
        let small = values::slice(storage, layout)?;
        let mut large = vec![0.0; inputs * outputs * 16];
        for (small, large) in small.as_chunks::<9>().0.iter().zip(large.as_chunks_mut::<16>().0) {
            each_tap(|three, four| large[four] += small[three]);
        }
        Ok((CpuStorage::F32(large), Shape::from((inputs, outputs, 4, 4))))
    }

    fn bwd(&self, kernels: &Tensor, _: &Tensor, gradient: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let mut small = vec![0.0; kernels.elem_count()];
        values::with(&gradient.contiguous()?, |large| {
            for (small, large) in small
                .as_chunks_mut::<9>()
                .0
                .iter_mut()
                .zip(large.as_chunks::<16>().0)
            {
                each_tap(|three, four| small[three] += large[four]);
            }
            Ok(())
        })?;
        Tensor::from_vec(small, kernels.shape(), kernels.device()).map(Some)
    }
}

/// Calls with each tap of the 3 × 3 kernel and each of the four taps of the 4 × 4 kernel that it adds to.
fn each_tap(mut add: impl FnMut(usize, usize)) {
    for y in 0..3 {
        for x in 0..3 {
            for (down, right) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                add(y * 3 + x, (y + down) * 4 + x + right);
            }
        }
    }
}
