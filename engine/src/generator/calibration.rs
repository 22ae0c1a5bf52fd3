//! From the flux that is measured on a generator's patches to the USFLUX of the catalogue.
//!
//! The two differ: a patch may be clipped and has its whole frame summed, network included; the catalogue sums the
//! unclipped radial field over the masks of a SHARP. Where the training patches come with their USFLUX, the link is a
//! line through the logarithms, log₁₀ Φ = a + b log₁₀ φ, fitted by least squares on the patches as the generator could
//! have drawn them; what it leaves unexplained is its scatter.

use serde::{Deserialize, Serialize};

/// Fewer pairs than this say nothing about a line and its scatter.
const LEAST_PAIRS: usize = 20;

/// The line and how well it holds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// a, in dex.
    pub intercept: f64,
    /// b.
    pub slope: f64,
    /// Root mean square of what is left, in dex.
    pub scatter_dex: f64,
    /// Patches that it was fitted on.
    pub patches: usize,
    /// The same scatter on validation patches, and how many they are.
    pub held_out: Option<(f64, usize)>,
}

impl Calibration {
    /// The line of pairs (measured, catalogue) in Mx, and its scatter on those held out; pairs that are not both
    /// positive are left out. None of too few, or of pairs of one measured flux.
    ///
    /// # Examples
    /// ```
    /// use helioql::generator::Calibration;
    /// // Φ = φ² / 1e22 exactly.
    /// let pairs: Vec<(f64, f64)> = (1..40).map(|i| f64::from(i) * 1e21).map(|x| (x, x * x / 1e22)).collect();
    /// let line = Calibration::fitted(&pairs, &[]).expect("forty pairs");
    /// assert!((line.slope - 2.0).abs() < 1e-9 && line.scatter_dex < 1e-9);
    /// assert!((line.catalogue_mx(2e22) / 4e22 - 1.0).abs() < 1e-9);
    /// assert!((line.measured_mx(4e22) / 2e22 - 1.0).abs() < 1e-9);
    /// ```
    pub fn fitted(pairs: &[(f64, f64)], held_out: &[(f64, f64)]) -> Option<Self> {
        let pairs = logarithms(pairs);
        if pairs.len() < LEAST_PAIRS {
            return None;
        }
        let count = pairs.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / count;
        let (mean_x, mean_y) = (mean(|p| p.0), mean(|p| p.1));
        let (mut covariance, mut variance) = (0.0, 0.0);
        for (x, y) in &pairs {
            covariance += (x - mean_x) * (y - mean_y);
            variance += (x - mean_x).powi(2);
        }
        if variance <= 0.0 || covariance <= 0.0 {
            return None;
        }
        let slope = covariance / variance;
        let line = Self {
            intercept: mean_y - slope * mean_x,
            slope,
            scatter_dex: 0.0,
            patches: pairs.len(),
            held_out: None,
        };
        let held_out = logarithms(held_out);
        Some(Self {
            scatter_dex: line.scatter(&pairs),
            held_out: (!held_out.is_empty()).then(|| (line.scatter(&held_out), held_out.len())),
            ..line
        })
    }

    /// The USFLUX that belongs to a measured flux.
    pub fn catalogue_mx(&self, measured_mx: f64) -> f64 {
        10_f64.powf(self.intercept + self.slope * measured_mx.log10())
    }

    /// The measured flux that belongs to a USFLUX.
    pub fn measured_mx(&self, catalogue_mx: f64) -> f64 {
        10_f64.powf((catalogue_mx.log10() - self.intercept) / self.slope)
    }

    /// Whether the numbers are those of a line that can be followed both ways.
    pub(super) fn is_valid(&self) -> bool {
        self.slope > 0.0 && self.slope.is_finite() && self.intercept.is_finite() && self.scatter_dex >= 0.0
    }

    fn scatter(&self, logs: &[(f64, f64)]) -> f64 {
        let squares = logs
            .iter()
            .map(|(x, y)| (y - self.intercept - self.slope * x).powi(2));
        (squares.sum::<f64>() / logs.len().max(1) as f64).sqrt()
    }
}

fn logarithms(pairs: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let positive = pairs.iter().filter(|(x, y)| *x > 0.0 && *y > 0.0);
    positive.map(|(x, y)| (x.log10(), y.log10())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::Random;

    #[test]
    fn the_scatter_is_that_of_the_pairs() {
        let pairs = |stream: u64| -> Vec<(f64, f64)> {
            let mut random = Random::new(1, stream);
            (0..4000)
                .map(|_| {
                    let x = f64::from(random.uniform());
                    (
                        10_f64.powf(21.0 + x),
                        10_f64.powf(20.5 + 1.5 * x + 0.2 * f64::from(random.normal())),
                    )
                })
                .collect()
        };
        let line = Calibration::fitted(&pairs(0), &pairs(1)).expect("enough pairs");
        // 4,000 pairs of scatter 0.2 over a spread of 0.29: slope to 0.2 / (0.29 √4000) = 0.011, scatter to 0.0022.
        assert!((line.slope - 1.5).abs() < 0.044, "{line:?}");
        assert!((line.scatter_dex - 0.2).abs() < 0.009, "{line:?}");
        let (held_out, count) = line.held_out.expect("pairs were held out");
        assert!((held_out - 0.2).abs() < 0.009 && count == 4000, "{line:?}");
    }

    #[test]
    fn what_cannot_be_fitted_is_none() {
        assert_eq!(Calibration::fitted(&[(1e21, 1e21); 19], &[]), None);
        assert_eq!(
            Calibration::fitted(&[(1e21, 1e21); 100], &[]),
            None,
            "one measured flux"
        );
        assert_eq!(
            Calibration::fitted(&[(0.0, 1e21); 100], &[]),
            None,
            "no flux has no logarithm"
        );
    }
}
