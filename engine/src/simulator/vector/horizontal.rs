//! The horizontal field that belongs to a radial one: potential, twisted and sheared.
//!
//! In the Fourier domain, with k = |(kx, ky)| and Bz the radial field on the surface:
//!
//! | part | Bx | By | what it is |
//! |---|---|---|---|
//! | potential | −i kx/k · Bz | −i ky/k · Bz | ∇φ of the field that vanishes at infinity |
//! | twisted | i ky/k² · J | −i kx/k² · J | divergence-free, with the curl J = α Bz (\|Bz\|/500 G)^0.4, α its own in each polarity |
//! | sheared | −i ky ℓ g · Bz | i kx ℓ g · Bz | ℓ ẑ × ∇ of the field smoothed by g: along inversion lines |
//!
//! With J = α Bz and small α this would be the linear force-free field (Alissandrakis 1981, A&A 100, 197) to first order; the
//! power of 0.4 concentrates the current in strong fields, without which SAVNCPP is too large beside ABSNJZH. Two real
//! images are transformed as one complex image, there and back.

use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

use super::PIXEL_MM;
use super::bearing::Bearing;
use crate::physics::fourier::{fast_length, transposed};

/// Width (σ) of the smoothing of the sheared field, Mm.
const SHEAR_SMOOTHING_MM: f64 = 2.0;

/// Width (σ) below which the horizontal field is not seen, Mm: around an element it points to all sides, and the
/// polarisation of all sides within a pixel's point spread cancels.
const DILUTION_MM: f64 = 1.055;

/// Radial field at which the current is α Bz, G, and the power of the field with which it grows beyond that.
const USUAL_GAUSS: f32 = 500.0;
const CONCENTRATION: f32 = 0.4;

/// How much of the box is added as empty margin, so that its periodic copies hardly see each other.
const MARGIN: f64 = 0.35;

/// The field in FITS order: y is north.
pub(super) struct Field {
    pub(super) bz: Vec<f32>,
    pub(super) bx: Vec<f32>,
    pub(super) by: Vec<f32>,
}

/// The field over a box of `width`; `lying` is a factor on its horizontal part.
pub(super) fn complete(bz: Vec<f32>, lying: &[f32], width: usize, bearing: &Bearing) -> Field {
    let height = bz.len() / width;
    let (wide, high) = (padded(width), padded(height));
    let pixel = PIXEL_MM as f32;
    let [alpha_plus, alpha_minus] = bearing.alpha_per_mm.map(|alpha| alpha as f32 * pixel);
    let shear = (bearing.shear_mm / PIXEL_MM) as f32;
    let dilution = 0.5 * (DILUTION_MM / PIXEL_MM).powi(2) as f32;
    let smoothing = 0.5 * (SHEAR_SMOOTHING_MM / PIXEL_MM).powi(2) as f32;

    // Real part the field, imaginary part its current.
    let mut image = vec![Complex32::default(); wide * high];
    for (row, line) in bz.chunks_exact(width).enumerate() {
        for (cell, &b) in image[row * wide..].iter_mut().zip(line) {
            let alpha = if b > 0.0 { alpha_plus } else { alpha_minus };
            *cell = Complex32::new(b, alpha * b * (b.abs() / USUAL_GAUSS).powf(CONCENTRATION));
        }
    }
    let mut planner = FftPlanner::new();
    let image = transform(
        image,
        wide,
        &*planner.plan_fft_forward(wide),
        &*planner.plan_fft_forward(high),
    );

    // `image` is transposed now: a row for each kx.
    let wave = |index: usize, count: usize| {
        let index = if 2 * index > count {
            index as f32 - count as f32
        } else {
            index as f32
        };
        std::f32::consts::TAU * index / count as f32
    };
    let i = Complex32::i();
    let mut horizontal = vec![Complex32::default(); image.len()];
    for (column, out) in horizontal.chunks_exact_mut(high).enumerate() {
        let kx = wave(column, wide);
        let opposite = (wide - column) % wide;
        for (row, out) in out.iter_mut().enumerate() {
            let ky = wave(row, high);
            let k2 = kx * kx + ky * ky;
            if k2 == 0.0 {
                continue;
            }
            // The transforms of the two real images, apart.
            let (here, there) = (
                image[column * high + row],
                image[opposite * high + (high - row) % high].conj(),
            );
            let (b, j) = ((here + there) * 0.5, (here - there) * (-0.5 * i));
            let along = b * (-(-dilution * k2).exp() / k2.sqrt());
            let across = j / k2 - b * (shear * (-smoothing * k2).exp());
            let bx = i * (along * kx + across * ky);
            let by = i * (along * ky - across * kx);
            *out = bx + i * by;
        }
    }
    let horizontal = transform(
        horizontal,
        high,
        &*planner.plan_fft_inverse(high),
        &*planner.plan_fft_inverse(wide),
    );
    let norm = 1.0 / (wide * high) as f32;
    let cut = |part: fn(&Complex32) -> f32| -> Vec<f32> {
        let rows = horizontal.chunks_exact(wide).take(height);
        rows.flat_map(|row| &row[..width])
            .zip(lying)
            .map(|(b, lying)| norm * lying * part(b))
            .collect()
    };
    Field {
        bx: cut(|b| b.re),
        by: cut(|b| b.im),
        bz,
    }
}

/// Transforms rows of `width`, then columns; the result is transposed.
fn transform(
    mut image: Vec<Complex32>,
    width: usize,
    rows: &dyn Fft<f32>,
    columns: &dyn Fft<f32>,
) -> Vec<Complex32> {
    rows.process(&mut image);
    let mut turned = transposed(&image, width);
    columns.process(&mut turned);
    turned
}

/// The next length that transforms fast and leaves the margin.
fn padded(length: usize) -> usize {
    fast_length((length as f64 * (1.0 + MARGIN)).ceil() as usize)
}
