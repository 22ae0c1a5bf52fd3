//! Loops over the images of a batch, in parallel when the current thread pool has more than one thread.

use std::ops::Range;

use rayon::prelude::*;

/// Images whose gradients are summed one after another before groups are added up. It is fixed, not
/// derived from the number of threads, so that the order of the sums, and with it every bit, is fixed.
const GROUP: usize = 4;

/// Calls `work(index, chunk)` for each chunk of `len` numbers.
pub(super) fn for_each_chunk(values: &mut [f32], len: usize, work: impl Fn(usize, &mut [f32]) + Sync) {
    if rayon::current_num_threads() > 1 {
        values
            .par_chunks_mut(len)
            .enumerate()
            .for_each(|(i, chunk)| work(i, chunk));
    } else {
        values
            .chunks_mut(len)
            .enumerate()
            .for_each(|(i, chunk)| work(i, chunk));
    }
}

/// Calls `work(images, output)` for each group of images and collects the results in image order.
///
/// `out`, where given, holds `len` numbers per image; a group gets the numbers of its own images, or an
/// empty slice.
pub(super) fn map_groups<R: Send>(
    images: usize,
    out: Option<(&mut Vec<f32>, usize)>,
    work: impl Fn(Range<usize>, &mut [f32]) -> R + Sync,
) -> Vec<R> {
    let groups = images.div_ceil(GROUP);
    let chunks: Vec<&mut [f32]> = match out {
        Some((values, len)) => values.chunks_mut(GROUP * len).collect(),
        None => (0..groups).map(|_| &mut [][..]).collect(),
    };
    let run = |(group, chunk)| work(group * GROUP..images.min((group + 1) * GROUP), chunk);
    if rayon::current_num_threads() > 1 {
        chunks.into_par_iter().enumerate().map(run).collect()
    } else {
        chunks.into_iter().enumerate().map(run).collect()
    }
}

/// The sum of vectors of one length, added in their order.
pub(super) fn sum(vectors: Vec<Vec<f32>>) -> Option<Vec<f32>> {
    vectors.into_iter().reduce(|mut sum, vector| {
        sum.iter_mut().zip(vector).for_each(|(s, v)| *s += v);
        sum
    })
}
