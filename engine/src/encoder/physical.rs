//! The join of learned and measured: one vector whose Euclidean distance serves both.
//!
//! The learned part knows the structure of a region and is weak in its numbers; the measured quantities are
//! the reverse. Both are centred and brought to a total variance of one over the training patches, and the
//! measured part is multiplied by its weight:
//! e = \[(l − l̄)/σ, weight · own weight of q · (q − q̄)/(√8 · deviation of q)\].

use serde::{Deserialize, Serialize};

use crate::nn::error::setting;
use crate::{nn::Result, physics::PatchQuantities};

/// How much each of [`JOINED`] counts beside the others, chosen on validation regions. The total flux and flux along
/// inversion lines, which are what regions are looked up by, count twice; area is nearly the total flux again; which
/// way a region lies, the learned part knows well.
const WEIGHTS: [f64; 8] = [2.0, 1.0, 1.0, 1.1, 2.0, 0.5, 0.3, 0.5];

/// The quantities of the measured part.
pub const JOINED: [&str; 8] = [
    "usflux", "tpf", "tnf", "psep", "r_value", "area", "tilt", "polarity",
];

/// No standardised quantity counts for more than this many deviations, however extreme the patch.
const MOST_DEVIATIONS: f64 = 4.0;

/// How the learned part and the measured quantities are joined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Joint {
    /// Weight of the measured part beside a learned part of weight 1; 0 leaves it out.
    pub physical: f64,
    /// Mean of the learned part over the training patches.
    pub learned_mean: Vec<f32>,
    /// Root of the total variance of the learned part.
    pub learned_deviation: f32,
    /// Mean and standard deviation of each of [`JOINED`], on its scale.
    pub quantities: Vec<(f64, f64)>,
    /// How much each of them counts beside the others; none given, all the same.
    #[serde(default)]
    pub weights: Vec<f64>,
}

impl Default for Joint {
    /// The weight that did best on validation regions, and no standardisation yet.
    fn default() -> Self {
        Self {
            physical: 0.6,
            learned_mean: Vec::new(),
            learned_deviation: 1.0,
            quantities: Vec::new(),
            weights: Vec::new(),
        }
    }
}

impl Joint {
    /// The join that hands on `learned` features as they are: for an encoder that comes without the patches
    /// it was trained on.
    pub(super) fn learned_only(learned: usize) -> Self {
        Self {
            physical: 0.0,
            learned_mean: vec![0.0; learned],
            learned_deviation: 1.0,
            quantities: vec![(0.0, 1.0); JOINED.len()],
            weights: Vec::new(),
        }
    }

    /// The join whose standardisation is that of the training patches.
    pub(crate) fn fitted(physical: f64, learned: &[Vec<f32>], measured: &[PatchQuantities]) -> Self {
        let count = learned.len().max(1) as f64;
        let dim = learned.first().map_or(0, Vec::len);
        let column = |j: usize| moments(learned.iter().map(move |row| f64::from(row[j])), count);
        let columns: Vec<(f64, f64)> = (0..dim).map(column).collect();
        let variance: f64 = columns.iter().map(|(_, deviation)| deviation.powi(2)).sum();
        let quantities = (0..JOINED.len())
            .map(|j| {
                let defined: Vec<f64> = measured.iter().filter_map(|q| readings(q)[j]).collect();
                moments(defined.iter().copied(), defined.len().max(1) as f64)
            })
            .collect();
        Self {
            physical,
            learned_mean: columns.iter().map(|(mean, _)| *mean as f32).collect(),
            learned_deviation: (variance.sqrt() as f32).max(f32::MIN_POSITIVE),
            quantities,
            weights: WEIGHTS.to_vec(),
        }
    }

