//! Steering: a patch moved step by step along one quantity while others are held.
//!
//! Fitted normals hold quantities only as far as the latent space is linear. So each step is a prediction
//! along the conditioned direction followed by a correction that brings the *measured* held quantities back
//! (and, on the way to a value, the steered one to its own next value): a predictor–corrector walk. What
//! could not be held is left in the measured quantities of the step, for everyone to see.

use crate::{
    directions::{Direction, Directions, Explorer, Order, Quantity, Synthesis, View, moved},
    target::{Goal, TargetError, descend, reachable, squared_miss, unmet},
};

/// Where a path leads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Destination {
    /// So many standard deviations of the latents along the direction.
    By(f64),
    /// A measured value of the steered quantity, in its unit.
    To(f64),
}

/// What to steer and how.
#[derive(Clone, Debug)]
pub struct Course<'a> {
    /// The steered quantity.
    pub along: &'a str,
    /// How far.
    pub destination: Destination,
    /// Quantities that are to stay as they are at the start.
    pub hold: &'a [&'a str],
    /// Rows of the path, the start included; 1 gives the end alone.
    pub steps: usize,
    /// How near a value must come, as in [`solve`](crate::target::solve).
    pub tolerance: f64,
}

/// One row of a path.
#[derive(Clone, Debug)]
pub struct Step {
    /// Standard deviations moved, or the value wanted here, as the destination has it.
    pub position: f64,
    /// The latent, the patch and its measured quantities.
    pub view: View,
    /// Whether the held quantities are within the tolerance of their values at the start.
    pub held: bool,
}

/// Moves from a latent along a quantity.
///
/// On the way to a value the steps are equal steps of that value, and the steered quantity is monotone.
///
/// # Errors
/// When a quantity has no direction or is not defined at the start, when the held ones leave the steered one no room,
/// or when the value cannot be reached, from anywhere or from this start.
pub fn path(
    generator: &dyn Synthesis,
    directions: &Directions,
    start: &[f32],
    course: &Course<'_>,
) -> Result<Vec<Step>, TargetError> {
    if course.steps == 0 {
        return Err(TargetError::Steps { steps: 0 });
    }
    if !(course.tolerance > 0.0 && course.tolerance < 1.0) {
        return Err(TargetError::Tolerance {
            tolerance: course.tolerance,
        });
    }
    let mut explorer = Explorer::new(generator);
    let start = explorer.look(vec![start.to_vec()])?.remove(0);
    let order = Order::of(&start.quantities);
    let kept = course
        .hold
        .iter()
        .map(|keyword| {
            let direction = directions.get(keyword, order)?;
            Goal::new(direction, measured(direction, &start)?, course.tolerance)
        })
        .collect::<Result<Vec<_>, _>>()?;
    let direction = directions.get(course.along, order)?;
    let ahead = directions.step(course.along, course.hold, order)?;
    let mut walk = Walk {
        explorer,
        directions,
        kept,
        ahead,
    };
    match course.destination {
        Destination::By(amount) => walk.by(start, amount, direction, course),
        Destination::To(value) => walk.to(start, value, direction, order, course),
    }
}

/// A path under way.
struct Walk<'a> {
    explorer: Explorer<'a>,
    directions: &'a Directions,
    /// The held quantities, with their values at the start.
    kept: Vec<Goal>,
    /// One standard deviation along the conditioned direction.
    ahead: Vec<f64>,
}

/// Latents are moved at most this many standard deviations before they are corrected.
const STRIDE: f64 = 0.25;

/// Where a value cannot be reached with all others held, these are let go little by little: to so many
/// tolerances. With the last, next to nothing is held but that the quantity is defined at all.
const SLACK: [f64; 4] = [1.0, 4.0, 20.0, 100.0];

