//! Principal components of images by subspace iteration: a few random vectors are multiplied by the covariance and made
//! orthonormal, again and again, until they span its leading axes (Halko, Martinsson & Tropp 2011, algorithm 4.4).
//!
//! The covariance of 64 × 64 pixels has 17 million entries and is never made: the covariance times q is computed from two products with the images.

use super::eigen::Eigen;
use crate::nn::{
    Random,
    gemm::{Matrix, Write, multiply},
};

/// Vectors beyond those asked for, which let the last ones converge as well.
const SPARE: usize = 16;
/// Multiplications; the shares of the 64 leading axes of magnetograms are stable from the third on.
const ROUNDS: usize = 5;

/// The leading principal axes of a sample.
#[derive(Debug, Clone)]
pub(super) struct Principal {
    mean: Vec<f32>,
    /// One axis a row.
    axes: Vec<f32>,
    count: usize,
}

impl Principal {
    /// At most `count` axes of images; fewer when there are fewer images or pixels.
    pub(super) fn of(images: &[Vec<f32>], count: usize) -> Self {
        let (rows, width) = (images.len(), images.first().map_or(0, Vec::len));
        let mean: Vec<f32> = (0..width)
            .map(|j| (images.iter().map(|row| f64::from(row[j])).sum::<f64>() / rows.max(1) as f64) as f32)
            .collect();
        let count = count.min(rows.saturating_sub(1)).min(width);
        if count == 0 {
            return Self {
                mean,
                axes: Vec::new(),
                count,
            };
        }
        let centred = centred(images, &mean);
        let wide = (count + SPARE).min(rows).min(width);
        // One vector a row.
        let mut basis = Random::new(0, 0).normals(wide * width);
        let mut shadows = vec![0.0; wide * rows];
        for _ in 0..ROUNDS {
            orthonormalise(&mut basis, width);
            multiply(
                Matrix::new(&basis, wide, width),
                Matrix::new(&centred, rows, width).transposed(),
                &mut shadows,
                Write::Replace,
            );
            multiply(
                Matrix::new(&shadows, wide, rows),
                Matrix::new(&centred, rows, width),
                &mut basis,
                Write::Replace,
            );
        }
        orthonormalise(&mut basis, width);
        multiply(
            Matrix::new(&basis, wide, width),
            Matrix::new(&centred, rows, width).transposed(),
            &mut shadows,
            Write::Replace,
        );
        // Within the span the axes are those of a small covariance.
        let mut small = vec![0.0; wide * wide];
        for (i, a) in shadows.chunks_exact(rows).enumerate() {
            for (j, b) in shadows.chunks_exact(rows).enumerate() {
                small[i * wide + j] = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            }
        }
        let eigen = Eigen::of(&small, wide);
        let mut axes = Vec::with_capacity(count * width);
        for vector in eigen.vectors.iter().take(count) {
            let mut axis = vec![0.0_f64; width];
            for (weight, base) in vector.iter().zip(basis.chunks_exact(width)) {
                for (out, b) in axis.iter_mut().zip(base) {
                    *out += weight * f64::from(*b);
                }
            }
            axes.extend(axis.into_iter().map(|a| a as f32));
        }
        Self { mean, axes, count }
    }

    /// Images as coordinates along the axes, the largest first.
    pub(super) fn apply(&self, images: &[Vec<f32>]) -> Vec<Vec<f64>> {
        let (rows, width) = (images.len(), self.mean.len());
        if self.count == 0 || rows == 0 {
            return vec![Vec::new(); rows];
        }
        let mut out = vec![0.0; rows * self.count];
        multiply(
            Matrix::new(&centred(images, &self.mean), rows, width),
            Matrix::new(&self.axes, self.count, width).transposed(),
            &mut out,
            Write::Replace,
        );
        out.chunks_exact(self.count)
            .map(|row| row.iter().map(|&x| f64::from(x)).collect())
            .collect()
    }
}

fn centred(images: &[Vec<f32>], mean: &[f32]) -> Vec<f32> {
    let pixels = |image: &Vec<f32>| image.iter().zip(mean).map(|(x, m)| x - m).collect::<Vec<_>>();
    images.iter().flat_map(pixels).collect()
}

/// Gram and Schmidt's way, twice, because once loses orthogonality in single precision. A vector that lies in the span
/// of those before it becomes zero.
fn orthonormalise(rows: &mut [f32], width: usize) {
    let dot =
        |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum() };
    for at in 0..rows.len() / width.max(1) {
        let (before, rest) = rows.split_at_mut(at * width);
        let row = &mut rest[..width];
        let length = dot(row, row).sqrt();
        for _ in 0..2 {
            for earlier in before.chunks_exact(width) {
                let along = dot(row, earlier) as f32;
                for (x, e) in row.iter_mut().zip(earlier) {
                    *x -= along * e;
                }
            }
        }
        let left = dot(row, row).sqrt();
        // What is left of a dependent vector is rounding.
        let scale = if left > 1e-5 * length {
            (1.0 / left) as f32
        } else {
            0.0
        };
        for x in row {
            *x *= scale;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axes_of_a_flat_cloud_are_found() {
        // Variance 9 along (0.6, 0.8, 0), 1 along (−0.8, 0.6, 0), none along the third.
        let point = |u: f32, v: f32| vec![5.0 + 0.6 * u - 0.8 * v, 0.8 * u + 0.6 * v, 2.0];
        let images = [
            point(3.0, 1.0),
            point(3.0, -1.0),
            point(-3.0, 1.0),
            point(-3.0, -1.0),
        ];
        let principal = Principal::of(&images, 2);
        for (row, (u, v)) in
            principal
                .apply(&images)
                .iter()
                .zip([(3.0, 1.0), (3.0, 1.0), (3.0, 1.0), (3.0, 1.0)])
        {
            // Single precision; the sign of an axis is free.
            assert!(
                (row[0].abs() - u).abs() < 1e-5 && (row[1].abs() - v).abs() < 1e-5,
                "{row:?}"
            );
        }
        assert_eq!(Principal::of(&images, 64).apply(&images[..1])[0].len(), 3);
    }

    #[test]
    fn the_leading_axes_hold_their_variance() {
        // Column j has deviation 100 / (j + 1): the axes are the columns.
        let mut random = Random::new(3, 0);
        let images: Vec<Vec<f32>> = (0..400)
            .map(|_| {
                (0..200)
                    .map(|j| random.normal() * 100.0 / (j + 1) as f32)
                    .collect()
            })
            .collect();
        let coordinates = Principal::of(&images, 8).apply(&images);
        for j in 0..8 {
            let variance = coordinates.iter().map(|row| row[j] * row[j]).sum::<f64>() / 400.0;
            let expected = (100.0 / (j + 1) as f64).powi(2);
            // The variance of 400 draws has a deviation of 7 %, and neighbouring axes mix.
            assert!(
                (variance / expected - 1.0).abs() < 0.25,
                "{j}: {variance}, expected {expected}"
            );
        }
    }
}
