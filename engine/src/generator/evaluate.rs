//! How far generated patches are from real ones: the Kolmogorov–Smirnov distance of each measured quantity and
//! the difference of the power spectra.

use rayon::prelude::*;

use crate::nn::Result;
use crate::patch::Patch;
use crate::physics::spectrum::Spectrum;
use crate::physics::{PatchQuantities, measure};

use super::GeneratorConfig;

/// Quantities compared, and the names under which their distances are reported.
pub const QUANTITIES: [(&str, &str); 5] = [
    ("usflux", "ks_tuf"),
    ("tpf", "ks_tpf"),
    ("tnf", "ks_tnf"),
    ("psep", "ks_psep"),
    ("r_flux", "ks_r"),
];

/// Real patches as the generator could have drawn them: on its grid, clipped, without gaps.
///
/// # Errors
/// When a patch cannot be put on the generator's grid.
pub fn as_drawn(patches: &[Patch], config: &GeneratorConfig) -> Result<Vec<Patch>> {
    let mut drawn = Vec::with_capacity(patches.len());
    for patch in patches {
        let gauss = super::train::image_of(patch, config)?;
        let gauss = gauss.into_iter().map(|x| config.decode(x)).collect();
        drawn.push(Patch::new(config.grid(), gauss)?);
    }
    Ok(drawn)
}

/// Real patches to compare with, measured once.
#[derive(Debug)]
pub struct Reference {
    quantities: Vec<PatchQuantities>,
    spectrum: Option<Spectrum>,
}

impl Reference {
    /// The reference of patches made by [`as_drawn`].
    pub fn of(patches: &[Patch]) -> Self {
        Self {
            quantities: patches.par_iter().map(measure).collect(),
            spectrum: Spectrum::mean(patches),
        }
    }

    /// Whether there is nothing to compare with.
    pub fn is_empty(&self) -> bool {
        self.quantities.is_empty()
    }

    /// Distances of drawn patches from these: Kolmogorov–Smirnov of each of [`QUANTITIES`], `power`, the mean
    /// difference of the power spectra in dex, `nyquist`, the largest at the Nyquist points, and `score`, the mean
    /// of the five plus `power`, by which the best moment of a training is chosen (with `straight`, what cannot be read
    /// from w is added there).
    pub fn distances(&self, drawn: &[Patch]) -> Vec<(&'static str, f64)> {
        let found: Vec<_> = drawn.par_iter().map(measure).collect();
        let column = |rows: &[PatchQuantities], name: &str| -> Vec<f64> {
            rows.iter().filter_map(|row| row.get(name)).collect()
        };
        let mut distances: Vec<_> = QUANTITIES
            .iter()
            .map(|&(quantity, metric)| {
                let (a, b) = (column(&found, quantity), column(&self.quantities, quantity));
                (metric, kolmogorov_smirnov(&a, &b))
            })
            .collect();
        let mean = distances.iter().map(|(_, d)| d).sum::<f64>() / distances.len() as f64;
        let (power, nyquist) = match (&self.spectrum, Spectrum::mean(drawn)) {
            (Some(real), Some(drawn)) => drawn.distance_dex(real),
            _ => (f64::NAN, f64::NAN),
        };
        distances.extend([("power", power), ("nyquist", nyquist), ("score", mean + power)]);
        distances
    }
}

/// Largest difference between the two cumulative distributions; NaN values are left out, and the distance
/// to an empty sample is 1.
///
/// # Examples
/// ```
/// use helioql::generator::evaluate::kolmogorov_smirnov;
/// assert_eq!(kolmogorov_smirnov(&[1.0, 2.0], &[1.0, 2.0]), 0.0);
/// assert_eq!(kolmogorov_smirnov(&[1.0, 2.0, 3.0, 4.0], &[3.0, 4.0]), 0.5);
/// ```
pub fn kolmogorov_smirnov(a: &[f64], b: &[f64]) -> f64 {
    let sorted = |values: &[f64]| {
        let mut values: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let (a, b) = (sorted(a), sorted(b));
    if a.is_empty() || b.is_empty() {
        return 1.0;
    }
    let below = |values: &[f64], x: f64| values.partition_point(|&v| v <= x) as f64 / values.len() as f64;
    a.iter()
        .chain(&b)
        .map(|&x| (below(&a, x) - below(&b, x)).abs())
        .fold(0.0, f64::max)
}
