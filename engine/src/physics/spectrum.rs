//! Mean power spectrum of patches: how much of the field varies at which scale.
//!
//! P(k) = |Σ B(x) exp(−2πi k·x)|² / N for N cells, averaged over patches (the mean, not the logarithm), so
//! that ΣP/N is the mean square field. A cell that was not observed counts as no field.

use rustfft::{FftPlanner, num_complex::Complex};

use crate::patch::Patch;

/// A mean power spectrum on a grid of wavenumbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrum {
    height: usize,
    width: usize,
    /// Power in G² by wavenumber down and across, zero first.
    power: Vec<f64>,
}

impl Spectrum {
    /// The mean spectrum of patches, which must have one grid; `None` when there are none or two grids.
    ///
    /// # Examples
    /// ```
    /// use helioql::patch::{Grid, Patch};
    /// use helioql::physics::spectrum::Spectrum;
    ///
    /// // A checkerboard of ±3 G: all its power, 9 G² in each of 16 cells, is at the corner of the spectrum.
    /// let cells = (0..16).map(|i| if (i / 4 + i) % 2 == 0 { 3.0 } else { -3.0 }).collect();
    /// let patch = Patch::new(Grid { height: 4, width: 4, cell_mm: 1.0 }, cells)?;
    /// let spectrum = Spectrum::mean(&[patch]).expect("there is a patch");
    /// assert_eq!(spectrum.nyquist(), [0.0, 0.0, 144.0]);
    /// # Ok::<(), helioql::patch::Error>(())
    /// ```
    pub fn mean(patches: &[Patch]) -> Option<Self> {
        let grid = patches.first()?.grid();
        let (height, width) = (grid.height, grid.width);
        if patches.iter().any(|patch| patch.grid() != grid) {
            return None;
        }
        let mut planner = FftPlanner::<f64>::new();
        let (across, down) = (planner.plan_fft_forward(width), planner.plan_fft_forward(height));
        let mut power = vec![0.0; height * width];
        let mut transposed = vec![Complex::default(); height * width];
        for patch in patches {
            let mut field: Vec<_> = patch
                .gauss()
                .iter()
                .map(|&b| Complex::from(if b.is_nan() { 0.0 } else { f64::from(b) }))
                .collect();
            across.process(&mut field);
            for (i, value) in field.iter().enumerate() {
                transposed[i % width * height + i / width] = *value;
            }
            down.process(&mut transposed);
            for (i, sum) in power.iter_mut().enumerate() {
                *sum += transposed[i % width * height + i / width].norm_sqr();
            }
        }
        let scale = 1.0 / (patches.len() * height * width) as f64;
        for value in &mut power {
            *value *= scale;
        }
        Some(Self { height, width, power })
    }

    /// Mean power in rings of wavenumber 1, 2, … cycles per side, up to the Nyquist frequency.
    pub fn radial(&self) -> Vec<f64> {
        let side = self.height.min(self.width);
        let mut rings = vec![(0.0, 0u32); side / 2];
        for (i, power) in self.power.iter().enumerate() {
            let (ky, kx) = (i / self.width, i % self.width);
            let cycles = |k: usize, n: usize| k.min(n - k) as f64 / n as f64;
            let k = cycles(ky, self.height).hypot(cycles(kx, self.width)) * side as f64;
            if let Some((sum, count)) = (k.round() as usize).checked_sub(1).and_then(|k| rings.get_mut(k)) {
                *sum += power;
                *count += 1;
            }
        }
        rings
            .iter()
            .map(|&(sum, count)| sum / f64::from(count.max(1)))
            .collect()
    }

    /// Power at the highest frequency down, across, and along both: where a checkerboard shows.
    pub fn nyquist(&self) -> [f64; 3] {
        let (down, across) = (self.height / 2, self.width / 2);
        [(down, 0), (0, across), (down, across)].map(|(y, x)| self.power[y * self.width + x])
    }

    /// How far this spectrum is from another: the mean over rings of |log₁₀ ratio|, in dex, and the largest at the
    /// Nyquist points.
    pub fn distance_dex(&self, other: &Self) -> (f64, f64) {
        let dex = |a: &f64, b: &f64| (a / b).log10().abs();
        let (a, b) = (self.radial(), other.radial());
        let mean = a.iter().zip(&b).map(|(a, b)| dex(a, b)).sum::<f64>() / a.len().max(1) as f64;
        let corners = self
            .nyquist()
            .iter()
            .zip(&other.nyquist())
            .map(|(a, b)| dex(a, b))
            .fold(0.0, f64::max);
        (mean, corners)
    }
}
