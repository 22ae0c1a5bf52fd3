//! Flux tubes: the magnetic elements that plage and network consist of.
//!
//! Their fluxes follow a power law, dN/dΦ ∝ Φ^−1.85 (Parnell et al. 2009, `ApJ` 698, 75), here between the
//! limits that a magnetogram of 1.5 Mm cells shows as elements. Each is a Gaussian as wide as the instrument
//! leaves it, wider where it would otherwise exceed the field of a pore.

use std::f64::consts::PI;

use rand::Rng;

use super::canvas::{Canvas, Place};
use crate::patch::CM2_PER_MM2;

const SLOPE: f64 = 1.85;

/// Strongest field of an element, G.
const PEAK_GAUSS: f64 = 1300.0;

/// Fluxes of elements between two limits, Mx.
#[derive(Clone, Copy)]
pub(super) struct Population {
    pub(super) smallest_mx: f64,
    pub(super) largest_mx: f64,
}

impl Population {
    /// One element's flux, by inverting the cumulative power law.
    pub(super) fn draw(&self, rng: &mut impl Rng) -> f64 {
        let power = 1.0 - SLOPE;
        let (low, high) = (self.smallest_mx.powf(power), self.largest_mx.powf(power));
        (low + (high - low) * rng.random::<f64>()).powf(1.0 / power)
    }
}

/// Adds one element of signed flux to the field, no narrower (σ) than `width_mm`.
pub(super) fn stamp(canvas: &mut Canvas, place: Place, flux_mx: f64, width_mm: f64) {
    let flux = flux_mx / CM2_PER_MM2; // G Mm²
    // A Gaussian narrower than 0.7 of a cell would lose or gain flux by where its centre falls.
    let narrowest = width_mm.max(0.7 * canvas.sheet.grid.cell_mm);
    let variance = narrowest * narrowest + flux.abs() / (2.0 * PI * PEAK_GAUSS);
    canvas.add_gaussian(place, flux, variance.sqrt());
}
