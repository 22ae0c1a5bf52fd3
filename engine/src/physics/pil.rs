//! Flux along strong-gradient polarity inversion lines, `R_FLUX [Mx]` and `R_VALUE [log₁₀]`.
//!
//! The masks B > 150 G and B < −150 G are each dilated by a square of half-width 3.08 Mm (3 × 3 cells of
//! 3.08 Mm, 5 × 5 of 1.54 Mm); R is the unsigned flux where they overlap. This is the R of arXiv:2502.05351
//! with its 7 × 7 pixels made a length, so that it does not depend on the size of the patch. Schrijver (2007,
//! `ApJ` 655, L117) weights by the distance from the line with a Gaussian of 15 Mm instead.
//! `R_VALUE` follows the catalogue's unit: log₁₀ of Σ|B| over pixels of 2 arcsec (1.46 Mm), 0 below one.

use crate::patch::{CM2_PER_MM2, Patch};

/// Field above which a pixel can lie at a strong inversion line, G.
pub const THRESHOLD_GAUSS: f32 = 150.0;

/// Half-width of the dilating square, Mm.
pub const REACH_MM: f64 = 3.08;

/// One Gauss over one pixel of 2 arcsec (1.46 Mm at disk centre), Mx.
pub const R_VALUE_UNIT_MX: f64 = 1.46 * 1.46 * CM2_PER_MM2;

const POSITIVE: u8 = 1;
const NEGATIVE: u8 = 2;
const BOTH: u8 = POSITIVE | NEGATIVE;

/// Unsigned flux within reach of both strong polarities, Mx; NaN where no pixel was observed.
///
/// # Examples
/// ```
/// use helioql::patch::{Grid, Patch};
/// use helioql::physics::pil::r_flux;
///
/// let field = |b| Patch::new(Grid { height: 1, width: 4, cell_mm: 3.0 }, vec![200.0, b, -200.0, 0.0]);
/// // Both dilated masks reach only the middle cell: 100 G × 9 Mm².
/// assert_eq!(r_flux(&field(100.0)?), 9e18);
/// assert_eq!(r_flux(&field(0.0)?), 0.0);
/// # Ok::<(), helioql::patch::Error>(())
/// ```
pub fn r_flux(patch: &Patch) -> f64 {
    let (mut present, mut observed) = (0, false);
    let mask: Vec<u8> = patch
        .gauss()
        .iter()
        .map(|&b| {
            observed |= b.is_finite();
            let sign = sign_mask(b);
            present |= sign;
            sign
        })
        .collect();
    if !observed {
        return f64::NAN;
    }
    if present != BOTH {
        return 0.0;
    }
    let reach = (REACH_MM / patch.grid().cell_mm).round().max(1.0) as usize;
    let near = dilate(&mask, patch.grid().width, reach);
    let sum = near
        .iter()
        .zip(patch.gauss())
        .filter(|&(&near, b)| near == BOTH && b.is_finite())
        .fold(0.0, |sum, (_, &b)| sum + f64::from(b.abs()));
    sum * patch.cell_area_cm2()
}

/// `R_VALUE` of an [`r_flux`]: log₁₀ in units of [`R_VALUE_UNIT_MX`], 0 where there is less than one unit.
///
/// # Examples
/// ```
/// use helioql::physics::pil::{R_VALUE_UNIT_MX, r_value};
///
/// assert_eq!(r_value(1000.0 * R_VALUE_UNIT_MX), 3.0);
/// assert_eq!(r_value(0.0), 0.0);
/// assert!(r_value(f64::NAN).is_nan());
/// ```
pub fn r_value(r_flux_mx: f64) -> f64 {
    let units = r_flux_mx / R_VALUE_UNIT_MX;
    if units < 1.0 { 0.0 } else { units.log10() }
}

fn sign_mask(b: f32) -> u8 {
    if !b.is_finite() || b.abs() <= THRESHOLD_GAUSS {
        0
    } else if b > 0.0 {
        POSITIVE
    } else {
        NEGATIVE
    }
}

/// ORs each pixel with all within `reach` rows and columns; the square is done one axis at a time.
fn dilate(mask: &[u8], width: usize, reach: usize) -> Vec<u8> {
    let mut across = mask.to_vec();
    for (row, wide) in mask.chunks_exact(width).zip(across.chunks_exact_mut(width)) {
        for shift in 1..=reach.min(width - 1) {
            join(&mut wide[shift..], row);
            join(wide, &row[shift..]);
        }
    }
    let mut near = across.clone();
    let height = mask.len() / width;
    for shift in 1..=reach.min(height - 1) {
        join(&mut near[shift * width..], &across);
        join(&mut near, &across[shift * width..]);
    }
    near
}

/// ORs `from` onto `onto`, over the shorter of the two.
fn join(onto: &mut [u8], from: &[u8]) {
    for (onto, from) in onto.iter_mut().zip(from) {
        *onto |= from;
    }
}
