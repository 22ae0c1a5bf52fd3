//! A goal: a quantity, the value asked for and how near is near enough.
//!
//! Misses are counted in tolerances, so that a flux in Maxwells and an angle in degrees weigh the same in
//! one sum of squares, and "met" is the same statement for both: a miss of at most 1.

use super::TargetError;
use crate::{
    directions::{Direction, Margin, Quantity, Scale},
    physics::PatchQuantities,
};

/// One value to be met.
#[derive(Clone, Debug)]
pub(crate) struct Goal {
    pub(crate) quantity: Quantity,
    pub(crate) value: f64,
    reading: f64,
    /// One tolerance, on the quantity's scale.
    margin: f64,
}

impl Goal {
    /// The goal of this value, with a tolerance that is a fraction of the value or of the population's
    /// spread (see [`Margin`]).
    pub(crate) fn new(direction: &Direction, value: f64, tolerance: f64) -> Result<Self, TargetError> {
        let quantity = direction.quantity;
        let reading = quantity.reading(value).ok_or_else(|| TargetError::NoValue {
            keyword: quantity.keyword,
            value,
        })?;
        let spread = direction.range.deviation;
        let margin = match (quantity.scale, quantity.margin) {
            (Scale::Logarithmic, _) => tolerance.ln_1p() / std::f64::consts::LN_10,
            // Two per cent of a separation of 0 could not be met by any measurement.
            (Scale::Linear, Margin::Value) => tolerance * value.abs().max(1e-3 * spread),
            (Scale::Linear, Margin::Spread) => tolerance * spread,
        };
        Ok(Self {
            quantity,
            value,
            reading,
            margin,
        })
    }

    /// The same goal with a tolerance that is at most this difference of values.
    pub(crate) fn no_wider_than(mut self, difference: f64) -> Self {
        let limit = match self.quantity.scale {
            Scale::Linear => difference,
            Scale::Logarithmic => (difference / self.value).ln_1p() / std::f64::consts::LN_10,
        };
        self.margin = self.margin.min(limit);
        self
    }

    /// The same goal with a tolerance that is wider by this factor.
    pub(crate) fn wider_by(mut self, factor: f64) -> Self {
        self.margin *= factor;
        self
    }

    /// How far a measured patch is from the goal, in tolerances; infinite where it has no such quantity.
    pub(crate) fn miss(&self, measured: &PatchQuantities) -> f64 {
        let reading = self.quantity.read(measured);
        reading.map_or(f64::INFINITY, |reading| (reading - self.reading) / self.margin)
    }

    /// The change of the miss for a change of the reading.
    pub(crate) fn misses(&self, change_of_reading: f64) -> f64 {
        change_of_reading / self.margin
    }
}

/// Σ miss² over all goals.
pub(crate) fn squared_miss(goals: &[Goal], measured: &PatchQuantities) -> f64 {
    goals.iter().map(|goal| goal.miss(measured).powi(2)).sum()
}

/// Whether every goal is met.
pub(crate) fn all_met(goals: &[Goal], measured: &PatchQuantities) -> bool {
    goals.iter().all(|goal| goal.miss(measured).abs() <= 1.0)
}
