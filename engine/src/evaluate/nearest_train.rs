//! Whether a generator copies what it was trained on: the distance of drawn patches to their nearest training patch,
//! beside that of real patches which it has not seen.
//!
//! The distance is Euclidean over the pixels on the scale of the network's images. A training patch counts as it is
//! and mirrored north-south with its polarity inverted, because training shows it both ways.

use rayon::prelude::*;

use crate::nn::gemm::{Matrix, Write, multiply};

/// Images compared at a time; fixed, so that results do not depend on the number of threads.
const BLOCK: usize = 64;

/// For each image the distance to the nearest of the training images of `width` pixels a row; none without training
/// images.
///
/// # Examples
/// ```
/// use helioql::evaluate::nearest_train::distances;
/// // A column of two pixels; mirrored and inverted, (0.5, 0) is (0, −0.5).
/// let train = [vec![0.5, 0.0]];
/// assert_eq!(distances(&[vec![0.0, -0.5], vec![0.5, 1.0]], &train, 1), [0.0, 1.0]);
/// ```
pub fn distances(images: &[Vec<f32>], train: &[Vec<f32>], width: usize) -> Vec<f64> {
    let Some(pixels) = train.first().map(Vec::len) else {
        return Vec::new();
    };
    let norm = |image: &[f32]| image.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>();
    let mirrored = |image: &Vec<f32>| image.chunks(width.max(1)).rev().flatten().map(|x| -x).collect();
    let flat: Vec<f32> = train.concat();
    let norms: Vec<f64> = train.iter().map(|image| norm(image)).collect();
    let nearest = |block: &[Vec<f32>]| -> Vec<f64> {
        // A query mirrored against the training patches is a query against them mirrored.
        let mut queries: Vec<Vec<f32>> = block.to_vec();
        queries.extend(block.iter().map(mirrored));
        let mut products = vec![0.0; queries.len() * train.len()];
        multiply(
            Matrix::new(&queries.concat(), queries.len(), pixels),
            Matrix::new(&flat, train.len(), pixels).transposed(),
            &mut products,
            Write::Replace,
        );
        let least = |query: usize| {
            let row = &products[query * train.len()..(query + 1) * train.len()];
            let own = norm(&queries[query]);
            let squares = row
                .iter()
                .zip(&norms)
                .map(|(ab, bb)| own + bb - 2.0 * f64::from(*ab));
            squares.fold(f64::INFINITY, f64::min)
        };
        // Rounding may leave a little less than nothing between equal images.
        (0..block.len())
            .map(|i| least(i).min(least(i + block.len())).max(0.0).sqrt())
            .collect()
    };
    images.par_chunks(BLOCK).flat_map_iter(nearest).collect()
}
