//! How far generated patches are from real ones: the Kolmogorov–Smirnov distance of each measured quantity.

use crate::nn::Result;
use crate::patch::Patch;
use crate::physics::measure;

use super::{Generator, GeneratorConfig, scale};

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
        let clip = config.clip_gauss;
        let gauss = super::train::image_of(patch, config)?;
        let gauss = gauss.into_iter().map(|x| scale::decode(x, clip)).collect();
        drawn.push(Patch::new(config.grid(), gauss)?);
    }
    Ok(drawn)
}

/// Distances between `samples` patches of the generator (seed 0) and real patches made by [`as_drawn`].
///
/// # Errors
/// When the generator cannot draw.
pub fn marginals(generator: &Generator, real: &[Patch], samples: usize) -> Result<Vec<(&'static str, f64)>> {
    let dim = generator.config().latent_dim;
    let latents: Vec<_> = (0..samples as u64)
        .map(|i| Generator::latent(0, i, dim))
        .collect();
    let drawn: Vec<_> = generator.generate(&latents)?.iter().map(measure).collect();
    let real: Vec<_> = real.iter().map(measure).collect();
    let column = |rows: &[crate::physics::PatchQuantities], name: &str| -> Vec<f64> {
        rows.iter().filter_map(|row| row.get(name)).collect()
    };
    Ok(QUANTITIES
        .iter()
        .map(|&(quantity, metric)| {
            (
                metric,
                kolmogorov_smirnov(&column(&drawn, quantity), &column(&real, quantity)),
            )
        })
        .collect())
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
