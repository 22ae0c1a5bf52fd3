//! How good a generator or an encoder is, in figures with names that stay.
//!
//! Patches and models in, [`Score`]s out: [`generator()`] compares drawn patches with real ones that it has not seen,
//! [`encoder()`] asks whether near vectors mean alike regions. One family of figures stands in one file. Wherever
//! real patches differ among themselves, the same figure of training against held-out patches is given as the
//! floor (`…_floor`): no generator can be expected to do better.

pub mod effective_rank;
mod eigen;
mod encoder;
pub mod frechet;
mod generator;
mod inversion;
pub mod manifold;
mod marginals;
pub mod nearest_train;
mod neighbours;
mod pictures;
mod pixels;
mod principal;
pub mod region_recall;
mod retrieval;
mod spaces;
mod spectra;
pub mod statistics;
mod steering;
mod targets;
#[cfg(test)]
mod tests;
pub mod two_sample;

use std::fmt;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use encoder::encoder;
pub use generator::generator;

use crate::{
    nn::{ModelError, Result},
    patch::Patch,
    physics::{PatchQuantities, measure},
    progress::{Observer, Progress},
};
use statistics::Bootstrap;

/// One figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Its name, such as `ks_tuf`.
    pub metric: String,
    /// Its value; none where it could not be computed.
    pub value: Option<f64>,
    /// How many patches (pairs, queries, targets) it rests on.
    pub n: usize,
    /// The 95 % interval, where one is computed.
    pub interval: Option<(f64, f64)>,
    /// What to compare it with, in words.
    pub compare: String,
}

impl Score {
    /// Whether it is a floor, or the figure of a simpler method, and not one of the model itself.
    pub fn is_comparison(&self) -> bool {
        let by_baseline = ["retrieval_", "generated_", "region_recall_"]
            .iter()
            .any(|prefix| self.metric.starts_with(prefix))
            && spaces::BASELINES
                .iter()
                .any(|suffix| self.metric.ends_with(suffix));
        by_baseline || self.metric.ends_with("_floor")
    }

    /// Whether it judges the directions of a generator.
    pub fn is_of_directions(&self) -> bool {
        self.metric.starts_with("target_")
            || self.metric.starts_with("steer_")
            || self.metric == "leakage_max"
    }

    fn new(metric: impl Into<String>, value: Option<f64>, n: usize) -> Self {
        Self {
            metric: metric.into(),
            // JSON has no NaN, and SQL has NULL.
            value: value.filter(|value| value.is_finite()),
            n,
            interval: None,
            compare: String::new(),
        }
    }

    fn with_interval(self, interval: Option<(f64, f64)>) -> Self {
        Self { interval, ..self }
    }

    fn with_compare(self, compare: impl Into<String>) -> Self {
        Self {
            compare: compare.into(),
            ..self
        }
    }

    /// A figure and its floor: each a value and a count.
    fn with_floor(
        metric: &str,
        (value, n): (Option<f64>, usize),
        (floor, of): (Option<f64>, usize),
    ) -> [Self; 2] {
        let floor = Self::new(format!("{metric}_floor"), floor, of).with_compare("training against held-out");
        let compare = floor
            .value
            .map_or(String::new(), |floor| format!("floor {}", short(floor)));
        [Self::new(metric, value, n).with_compare(compare), floor]
    }
}

/// The value with its interval and what it compares with: `0.9 (0.85 to 0.93), paper 0.78`.
impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value {
            Some(value) => f.write_str(&short(value))?,
            None => f.write_str("unknown")?,
        }
        if let Some((low, high)) = self.interval {
            write!(f, " ({} to {})", short(low), short(high))?;
        }
        if !self.compare.is_empty() {
            write!(f, ", {}", self.compare)?;
        }
        Ok(())
    }
}

/// Three significant digits, enough to compare by.
fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let before = value.abs().log10().floor() as i32;
    format!("{value:.*}", usize::try_from(2 - before).unwrap_or(0))
}

/// Patches of one side of the comparison, with the region and time of each.
#[derive(Debug, Clone, Default)]
pub struct Part {
    /// The patches.
    pub patches: Vec<Patch>,
    /// The region of each; patches of one region are alike.
    pub regions: Vec<i64>,
    /// The time of each in seconds.
    pub seconds: Vec<i64>,
}

