//! Sunspots: `Br = B₀ exp(−2.6 (r/R)²)`, a single formula from umbra to the edge of the penumbra.
//!
//! Chosen against HARP 377 (medians 1.75 kG in the umbra, 0.62 kG in the penumbra, 0.15 kG at its outer
//! tenth): with the umbra ending near 0.4 R it gives 0.66 B₀ there and 0.07 B₀ at R. The outline is a circle
//! with a few harmonics, so that no two spots are alike.

use std::f64::consts::{PI, TAU};

use rand::Rng;

use super::canvas::{Canvas, Place};
use super::region::{Orbit, Region};
use super::stage::Stage;
use crate::patch::CM2_PER_MM2;

/// Fall-off of the field from the centre to the edge.
const FALL: f64 = 2.6;

/// How far the field of a spot is drawn, in radii of its penumbra.
const REACH: f64 = 1.9;

/// Spots that have shrunk below this are gone, Mm.
const SMALLEST_MM: f64 = 1.5;

/// The spots that a region has at a stage, with their places and radii in Mm.
pub(super) fn at_stage<'a>(
    region: &'a Region,
    stage: &Stage,
) -> impl Iterator<Item = (&'a Spot, Place, f64)> {
    let shrink = stage.spots.sqrt();
    let (opening, days) = (stage.opening, stage.days);
    let spots = region.bipoles.iter().flat_map(move |bipole| {
        bipole.poles.iter().flat_map(move |pole| {
            let foot = bipole.foot(pole, opening);
            let tilt = bipole.tilt_deg.to_radians();
            pole.spots.iter().map(move |spot| {
                let (along, across) = spot.orbit.at(days);
                (
                    spot,
                    foot.offset(tilt, along * opening, across),
                    spot.radius_mm * shrink,
                )
            })
        })
    });
    spots.filter(|(.., radius_mm)| *radius_mm > SMALLEST_MM)
}

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

    /// Adds the spot, at that place and size, to the field. `detail` is a factor on it by the angle and the
    /// share of the outline's radius.
    pub(super) fn stamp(
        &self,
        canvas: &mut Canvas,
        place: Place,
        radius_mm: f64,
        detail: impl Fn(f64, f64) -> f64,
    ) {
        let peak = self.sign * Self::peak_gauss(radius_mm);
        canvas.add(place, REACH * radius_mm, |west, south| {
            let (angle, square) = self.polar(west, south, radius_mm);
            peak * (-FALL * square).exp() * detail(angle, square.sqrt())
        });
    }

    /// Multiplies what the spot covers by a factor of the angle and the share of the outline's radius.
    pub(super) fn scale(
        &self,
        canvas: &mut Canvas,
        place: Place,
        radius_mm: f64,
        factor: impl Fn(f64, f64) -> f64,
    ) {
        canvas.scale(place, REACH * radius_mm, |west, south| {
            let (angle, square) = self.polar(west, south, radius_mm);
            factor(angle, square.sqrt())
        });
    }

    /// The angle of a place, and the square of its distance as a share of the outline's radius there.
    fn polar(&self, west: f64, south: f64, radius_mm: f64) -> (f64, f64) {
        let angle = south.atan2(west);
        let ripple: f64 = [2.0, 3.0, 5.0]
            .iter()
            .zip(self.outline)
            .map(|(order, (amplitude, phase))| amplitude * (order * angle + phase).cos())
            .sum();
        let edge = radius_mm * (1.0 + ripple);
        (angle, (west * west + south * south) / (edge * edge))
    }
}
