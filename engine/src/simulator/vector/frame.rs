//! The box of a region: as a HARP's, it holds the region for all of its life.

use super::super::canvas::{Place, Sheet};
use super::super::region::Region;
use super::PIXEL_MM;
use crate::patch::Grid;

/// Largest half-width and half-height of a box, Mm: 1,000 × 560 pixels.
const LARGEST_MM: (f64, f64) = (182.0, 102.0);

/// Smallest ones, about 220 × 160 pixels.
const SMALLEST_MM: (f64, f64) = (40.0, 29.0);

/// How many widths of a clump of plage belong to the region.
const CLUMP_WIDTHS: f64 = 1.6;

/// Sides are multiples of this many pixels, so that coarser charts fit them.
pub(super) const MULTIPLE: usize = 4;

/// Pixels and place of the images of one region.
pub(super) struct Frame {
    pub(super) width: usize,
    pub(super) height: usize,
    /// The middle of the box, from the middle of the region.
    pub(super) middle: Place,
}

impl Frame {
    pub(super) fn around(region: &Region) -> Self {
        let (mut low, mut high) = (Place::default(), Place::default());
        let mut include = |place: Place, reach: f64| {
            low.west = low.west.min(place.west - reach);
            low.south = low.south.min(place.south - reach);
            high.west = high.west.max(place.west + reach);
            high.south = high.south.max(place.south + reach);
        };
        for bipole in &region.bipoles {
            let tilt = bipole.tilt_deg.to_radians();
            for pole in &bipole.poles {
                let foot = bipole.foot(pole, 1.0);
                for clump in &pole.plage.clumps {
                    let (along, across) = clump.orbit.at(0.0);
                    include(foot.offset(tilt, along, across), CLUMP_WIDTHS * clump.width_mm);
                }
                for spot in &pole.spots {
                    let (along, across) = spot.orbit.at(0.0);
                    include(foot.offset(tilt, along, across), 1.5 * spot.radius_mm);
                }
            }
        }
        let half = |low: f64, high: f64, least: f64, most: f64| (0.5 * (high - low)).clamp(least, most);
        let pixels = |half_mm: f64| (2.0 * half_mm / PIXEL_MM / MULTIPLE as f64).round() as usize * MULTIPLE;
        Self {
            width: pixels(half(low.west, high.west, SMALLEST_MM.0, LARGEST_MM.0)),
            height: pixels(half(low.south, high.south, SMALLEST_MM.1, LARGEST_MM.1)),
            middle: Place {
                west: 0.5 * (low.west + high.west),
                south: 0.5 * (low.south + high.south),
            },
        }
    }

    /// The box in cells of `pixels` × `pixels`; the pixels are a multiple of the largest that is asked for.
    pub(super) fn sheet(&self, pixels: usize) -> Sheet {
        Sheet {
            grid: Grid {
                height: self.height / pixels,
                width: self.width / pixels,
                cell_mm: PIXEL_MM * pixels as f64,
            },
            middle: self.middle,
        }
    }

    pub(super) fn west_mm(&self) -> f64 {
        self.middle.west
    }

    pub(super) fn north_mm(&self) -> f64 {
        -self.middle.south
    }
}
