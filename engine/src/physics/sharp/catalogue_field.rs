//! The horizontal field that the catalogue's MEANPOT, TOTPOT, MEANSHR and SHRGT45 call potential.
//!
//! It is −∇p with p = Σ Bz d / √(r² + d²) over a window of 20 × 20 pixels and d = 0.001 pixel. The pixel itself
//! then weighs 1 and all others a thousandth over their distance, so p is Bz but for a few parts in a hundred
//! and the field is in effect −∇Bz in G/pixel, without the units of a field. On HARP 377 its mean shear is
//! 52.5° where that of the true potential field ([`super::potential`]) is 26.1°. It is computed here because
//! the values of the catalogue, and the papers that rest on them, are these.

use super::field::derivative;
use super::{Horizontal, VectorField};

/// The window reaches from this many pixels before to one less behind.
const REACH: usize = 10;
/// Its width.
const WINDOW: usize = 2 * REACH;
/// The depth of the sources below the surface, pixels.
const DEPTH: f64 = 0.001;

/// The catalogue's field at the pixels of the mask.
///
/// Sums are made only where a pixel of the mask or one of its neighbours lies: 400 products each.
pub fn horizontal(field: &VectorField<'_>) -> Horizontal {
    let (width, height) = (field.width, field.height);
    let padded = Padded::new(field.br, width, height);
    let weights = weights();
    let mut sums = vec![f64::NAN; width * height];
    for &pixel in &field.mask {
        for near in stencil(pixel, width, height) {
            if sums[near].is_nan() {
                sums[near] = padded.sum(near / width, near % width, &weights);
            }
        }
    }
    let along_x = |&pixel: &usize| -derivative(|at| sums[at], pixel, 1, pixel % width, width);
    let along_y = |&pixel: &usize| -derivative(|at| sums[at], pixel, width, pixel / width, height);
    Horizontal {
        x: field.mask.iter().map(along_x).collect(),
        y: field.mask.iter().map(along_y).collect(),
    }
}

/// The pixels that the derivatives at a pixel look at, which is one more on either side at an edge.
fn stencil(pixel: usize, width: usize, height: usize) -> impl Iterator<Item = usize> {
    let (row, column) = (pixel / width, pixel % width);
    let near = |place: usize, len: usize| {
        let first = place.saturating_sub(if place + 1 == len { 2 } else { 1 });
        let last = (place + if place == 0 { 2 } else { 1 }).min(len - 1);
        first..=last
    };
    let along_x = near(column, width).map(move |column| row * width + column);
    let along_y = near(row, height).map(move |row| row * width + column);
    along_x.chain(along_y)
}

fn weights() -> [[f64; WINDOW]; WINDOW] {
    let place = |index: usize| index as f64 - REACH as f64;
    let weight = |x: f64, y: f64| DEPTH / (x * x + y * y + DEPTH * DEPTH).sqrt();
    std::array::from_fn(|row| std::array::from_fn(|column| weight(place(column), place(row))))
}

/// Bz with a frame of zeros as wide as the window reaches; missing pixels are zero too.
struct Padded {
    width: usize,
    bz: Vec<f32>,
}

impl Padded {
    fn new(br: &[f32], width: usize, height: usize) -> Self {
        let padded = width + WINDOW;
        let mut bz = vec![0.0; padded * (height + WINDOW)];
        let rows = bz.chunks_exact_mut(padded).skip(REACH);
        for (to, from) in rows.zip(br.chunks_exact(width.max(1))) {
            for (to, &from) in to[REACH..].iter_mut().zip(from) {
                *to = if from.is_finite() { from } else { 0.0 };
            }
        }
        Self { width: padded, bz }
    }

    fn sum(&self, row: usize, column: usize, weights: &[[f64; WINDOW]; WINDOW]) -> f64 {
        // Partial sums side by side, which the compiler makes one vector of.
        let mut partial = [0.0; 4];
        for (line, weights) in weights.iter().enumerate() {
            let start = (row + line) * self.width + column;
            let bz = &self.bz[start..start + WINDOW];
            for (bz, weights) in bz.chunks_exact(4).zip(weights.chunks_exact(4)) {
                for lane in 0..4 {
                    partial[lane] += f64::from(bz[lane]) * weights[lane];
                }
            }
        }
        partial.iter().sum()
    }
}
