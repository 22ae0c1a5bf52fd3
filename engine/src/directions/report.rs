//! What following the directions does, tried on the generator itself.
//!
//! A hyperplane that fits well may still steer badly: the quantity may turn back on the way, or drag others
//! along. So each direction is walked from seeded starts, free and with the others held, and the measured
//! changes are kept. Held are `usflux`, `psep`, `r_value` and `polarity`, the set that the paper steers, less the
//! steered quantity and what is nearly the same as it: holding a flux while moving its sum moves nothing.

use serde::{Deserialize, Serialize};

use super::{Direction, Directions, DirectionsError, Explorer, Order, Synthesis, View, moved};
use crate::{
    nn::ModelError,
    progress::{Observer, Progress},
};

/// Starts that each direction is walked from.
const STARTS: usize = 32;
/// The walk, in standard deviations of the latents; leakage is read from −1 to 1.
const WALK: [f64; 7] = [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0];
/// A walk counts as monotone from this rank correlation of step and quantity on.
const MONOTONE: f64 = 0.9;
/// Quantities that measure nearly the same thing.
const FAMILIES: [&[&str]; 2] = [&["usflux", "tpf", "tnf", "area"], &["r_flux", "r_value"]];
const HELD: [&str; 4] = ["usflux", "psep", "r_value", "polarity"];

/// The measured effect of following one direction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Steered {
    /// The part of walks from −3 to 3 standard deviations along which the quantity grows (rank correlation
    /// above 0.9).
    pub monotone: f64,
    /// The same with the other quantities held.
    pub monotone_held: f64,
    /// The change of every fitted quantity, this one included.
    pub leakage: Vec<Leak>,
}

/// The mean change of one quantity over one standard deviation of the latents along a direction, in
/// standard deviations of that quantity among the generator's patches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Leak {
    /// The quantity that changes.
    pub keyword: String,
    /// Its change along the direction as it is.
    pub free: f64,
    /// Its change along the direction conditioned on the held quantities.
    pub held: f64,
}

impl Directions {
    /// Walks every direction from seeded starts and keeps what was measured in [`Direction::steered`].
    ///
    /// # Errors
    /// When the generator fails or the observer cancels.
    pub fn try_out(
        &mut self,
        generator: &dyn Synthesis,
        seed: u64,
        observer: &dyn Observer,
    ) -> Result<(), DirectionsError> {
        let mut explorer = Explorer::new(generator);
        // A direction of one polarity order is tried on starts of that order: twice as many leave enough.
        let indices: Vec<u64> = (0..2 * STARTS as u64).collect();
        let starts = explorer.starts(seed, &indices)?;
        let starts = explorer.look(starts)?;

        let steps = self.fitted.len();
        for i in 0..steps {
            if observer.is_cancelled() {
                return Err(ModelError::Cancelled.into());
            }
            let direction = &self.fitted[i];
            let from: Vec<&View> = starts
                .iter()
                .filter(|start| {
                    direction
                        .order
                        .is_none_or(|o| Order::of(&start.quantities) == Some(o))
                })
                .take(STARTS)
                .collect();
            let (monotone, free) = self.walk(&mut explorer, direction, &[], &from)?;
            let (monotone_held, held) =
                self.walk(&mut explorer, direction, &self.held_for(direction), &from)?;
            let leakage = self.keywords().into_iter().zip(free.into_iter().zip(held));
            let steered = Steered {
                monotone,
                monotone_held,
                leakage: leakage
                    .map(|(keyword, (free, held))| Leak {
                        keyword: keyword.to_owned(),
                        free,
                        held,
                    })
                    .collect(),
            };
            observer.report(&Progress {
                task: format!("trying direction {}", direction.quantity.keyword),
                step: i as u64 + 1,
                steps: steps as u64,
                metrics: vec![("accuracy", direction.fitted.accuracy), ("monotone", monotone)],
            });
            self.fitted[i].steered = Some(steered);
        }
        Ok(())
    }

    /// The quantities that are held in the conditioned walk.
    pub(crate) fn held_for(&self, direction: &Direction) -> Vec<&'static str> {
        let own = direction.quantity.keyword;
        let fitted = self.keywords();
        let kin = |other: &str| FAMILIES.iter().any(|f| f.contains(&own) && f.contains(&other));
        HELD.into_iter()
            .filter(|held| *held != own && !kin(held) && fitted.contains(held))
            .collect()
    }

    /// The part of monotone walks, and the mean change of each fitted quantity over one step.
    fn walk(
        &self,
        explorer: &mut Explorer<'_>,
        direction: &Direction,
        held: &[&str],
        starts: &[&View],
    ) -> Result<(f64, Vec<f64>), DirectionsError> {
        let keywords = self.keywords();
        let step = match self.step(direction.quantity.keyword, held, direction.order) {
            Ok(step) => step,
            Err(DirectionsError::Bound { .. }) => return Ok((0.0, vec![0.0; keywords.len()])),
            Err(error) => return Err(error),
        };
        let mut monotone = 0;
        let mut changes = vec![(0.0, 0_u32); keywords.len()];
        for start in starts {
            let views = explorer.look(WALK.map(|amount| moved(&start.w, &step, amount)).to_vec())?;
            let read: Option<Vec<f64>> = views
                .iter()
                .map(|view| direction.quantity.value(&view.quantities))
                .collect();
            monotone += usize::from(read.is_some_and(|values| rank_correlation(&values) > MONOTONE));
            for (keyword, (sum, count)) in keywords.iter().zip(&mut changes) {
                let of = self.get(keyword, direction.order)?;
                let ends = [&views[2], &views[4]].map(|view| of.quantity.value(&view.quantities));
                if let [Some(below), Some(above)] = ends
                    && of.range.deviation > 0.0
                {
                    *sum += (above - below) / 2.0 / of.range.deviation;
                    *count += 1;
                }
            }
        }
        let means = changes
            .into_iter()
            .map(|(sum, count)| sum / f64::from(count.max(1)))
            .collect();
        Ok((monotone as f64 / starts.len().max(1) as f64, means))
    }
}

/// Spearman's correlation of the values with their positions.
fn rank_correlation(values: &[f64]) -> f64 {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let squares: usize = order
        .iter()
        .enumerate()
        .map(|(rank, &position)| rank.abs_diff(position).pow(2))
        .sum();
    let n = values.len() as f64;
    1.0 - 6.0 * squares as f64 / (n * (n * n - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rank_correlation_of_rising_and_falling_values() {
        let check = |values: &[f64], expected: f64| {
            assert!((rank_correlation(values) - expected).abs() < 1e-15, "{values:?}");
        };
        check(&[1.0, 5.0, 6.0, 100.0], 1.0);
        check(&[4.0, 3.0, 2.0, 1.0], -1.0);
        // One swap of neighbours among four: 1 − 6·2/(4·15) = 0.8.
        check(&[1.0, 3.0, 2.0, 4.0], 0.8);
    }
}
