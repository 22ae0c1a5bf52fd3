//! The potential field above a plane whose vertical component at the plane is the observed one.
//!
//! With B = −∇Φ and ∇²Φ = 0 every wave of Bz falls off with height as exp(−|k| z), so that its horizontal
//! components are Bx(k) = −i kx/|k| Bz(k) and By(k) = −i ky/|k| Bz(k) (Gary 1989, `ApJS` 69, 323). The image
//! is padded with zeros to twice its sides or more, so that the region's periodic copies stand far away;
//! missing pixels count as no field, and the mean, k = 0, has no horizontal field.

use std::f32::consts::TAU;

use rustfft::{FftDirection, FftPlanner, num_complex::Complex32};

use super::{Horizontal, VectorField};
use crate::physics::fourier::{fast_length, first_columns};

/// The horizontal potential field at every pixel of an image.
#[derive(Clone, Debug)]
pub struct Potential {
    /// Westward component as the real part and northward as the imaginary one, G.
    field: Vec<Complex32>,
}

impl Potential {
    /// The potential field of a radial field in FITS order. Two Fourier transforms of single precision, whose
    /// error is a few parts in a million of the strongest field.
    ///
    /// # Examples
    /// ```
    /// use helioql::physics::sharp::potential::Potential;
    ///
    /// // A spot of 1000 G and of 2 pixels' standard deviation has the flux 1000 · 2π · 2². From afar it is a point,
    /// // whose horizontal field at the distance r is flux / (2π r²): 28 G at 12 pixels, away from the spot.
    /// let bell = |i: i32| (-f64::from((i % 64 - 32).pow(2) + (i / 64 - 32).pow(2)) / 8.0).exp();
    /// let br: Vec<f32> = (0..64 * 64).map(|i| 1000.0 * bell(i) as f32).collect();
    /// let potential = Potential::of(&br, 64, 64);
    /// let ([west, _], [east, _]) = (potential.at(32 * 64 + 44), potential.at(32 * 64 + 20));
    /// assert!((west - 28.0).abs() < 2.0 && (east + 28.0).abs() < 2.0);
    /// ```
    pub fn of(br: &[f32], width: usize, height: usize) -> Self {
        if br.is_empty() {
            return Self { field: Vec::new() };
        }
        let (columns, rows) = (fast_length(2 * width), fast_length(2 * height));
        let mut planner = FftPlanner::new();
        let mut waves = waves(br, width, columns, rows, &mut planner);
        planner.plan_fft(rows, FftDirection::Inverse).process(&mut waves);
        // Only the rows and columns of the image are asked for.
        let mut grid = first_columns(&waves, rows, height);
        planner
            .plan_fft(columns, FftDirection::Inverse)
            .process(&mut grid);
        let norm = 1.0 / (rows * columns) as f32;
        let lines = grid.chunks_exact(columns);
        Self {
            field: lines
                .flat_map(|line| line[..width].iter().map(|value| value * norm))
                .collect(),
        }
    }

    /// The westward and the northward component at a pixel, G.
    pub fn at(&self, pixel: usize) -> [f64; 2] {
        let value = self.field[pixel];
        [f64::from(value.re), f64::from(value.im)]
    }

    /// The field at the pixels of a mask.
    pub fn horizontal(&self, field: &VectorField<'_>) -> Horizontal {
        let component = |axis: usize| field.mask.iter().map(|&pixel| self.at(pixel)[axis]).collect();
        Horizontal {
            x: component(0),
            y: component(1),
        }
    }
}

/// The horizontal field Bx + i By in waves, a line of `rows` waves for each of `columns` wavenumbers along a row.
///
/// Bz is real, so that the wave −k is the conjugate of the wave k: half of them are computed, from two rows of the image
/// in each transform, one as the real part and one as the imaginary part.
fn waves(
    br: &[f32],
    width: usize,
    columns: usize,
    rows: usize,
    planner: &mut FftPlanner<f32>,
) -> Vec<Complex32> {
    let mut pairs = vec![Complex32::default(); br.len().div_ceil(2 * width) * columns];
    let known = |b: f32| if b.is_finite() { b } else { 0.0 };
    for (pair, two) in pairs.chunks_exact_mut(columns).zip(br.chunks(2 * width)) {
        let (upper, lower) = two.split_at(width);
        for (to, &from) in pair.iter_mut().zip(upper) {
            to.re = known(from);
        }
        for (to, &from) in pair.iter_mut().zip(lower) {
            to.im = known(from);
        }
    }
    planner
        .plan_fft(columns, FftDirection::Forward)
        .process(&mut pairs);

    let half = columns / 2 + 1;
    let mut bz = vec![Complex32::default(); half * rows];
    for (pair, line) in pairs.chunks_exact(columns).enumerate() {
        for column in 0..half {
            let (here, there) = (line[column], line[(columns - column) % columns].conj());
            let (sum, difference) = (here + there, here - there);
            let at = column * rows + 2 * pair;
            bz[at] = sum * 0.5;
            bz[at + 1] = Complex32::new(difference.im, -difference.re) * 0.5;
        }
    }
    planner.plan_fft(rows, FftDirection::Forward).process(&mut bz);

    let mut waves = vec![Complex32::default(); columns * rows];
    for (column, line) in bz.chunks_exact(rows).enumerate() {
        let kx = wavenumber(column, columns);
        let opposite = (columns - column) % columns;
        for (row, &wave) in line.iter().enumerate() {
            let factor = horizontal_over_vertical(kx, wavenumber(row, rows));
            waves[column * rows + row] = factor * wave;
            if opposite != column {
                waves[opposite * rows + (rows - row) % rows] = -factor * wave.conj();
            }
        }
    }
    waves
}

/// (Bx + i By) / Bz of a wave. Both are real fields, so one complex transform carries the two.
fn horizontal_over_vertical(kx: f32, ky: f32) -> Complex32 {
    let k = (kx * kx + ky * ky).sqrt();
    if k == 0.0 {
        return Complex32::default();
    }
    // −i (kx + i ky) / k
    Complex32::new(ky / k, -kx / k)
}

/// Angular wavenumber of a line of the transform, radians per pixel. The Nyquist wave of an even length has no
/// direction, so its derivative is zero.
fn wavenumber(index: usize, len: usize) -> f32 {
    if 2 * index == len {
        return 0.0;
    }
    let signed = if 2 * index > len {
        index as f32 - len as f32
    } else {
        index as f32
    };
    TAU * signed / len as f32
}