impl Part {
    /// Patches with (region, seconds) of each. Without them every patch is a region of its own.
    pub fn new(patches: Vec<Patch>, groups: &[(i64, i64)]) -> Self {
        let (regions, seconds) = if groups.len() == patches.len() {
            groups.iter().copied().unzip()
        } else {
            // NOAA and HARP numbers are positive.
            (0..patches.len()).map(|i| (-1 - i as i64, 0)).unzip()
        };
        Self {
            patches,
            regions,
            seconds,
        }
    }
}

/// Settings of an evaluation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluateOptions {
    /// Patches that are drawn: those of `GENERATE(seed => seed)` and the seeds after it.
    pub samples: usize,
    /// The first seed, and that of everything else random.
    pub seed: u64,
    /// How often a target is asked for, for each number of targets at once.
    pub targets: usize,
    /// Held-out patches that are inverted.
    pub inversions: usize,
    /// Resamples of regions for an interval.
    pub bootstrap: usize,
}

impl Default for EvaluateOptions {
    fn default() -> Self {
        Self {
            samples: 2000,
            seed: 100_000,
            targets: 300,
            inversions: 100,
            bootstrap: 300,
        }
    }
}

/// What is held of a drawn patch of 128 × 128 pixels, in bytes (peaks of resident memory with 200 and 1,500 samples).
const HELD_PER_SAMPLE: usize = 130_000;

impl EvaluateOptions {
    /// What an evaluation takes beside the patches that it is given, in bytes.
    pub(crate) fn working_bytes(&self) -> usize {
        HELD_PER_SAMPLE.saturating_mul(self.samples)
    }

    fn bootstrap(&self) -> Bootstrap {
        Bootstrap {
            resamples: self.bootstrap,
            seed: self.seed,
        }
    }
}

/// Patches drawn or embedded between two looks at the observer: a tenth of a second on two cores.
const AT_ONCE: usize = 32;

/// What an evaluation found.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// The figures, in the order in which they are read.
    pub scores: Vec<Score>,
    /// Pictures as PNG, with the names of their files.
    pub pictures: Vec<(&'static str, Vec<u8>)>,
}

/// Patches with what is measured on them.
#[derive(Debug, Clone)]
struct Measured {
    patches: Vec<Patch>,
    quantities: Vec<PatchQuantities>,
    regions: Vec<i64>,
}

impl Measured {
    fn new(patches: Vec<Patch>, regions: Vec<i64>) -> Self {
        Self {
            quantities: patches.par_iter().map(measure).collect(),
            patches,
            regions,
        }
    }

    fn len(&self) -> usize {
        self.patches.len()
    }

    /// The defined values of one quantity.
    fn column(&self, keyword: &str) -> Vec<f64> {
        let values = self.quantities.iter().filter_map(|row| row.get(keyword));
        values.filter(|value| value.is_finite()).collect()
    }
}

/// Tells an observer of the stages of an evaluation, and asks it whether to go on.
struct Progressing<'a> {
    observer: &'a dyn Observer,
    task: &'static str,
    step: u64,
    steps: u64,
}

impl<'a> Progressing<'a> {
    fn new(observer: &'a dyn Observer, task: &'static str, steps: u64) -> Self {
        Self {
            observer,
            task,
            step: 0,
            steps,
        }
    }

    /// A stage begins.
    fn stage(&mut self, what: &str) -> Result<()> {
        self.check()?;
        self.observer.report(&Progress {
            task: format!("{}: {what}", self.task),
            step: self.step,
            steps: self.steps,
            metrics: Vec::new(),
        });
        self.step += 1;
        Ok(())
    }

    /// How far a long stage has come.
    fn within(&self, what: &str, step: usize, steps: usize) {
        self.observer.report(&Progress {
            task: format!("{}: {what}", self.task),
            step: step as u64,
            steps: steps as u64,
            metrics: Vec::new(),
        });
    }

    /// Embeddings of patches in double precision.
    fn embed(&self, encoder: &crate::encoder::Encoder, patches: &[Patch]) -> Result<Vec<Vec<f64>>> {
        let mut embeddings = Vec::with_capacity(patches.len());
        for patches in patches.chunks(AT_ONCE) {
            self.check()?;
            let rows = encoder.embed(&patches.iter().collect::<Vec<_>>())?;
            let wide = |row: Vec<f32>| row.into_iter().map(f64::from).collect();
            embeddings.extend(rows.into_iter().map(wide));
        }
        Ok(embeddings)
    }

    fn check(&self) -> Result<()> {
        if self.observer.is_cancelled() {
            return Err(ModelError::Cancelled);
        }
        Ok(())
    }
}