impl Walk<'_> {
    fn by(
        &mut self,
        start: View,
        amount: f64,
        direction: &Direction,
        course: &Course<'_>,
    ) -> Result<Vec<Step>, TargetError> {
        let mut here = start;
        let mut walked = 0.0;
        let mut steps = Vec::with_capacity(course.steps);
        for position in positions(0.0, amount, course.steps) {
            if self.kept.is_empty() {
                // Without corrections the way is a straight line and is walked in one step.
                let point = moved(&here.w, &self.ahead, position - walked);
                here = self.explorer.look(vec![point])?.remove(0);
            } else {
                let strides = ((position - walked).abs() / STRIDE).ceil().max(1.0);
                for _ in 0..strides as usize {
                    let point = moved(&here.w, &self.ahead, (position - walked) / strides);
                    let there = self.explorer.look(vec![point])?.remove(0);
                    here = self.correct(there, direction, course.tolerance)?;
                }
            }
            walked = position;
            steps.push(self.step(position, &here));
        }
        Ok(steps)
    }

    /// Brings the held quantities back, and leaves the steered one where the step has put it.
    fn correct(&mut self, there: View, direction: &Direction, tolerance: f64) -> Result<View, TargetError> {
        let mut goals = self.kept.clone();
        if let Some(value) = direction.quantity.value(&there.quantities) {
            goals.push(Goal::new(direction, value, tolerance)?);
        }
        Ok(descend(
            &mut self.explorer,
            self.directions,
            &goals,
            self.directions.axes(),
            there,
        )?
        .view)
    }

    fn to(
        &mut self,
        start: View,
        value: f64,
        direction: &Direction,
        order: Option<Order>,
        course: &Course<'_>,
    ) -> Result<Vec<Step>, TargetError> {
        reachable(self.directions, course.along, order, value, course.tolerance)?;
        let from = measured(direction, &start)?;
        let spacing = (value - from).abs() / (course.steps.max(2) - 1) as f64;
        let mut here = start;
        let mut steps = Vec::with_capacity(course.steps);
        for position in positions(from, value, course.steps) {
            let goal = Goal::new(direction, position, course.tolerance)?;
            // Two neighbouring values that are each off by a third of their distance keep their order.
            let goal = if course.steps > 1 && spacing > 0.0 {
                goal.no_wider_than(spacing / 3.0)
            } else {
                goal
            };
            here = self.reach(here, goal, course.tolerance)?;
            steps.push(self.step(position, &here));
        }
        Ok(steps)
    }

    /// The steered quantity brought to its goal, with the held ones as near to theirs as can be.
    fn reach(&mut self, from: View, goal: Goal, tolerance: f64) -> Result<View, TargetError> {
        let mut from = from;
        for slack in SLACK {
            let kept = self.kept.iter().map(|kept| kept.clone().wider_by(slack));
            let goals: Vec<Goal> = std::iter::once(goal.clone()).chain(kept).collect();
            let arrival = descend(
                &mut self.explorer,
                self.directions,
                &goals,
                self.directions.axes(),
                from,
            )?;
            if arrival.met {
                return Ok(arrival.view);
            }
            from = arrival.view;
        }
        // Nothing holds any more: along the conditioned direction, and if that does not lead there, anyhow.
        let goals = [goal];
        let line = std::slice::from_ref(&self.ahead);
        for axes in [line, self.directions.axes()] {
            let arrival = descend(&mut self.explorer, self.directions, &goals, axes, from)?;
            if arrival.met {
                return Ok(arrival.view);
            }
            from = arrival.view;
        }
        Err(unmet(&goals, Some(&from.quantities), tolerance))
    }

    fn step(&self, position: f64, view: &View) -> Step {
        // Every kept goal counts its miss in tolerances.
        let held = self
            .kept
            .iter()
            .all(|goal| squared_miss(std::slice::from_ref(goal), &view.quantities) <= 1.0);
        Step {
            position,
            view: view.clone(),
            held,
        }
    }
}

/// The value at the start.
fn measured(direction: &Direction, start: &View) -> Result<f64, TargetError> {
    let Quantity { keyword, .. } = direction.quantity;
    direction
        .quantity
        .value(&start.quantities)
        .ok_or(TargetError::Undefined { keyword })
}