    /// The quantities in units of their deviation from the mean; `None` for one that the patch does not have.
    /// `mirrored` gives those of its mirror image north-south with inverted polarity, which has the two fluxes
    /// exchanged and tilt and order reversed.
    pub(super) fn standardised(
        &self,
        measured: &PatchQuantities,
        mirrored: bool,
    ) -> [Option<f64>; JOINED.len()] {
        let measured = if mirrored {
            PatchQuantities {
                tpf: measured.tnf,
                tnf: measured.tpf,
                tilt_deg: -measured.tilt_deg,
                polarity: -measured.polarity,
                dipole_mm: -measured.dipole_mm,
                netflux: -measured.netflux,
                imbalance: -measured.imbalance,
                ..*measured
            }
        } else {
            *measured
        };
        let mut standard = readings(&measured);
        for (reading, (mean, deviation)) in standard.iter_mut().zip(&self.quantities) {
            *reading = reading.map(|r| {
                ((r - mean) / deviation.max(f64::MIN_POSITIVE)).clamp(-MOST_DEVIATIONS, MOST_DEVIATIONS)
            });
        }
        standard
    }

    /// Numbers that the measured part adds.
    pub(super) fn dim(&self) -> usize {
        if self.physical > 0.0 { JOINED.len() } else { 0 }
    }

    /// One vector of both parts.
    pub(crate) fn join(&self, learned: &[f32], measured: &PatchQuantities) -> Vec<f32> {
        let mut vector: Vec<f32> = learned
            .iter()
            .zip(&self.learned_mean)
            .map(|(l, mean)| (l - mean) / self.learned_deviation)
            .collect();
        if self.physical > 0.0 {
            let weight = self.physical / (JOINED.len() as f64).sqrt();
            // A quantity that the patch does not have says nothing: it stands at the mean.
            let standard = self.standardised(measured, false);
            let weights = self.weights.iter().copied().chain(std::iter::repeat(1.0));
            let parts = standard.iter().zip(weights);
            vector.extend(parts.map(|(reading, own)| (weight * own * reading.unwrap_or(0.0)) as f32));
        }
        vector
    }

    /// Checks that the parts fit one another.
    pub(super) fn check(&self, learned: usize) -> Result<()> {
        if !(self.physical >= 0.0 && self.physical.is_finite()) {
            return Err(setting("physical", "a weight of at least 0", &self.physical));
        }
        let untrained = self.learned_mean.is_empty() && self.quantities.is_empty();
        if !untrained && (self.learned_mean.len() != learned || self.quantities.len() != JOINED.len()) {
            let expected = format!("means of {learned} features and {} quantities", JOINED.len());
            let found = format!("{} and {}", self.learned_mean.len(), self.quantities.len());
            return Err(setting("joint", &expected, &found));
        }
        let sane = |weight: &f64| *weight >= 0.0 && weight.is_finite();
        if !self.weights.is_empty() && (self.weights.len() != JOINED.len() || !self.weights.iter().all(sane))
        {
            let expected = format!("{} numbers of at least 0", JOINED.len());
            return Err(setting("weights", &expected, &format!("{:?}", self.weights)));
        }
        Ok(())
    }
}

/// The joined quantities on their scales: fluxes and the area as logarithms.
fn readings(measured: &PatchQuantities) -> [Option<f64>; JOINED.len()] {
    // A patch without any flux is as far down the scale as one may be.
    let log = |value: f64| Some(value.max(f64::MIN_POSITIVE).log10()).filter(|_| !value.is_nan());
    let plain = |value: f64| Some(value).filter(|v| v.is_finite());
    [
        log(measured.usflux),
        log(measured.tpf),
        log(measured.tnf),
        plain(measured.psep_mm),
        plain(measured.r_value),
        log(measured.area_mm2.max(1.0)),
        plain(measured.tilt_deg),
        plain(measured.polarity),
    ]
}

/// Mean and standard deviation.
fn moments(values: impl Iterator<Item = f64> + Clone, count: f64) -> (f64, f64) {
    let mean = values.clone().sum::<f64>() / count;
    (
        mean,
        (values.map(|v| (v - mean).powi(2)).sum::<f64>() / count).sqrt(),
    )
}
