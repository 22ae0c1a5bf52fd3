//! The numbers inside a tensor, as a slice.

use candle_core::{CpuStorage, Layout, Storage, Tensor};

/// The slice under a contiguous layout.
pub(crate) fn slice<'a>(storage: &'a CpuStorage, layout: &Layout) -> candle_core::Result<&'a [f32]> {
    let values = storage.as_slice::<f32>()?;
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&values[start..end]),
        None => candle_core::bail!("layers take contiguous tensors, found {layout:?}"),
    }
}

/// Calls `work` with the numbers of a contiguous CPU tensor, without copying them.
pub(crate) fn with<R>(
    tensor: &Tensor,
    work: impl FnOnce(&[f32]) -> candle_core::Result<R>,
) -> candle_core::Result<R> {
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => work(slice(storage, layout)?),
        _ => candle_core::bail!("this layer runs on the CPU"),
    }
}

/// The slice under a contiguous layout, to be written.
pub(super) fn slice_mut<'a>(
    storage: &'a mut CpuStorage,
    layout: &Layout,
) -> candle_core::Result<&'a mut [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => Ok(&mut values[start..end]),
        _ => candle_core::bail!("layers take contiguous tensors of 32-bit floats, found {layout:?}"),
    }
}
