//! Smooth random relief: the fine structure of plage within the cells of the network.
//!
//! Normal heights on a square lattice, joined smoothly. Where the height is near zero run winding strands,
//! which is where flux tubes are found. Two lattices turn into each other with time, `h = h₁ cos ωt + h₂ sin
//! ωt`, so that the relief changes from day to day and its statistics do not.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use super::canvas::Place;

/// Turn a day, radians: unlike itself after four days.
const TURN: f64 = 0.4;

pub(super) struct Relief {
    spacing_mm: f64,
    half_side: usize,
    heights: Vec<f64>,
}

impl Relief {
    /// Relief of features about `spacing_mm` apart, over a patch of half-width `half_mm`, after `days`.
    pub(super) fn draw(rng: &mut impl Rng, spacing_mm: f64, half_mm: f64, days: f64) -> Self {
        let half_side = (half_mm / spacing_mm).ceil() as usize + 2;
        let (sin, cos) = (TURN * days).sin_cos();
        let mut normal = || -> f64 { StandardNormal.sample(rng) };
        let points = (2 * half_side + 1).pow(2);
        let heights = (0..points).map(|_| normal() * cos + normal() * sin).collect();
        Self {
            spacing_mm,
            half_side,
            heights,
        }
    }

    pub(super) fn at(&self, place: Place) -> f64 {
        let side = 2 * self.half_side + 1;
        let split = |mm: f64| {
            let position = (mm / self.spacing_mm + self.half_side as f64).clamp(0.0, (side - 2) as f64);
            let part = position.fract();
            (position as usize, part * part * (3.0 - 2.0 * part))
        };
        let ((row, south), (column, west)) = (split(place.south), split(place.west));
        let along = |row: usize| {
            let pair = &self.heights[row * side + column..][..2];
            pair[0] + (pair[1] - pair[0]) * west
        };
        let north = along(row);
        north + (along(row + 1) - north) * south
    }

    /// 1 where the height crosses zero, falling within `width` of it.
    pub(super) fn strand(&self, place: Place, width: f64) -> f64 {
        (-(self.at(place) / width).powi(2)).exp()
    }
}
