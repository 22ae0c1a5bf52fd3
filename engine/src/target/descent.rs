//! From a patch to one that meets its goals: Newton steps of least length in the metric of the latents.
//!
//! Few goals and many axes leave the step undetermined; of all that would meet the goals the shortest is
//! taken, δ = −Jᵀ (J Jᵀ + λ)⁻¹ r. J starts as the hyperplanes say, so that the first step of one goal goes
//! along its SVM direction, and of a steered goal beside held ones along the conditioned direction: they are
//! the same formula. After every step Broyden's update (1965, <https://doi.org/10.1090/S0025-5718-1965-0198670-6>)
//! corrects J by what was measured; where that does not lead on, J is measured by finite differences.

use super::goal::{Goal, all_met, squared_miss};
use crate::{
    directions::{Cholesky, Directions, DirectionsError, Explorer, Order, View, add, dot, moved},
    meter,
    nn::ModelError,
};

/// Parts of the full step that are tried at once.
const PARTS: [f64; 3] = [1.0, 0.6, 0.25];
/// The longest step, in standard deviations: beyond it a straight line says nothing.
const LONGEST: f64 = 1.5;
/// The width of a finite difference, in standard deviations. Quantities with thresholds jump by pixels; a
/// wide difference sees their trend.
const DIFFERENCE: f64 = 0.15;
/// The squared miss must fall below this part of itself for J to be trusted further.
const GOOD: f64 = 0.5;
/// Squared singular values of J below this part of the largest are damped.
const DAMPING: f64 = 1e-4;
const MOST_ITERATIONS: usize = 24;
/// Goals that are met are refined to this part of their tolerance as long as that is cheap.
const REFINED: f64 = 0.1;

/// Where a descent ended.
pub(crate) struct Arrival {
    /// The patch that came nearest.
    pub(crate) view: View,
    /// Whether it meets all goals.
    pub(crate) met: bool,
    /// Newton steps taken.
    pub(crate) iterations: usize,
}

/// The change of every goal's miss along every axis: one row a goal.
struct Jacobian(Vec<Vec<f64>>);

impl Jacobian {
    /// As the hyperplanes have it.
    fn of_hyperplanes(
        directions: &Directions,
        goals: &[Goal],
        axes: &[Vec<f64>],
        order: Option<Order>,
    ) -> Result<Self, DirectionsError> {
        goals
            .iter()
            .map(|goal| {
                let direction = directions.get(goal.quantity.keyword, order)?;
                let slope = goal.misses(direction.slope) / directions.population().spread(&direction.normal);
                Ok(axes
                    .iter()
                    .map(|axis| slope * dot(&direction.normal, axis))
                    .collect())
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Measured around a patch; none where a neighbour lacks one of the quantities.
    fn measured(
        explorer: &mut Explorer<'_>,
        goals: &[Goal],
        axes: &[Vec<f64>],
        at: &View,
        width: f64,
    ) -> Result<Option<Self>, ModelError> {
        let views = explorer.look(axes.iter().map(|axis| moved(&at.w, axis, width)).collect())?;
        let rows: Vec<Vec<f64>> = goals
            .iter()
            .map(|goal| {
                let here = goal.miss(&at.quantities);
                views
                    .iter()
                    .map(|view| (goal.miss(&view.quantities) - here) / width)
                    .collect()
            })
            .collect();
        let defined = rows.iter().flatten().all(|slope| slope.is_finite());
        Ok(defined.then_some(Self(rows)))
    }

    /// The shortest step, in axes, that takes the misses to zero; none where J says nothing.
    fn step(&self, misses: &[f64]) -> Option<Vec<f64>> {
        let order = self.0.len();
        let mut gram: Vec<f64> = self
            .0
            .iter()
            .flat_map(|a| self.0.iter().map(|b| dot(a, b)).collect::<Vec<_>>())
            .collect();
        let largest = (0..order).map(|i| gram[i * order + i]).fold(0.0, f64::max);
        for i in 0..order {
            gram[i * order + i] += DAMPING * largest;
        }
        let weights = Cholesky::new(&gram, order)?.solve(misses);
        let mut step = vec![0.0; self.0[0].len()];
        for (row, weight) in self.0.iter().zip(weights) {
            add(&mut step, -weight, row);
        }
        let length = dot(&step, &step).sqrt();
        if length > LONGEST {
            for s in &mut step {
                *s *= LONGEST / length;
            }
        }
        (length > 0.0 && length.is_finite()).then_some(step)
    }

    /// Broyden's update: the least change of J that explains how the misses changed over a step.
    fn learn(&mut self, step: &[f64], changes: &[f64]) {
        let square = dot(step, step);
        for (row, change) in self.0.iter_mut().zip(changes) {
            let surprise = change - dot(row, step);
            add(row, surprise / square, step);
        }
    }
}

/// Moves from a patch towards the goals along the given axes (each one standard deviation long and at right
/// angles to the others).
pub(crate) fn descend(
    explorer: &mut Explorer<'_>,
    directions: &Directions,
    goals: &[Goal],
    axes: &[Vec<f64>],
    start: View,
) -> Result<Arrival, DirectionsError> {
    let order = Order::of(&start.quantities);
    let mut view = start;
    let mut square = squared_miss(goals, &view.quantities);
    let enough = goals.len() as f64 * REFINED.powi(2);
    let mut iterations = 0;
    if square <= enough || axes.is_empty() || !square.is_finite() {
        return Ok(Arrival {
            met: all_met(goals, &view.quantities),
            view,
            iterations,
        });
    }

    let mut jacobian = Jacobian::of_hyperplanes(directions, goals, axes, order)?;
    let mut width = DIFFERENCE;
    let mut fresh = false;
    while square > enough && iterations < MOST_ITERATIONS {
        iterations += 1;
        let misses: Vec<f64> = goals.iter().map(|goal| goal.miss(&view.quantities)).collect();
        let mut reached = f64::INFINITY;
        if let Some(step) = jacobian.step(&misses) {
            let mut full = vec![0.0; view.w.len()];
            for (amount, axis) in step.iter().zip(axes) {
                add(&mut full, *amount, axis);
            }
            let trials = explorer.look(PARTS.map(|part| moved(&view.w, &full, part)).to_vec())?;
            let best = trials
                .into_iter()
                .zip(PARTS)
                .map(|(trial, part)| (squared_miss(goals, &trial.quantities), part, trial))
                .min_by(|a, b| a.0.total_cmp(&b.0));
            if let Some((new, part, trial)) = best
                && new.is_finite()
            {
                let taken: Vec<f64> = step.iter().map(|s| s * part).collect();
                let changes: Vec<f64> = goals
                    .iter()
                    .zip(&misses)
                    .map(|(goal, miss)| goal.miss(&trial.quantities) - miss)
                    .collect();
                jacobian.learn(&taken, &changes);
                if new < square {
                    reached = new / square;
                    (view, square) = (trial, new);
                }
            }
        }
        if reached > GOOD {
            if all_met(goals, &view.quantities) {
                break;
            }
            // A measured J that failed where it was measured is tried once more, over a narrower width.
            if fresh && reached > 1.0 {
                if width < DIFFERENCE {
                    break;
                }
                width = DIFFERENCE / 3.0;
            }
            match Jacobian::measured(explorer, goals, axes, &view, width)? {
                Some(measured) => jacobian = measured,
                None => break,
            }
            fresh = true;
        } else {
            fresh = false;
        }
    }
    meter::solved(iterations);
    Ok(Arrival {
        met: all_met(goals, &view.quantities),
        view,
        iterations,
    })
}
