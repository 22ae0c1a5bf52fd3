//! Flux tubes lean: the flows about a tube tip it by some degrees, each to a side of its own.
//!
//! The elements of plage and network are inclined by 10° to 20° from the vertical (Buehler et al. 2019, A&A 630, A86). The
//! potential field knows nothing of it: without it the least sheared regions have a mean shear that is a fifth too low.

use rand::Rng;

use super::super::relief::Relief;
use super::bearing::Bearing;
use super::frame::Frame;
use super::horizontal::Field;

/// Distance over which tubes come to lean to another side, Mm.
const SPACING_MM: f64 = 5.0;

/// Adds the horizontal field of tubes that lean: `tan(angle) Br` to the west and to the north, with a smooth random angle for
/// either.
pub(super) fn lean(field: &mut Field, frame: &Frame, bearing: &Bearing, rng: &mut impl Rng) {
    let sheet = frame.sheet(1);
    let half_mm = 1.5 * sheet.reach_mm();
    let [west, north] = std::array::from_fn(|_| Relief::draw(rng, SPACING_MM, half_mm, 0.0));
    let width = frame.width;
    let fields = field.bz.chunks_exact(width).zip(
        field
            .bx
            .chunks_exact_mut(width)
            .zip(field.by.chunks_exact_mut(width)),
    );
    // A sheet begins in the north, FITS in the south.
    for (row, (bz, (bx, by))) in fields.rev().enumerate() {
        for (column, (bz, (bx, by))) in bz.iter().zip(bx.iter_mut().zip(by)).enumerate() {
            let place = sheet.place(row, column);
            let tipped = bearing.lean as f32 * bz;
            *bx += tipped * west.at(place) as f32;
            *by += tipped * north.at(place) as f32;
        }
    }
}
