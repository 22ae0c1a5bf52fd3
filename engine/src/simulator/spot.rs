//! Sunspots: `Br = B₀ exp(−2.6 (r/R)²)`, a single formula from umbra to the edge of the penumbra.
//!
//! Chosen against HARP 377 (medians 1.75 kG in the umbra, 0.62 kG in the penumbra, 0.15 kG at its outer
//! tenth): with the umbra ending near 0.4 R it gives 0.66 B₀ there and 0.07 B₀ at R. The outline is a circle
//! with a few harmonics, so that no two spots are alike.

use std::f64::consts::{PI, TAU};

use rand::Rng;

use super::canvas::{Canvas, Place};
use super::region::Orbit;
use crate::patch::CM2_PER_MM2;

/// Fall-off of the field from the centre to the edge.
const FALL: f64 = 2.6;

/// One spot of a region at its largest.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    /// +1 or −1.
    pub(super) sign: f64,
    pub(super) orbit: Orbit,
    /// Outer radius of the penumbra, Mm.
    pub(super) radius_mm: f64,
    /// Amplitude and phase of the outline's second, third and fifth harmonic.
    outline: [(f64, f64); 3],
}

impl Spot {
    pub(super) fn draw(rng: &mut impl Rng, sign: f64, orbit: Orbit, area_mm2: f64) -> Self {
        let mut harmonic = |limit: f64| (rng.random_range(0.0..limit), rng.random_range(0.0..TAU));
        let outline = [harmonic(0.25), harmonic(0.12), harmonic(0.08)];
        Self {
            sign,
            orbit,
            radius_mm: (area_mm2 / PI).sqrt(),
            outline,
        }
    }

    /// Field in the middle, G: pores are weaker than the umbrae of large spots.
    fn peak_gauss(radius_mm: f64) -> f64 {
        1400.0 + 1000.0 * (radius_mm / 14.0).min(1.0)
    }

    /// Unsigned flux of the spot when its radius is `radius_mm`, Mx.
    pub(super) fn flux_mx(radius_mm: f64) -> f64 {
        Self::peak_gauss(radius_mm) * PI * radius_mm * radius_mm / FALL * CM2_PER_MM2
    }

    /// Adds the spot, at that place and size, to the field.
    pub(super) fn stamp(&self, canvas: &mut Canvas, place: Place, radius_mm: f64) {
        let peak = self.sign * Self::peak_gauss(radius_mm);
        let outline = self.outline;
        canvas.add(place, 1.9 * radius_mm, |west, south| {
            let angle = south.atan2(west);
            let ripple: f64 = [2.0, 3.0, 5.0]
                .iter()
                .zip(outline)
                .map(|(order, (amplitude, phase))| amplitude * (order * angle + phase).cos())
                .sum();
            let edge = radius_mm * (1.0 + ripple);
            peak * (-FALL * (west * west + south * south) / (edge * edge)).exp()
        });
    }
}