/// `steps` values from one to another; the last alone if there is but one.
fn positions(from: f64, to: f64, steps: usize) -> Vec<f64> {
    match steps {
        1 => vec![to],
        _ => (0..steps)
            .map(|i| from + (to - from) * i as f64 / (steps - 1) as f64)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directions::synthetic::{self, TwoBlobs};

    fn course<'a>(destination: Destination, hold: &'a [&'a str]) -> Course<'a> {
        Course {
            along: "usflux",
            destination,
            hold,
            steps: 7,
            tolerance: 0.02,
        }
    }

    #[test]
    fn a_value_is_approached_in_equal_steps_while_others_hold() -> Result<(), TargetError> {
        let directions = synthetic::directions()?;
        let range = directions.get("usflux", None)?.range;
        for seed in 0..6 {
            let start = TwoBlobs.latent(seed, 0);
            let course = course(Destination::To(range.high), &["psep", "netflux"]);
            let path = path(&TwoBlobs, &directions, &start, &course)?;
            let flux: Vec<f64> = path.iter().map(|step| step.view.quantities.usflux).collect();
            assert_eq!(flux.len(), 7);
            assert!(
                flux.windows(2).all(|pair| pair[0] < pair[1]),
                "seed {seed}: {flux:?}"
            );
            assert!(
                (flux[6] / range.high - 1.0).abs() <= 0.02,
                "seed {seed}: {flux:?}"
            );
            let spacing = (range.high - flux[0]) / 6.0;
            for (step, flux) in path.iter().zip(&flux) {
                assert!((flux - step.position).abs() <= spacing / 3.0);
                let drift = step.view.quantities.psep_mm / path[0].view.quantities.psep_mm - 1.0;
                assert!(
                    step.held && drift.abs() <= 0.02,
                    "seed {seed}: psep drifts by {drift}"
                );
            }
        }
        Ok(())
    }

    #[test]
    fn deviations_are_walked_along_the_direction() -> Result<(), TargetError> {
        let directions = synthetic::directions()?;
        let start = TwoBlobs.latent(1, 0);
        let free = path(
            &TwoBlobs,
            &directions,
            &start,
            &course(Destination::By(-1.5), &[]),
        )?;
        let last = &free[6];
        assert_eq!((free[0].position, last.position), (0.0, -1.5));
        let walked = directions.population().distance(&start, &last.view.w);
        // Latents are of single precision.
        assert!((walked - 1.5).abs() < 1e-4, "{walked}");
        assert!(last.view.quantities.usflux < free[0].view.quantities.usflux);

        let held = path(
            &TwoBlobs,
            &directions,
            &start,
            &course(Destination::By(-1.5), &["tpf"]),
        )?;
        assert!(held.iter().all(|step| step.held));
        assert!(
            held[6].view.quantities.tnf < held[0].view.quantities.tnf,
            "less flux with tpf held is less tnf"
        );
        Ok(())
    }

    #[test]
    fn one_step_is_the_end_of_the_path() -> Result<(), TargetError> {
        let directions = synthetic::directions()?;
        let start = TwoBlobs.latent(2, 0);
        let ends = [7, 1].map(|steps| {
            let course = Course {
                steps,
                ..course(Destination::By(1.0), &[])
            };
            path(&TwoBlobs, &directions, &start, &course)
                .map(|path| path[path.len() - 1].view.quantities.usflux)
        });
        let [many, one] = ends;
        // The same straight line, rounded to single precision at every step or once.
        assert!((many? / one? - 1.0).abs() < 1e-4);
        Ok(())
    }

    #[test]
    fn impossible_courses_say_why() -> Result<(), TargetError> {
        let directions = synthetic::directions()?;
        let start = TwoBlobs.latent(1, 0);
        let ask = |course: &Course<'_>| {
            path(&TwoBlobs, &directions, &start, course)
                .map(|_| ())
                .expect_err("impossible")
                .to_string()
        };
        let bound = ask(&course(Destination::By(1.0), &["usflux"]));
        assert_eq!(
            bound,
            "`usflux` cannot move while usflux hold: they fix it, hold fewer"
        );
        let beyond = ask(&course(Destination::To(1e30), &[]));
        assert!(beyond.contains("beyond the generator's reach"), "{beyond}");
        let none = ask(&Course {
            steps: 0,
            ..course(Destination::By(1.0), &[])
        });
        assert_eq!(none, "a path needs at least one step, found 0");
        Ok(())
    }
}
