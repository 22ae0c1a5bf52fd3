//! Magnetic area of a patch, `AREA [Mm²]`: the cells with |B| > 50 G.
//!
//! 50 G is about five times the noise of a line-of-sight magnetogram in cells of 1.54 Mm, so quiet Sun
//! counts for nothing. JSOC's `AREA_ACR` is another quantity: it comes from the HARP bitmap and is given in
//! microhemispheres.

use crate::patch::Patch;

/// Field above which a cell belongs to the region, G.
pub const THRESHOLD_GAUSS: f32 = 50.0;

/// Area of the cells above [`THRESHOLD_GAUSS`] in Mm²; NaN where no pixel was observed.
pub fn area_mm2(patch: &Patch) -> f64 {
    let (mut strong, mut observed) = (0_usize, false);
    for b in patch.gauss() {
        strong += usize::from(b.is_finite() && b.abs() > THRESHOLD_GAUSS);
        observed |= b.is_finite();
    }
    if observed {
        strong as f64 * patch.grid().cell_mm.powi(2)
    } else {
        f64::NAN
    }
}
