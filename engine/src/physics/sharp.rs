//! The keywords of a SHARP record, computed from its segments as JSOC computes them.
//!
//! They stand apart from the quantities of a patch because they need what a patch has not: the three
//! components of the field, their errors and the masks of the pipeline. Each file has one formula:
//!
//! | file | keywords | from |
//! |---|---|---|
//! | [`flux`] | USFLUX, CMASK | Br |
//! | [`inclination`] | MEANGAM | Br, Bp, Bt |
//! | [`gradient`] | MEANGBT, MEANGBZ, MEANGBH | Br for MEANGBZ, else all three |
//! | [`current`] | MEANJZD, TOTUSJZ, SAVNCPP | Br, Bp, Bt |
//! | [`twist`] | MEANALP | Br, Bp, Bt |
//! | [`helicity`] | MEANJZH, TOTUSJH, ABSNJZH | Br, Bp, Bt |
//! | [`energy`] | MEANPOT, TOTPOT, and free energy | Br, Bp, Bt |
//! | [`shear`] | MEANSHR, SHRGT45 | Br, Bp, Bt |
//! | [`line_of_sight`] | USFLUXL, MEANGBL, CMASKL | the magnetogram |
//! | [`inversion_line`] | `R_VALUE` | the magnetogram |
//!
//! A pixel counts where `conf_disambig` ≥ 70 and `bitmap` ≥ 30 (along the line of sight: `bitmap` ≥ 30) and
//! nothing that the formula needs is NaN. Axes are x to the west, y to the north, z outward, so that
//! Bx = Bp, By = −Bt, Bz = Br. Energy and shear need a potential field, and there are two: the
//! catalogue's ([`catalogue_field`]), which is none in truth, and the physical one ([`potential`]), whose
//! keywords end in `_pot`.
//!
//! References: Bobra et al. 2014 (Sol. Phys. 289, 3549), table 3, for the formulas; the constants and the
//! order of operations follow the public reference implementation mbobra/SHARPs, and each file names the
//! habits of JSOC's values that it keeps.

use super::Error;

pub mod catalogue_field;
pub mod current;
pub mod energy;
pub mod field;
pub mod flux;
pub mod gradient;
pub mod helicity;
pub mod inclination;
pub mod inversion_line;
pub mod line_of_sight;
pub mod potential;
mod scale;
pub mod shear;
pub mod twist;

pub use self::field::{Horizontal, VectorField};
pub use self::scale::PixelScale;

/// Lowest `conf_disambig` that counts: the high-confidence pixels.
pub const MIN_CONF_DISAMBIG: f32 = 70.0;

/// Lowest `bitmap` that counts: pixels inside the HARP.
pub const MIN_BITMAP: f32 = 30.0;

/// A keyword that was computed, in the unit that the registry of keywords gives it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Its name, as in SQL.
    pub name: &'static str,
    /// Its value; NaN where no pixel counts.
    pub value: f64,
    /// Its formal error, propagated from the errors of the field as if pixels were independent; NaN where
    /// the record has no errors or the keyword has none.
    pub error: f64,
}

impl Measured {
    const fn exact(name: &'static str, value: f64) -> Self {
        Self {
            name,
            value,
            error: f64::NAN,
        }
    }
}

/// The segments of one record, each of `width` × `height` pixels in FITS order (row 0 south, column 0 east).
#[derive(Clone, Copy, Debug, Default)]
pub struct Segments<'a> {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Radial field, outward positive, G.
    pub br: Option<&'a [f32]>,
    /// Westward field, G.
    pub bp: Option<&'a [f32]>,
    /// Southward field, G.
    pub bt: Option<&'a [f32]>,
    /// Formal error of Br, G.
    pub br_err: Option<&'a [f32]>,
    /// Formal error of Bp, G.
    pub bp_err: Option<&'a [f32]>,
    /// Formal error of Bt, G.
    pub bt_err: Option<&'a [f32]>,
    /// Field along the line of sight, G.
    pub magnetogram: Option<&'a [f32]>,
    /// Which pixels belong to the region.
    pub bitmap: Option<&'a [f32]>,
    /// Confidence of the disambiguation.
    pub conf_disambig: Option<&'a [f32]>,
}

/// Every keyword that the segments allow, with its error where they allow that too. A keyword whose segments
/// are not all there is left out, never guessed.
///
/// The cost grows with the number of pixels in the mask, and, for the `_pot` keywords, as a Fourier transform
/// of the image padded to twice its sides.
///
/// # Errors
/// [`Error::ImageSize`] if a segment has not `width` × `height` pixels.
///
/// # Examples
/// ```
/// use helioql::physics::sharp::{PixelScale, Segments, keywords};
///
/// let scale = PixelScale { arcsec: 0.5, side_mm: 0.36, area_cm2: 1e15 };
/// let segments = Segments {
///     width: 2,
///     height: 2,
///     br: Some(&[500.0, -300.0, 900.0, f32::NAN]),
///     bitmap: Some(&[34.0, 33.0, 2.0, 34.0]),
///     conf_disambig: Some(&[90.0, 90.0, 90.0, 90.0]),
///     ..Segments::default()
/// };
/// let found = keywords(&segments, scale)?;
/// let value = |name| found.iter().find(|keyword| keyword.name == name).map(|keyword| keyword.value);
/// assert_eq!(value("usflux"), Some(8e17));
/// assert_eq!(value("cmask"), Some(2.0));
/// assert_eq!(value("totusjz"), None); // it needs Bp and Bt
/// # Ok::<(), helioql::physics::Error>(())
/// ```
pub fn keywords(segments: &Segments<'_>, scale: PixelScale) -> Result<Vec<Measured>, Error> {
    segments.check()?;
    let mut found = Vec::new();
    let (width, height) = (segments.width, segments.height);
    if let (Some(br), Some(bitmap), Some(confidence)) = (segments.br, segments.bitmap, segments.conf_disambig)
    {
        let mask = field::mask(br, bitmap, confidence);
        found.extend(flux::flux(br, segments.br_err, &mask, scale));
        found.push(gradient::vertical(br, segments.br_err, (width, height), &mask));
        if let (Some(bp), Some(bt)) = (segments.bp, segments.bt) {
            let errors = match (segments.bp_err, segments.bt_err, segments.br_err) {
                (Some(bp), Some(bt), Some(br)) => Some([bp, bt, br]),
                _ => None,
            };
            let field = VectorField {
                width,
                height,
                bp,
                bt,
                br,
                errors,
                mask,
            };
            found.extend(vector_keywords(&field, scale));
        }
    }
    found.extend(gradient::per_mm(&found, scale));
    if let Some(los) = segments.magnetogram {
        if let Some(bitmap) = segments.bitmap {
            found.extend(line_of_sight::keywords(los, bitmap, width, height, scale));
        }
        found.push(Measured::exact(
            "r_value",
            inversion_line::r_value(los, width, height, scale),
        ));
    }
    Ok(found)
}

fn vector_keywords(field: &VectorField<'_>, scale: PixelScale) -> Vec<Measured> {
    let mut found = vec![inclination::mean_inclination(field)];
    found.extend(gradient::total_and_horizontal(field));
    let current = current::Current::of(field);
    found.extend(current.keywords(field, scale));
    found.push(twist::mean_twist(field, &current, scale));
    found.extend(helicity::keywords(field, &current, scale));
    let catalogue = catalogue_field::horizontal(field);
    found.extend(energy::keywords(field, &catalogue, scale, ["meanpot", "totpot"]));
    found.extend(shear::keywords(field, &catalogue, ["meanshr", "shrgt45"]));
    let potential = potential::Potential::of(field.br, field.width, field.height);
    let at_mask = potential.horizontal(field);
    found.extend(energy::keywords(
        field,
        &at_mask,
        scale,
        ["meanpot_pot", "totpot_pot"],
    ));
    found.extend(shear::keywords(field, &at_mask, ["meanshr_pot", "shrgt45_pot"]));
    found.push(energy::free_energy(field, &potential, scale));
    found
}

impl Segments<'_> {
    /// Names the segment that has not the size of the record.
    fn check(&self) -> Result<(), Error> {
        let expected = self.width * self.height;
        let segments = [
            ("Br", self.br),
            ("Bp", self.bp),
            ("Bt", self.bt),
            ("Br_err", self.br_err),
            ("Bp_err", self.bp_err),
            ("Bt_err", self.bt_err),
            ("magnetogram", self.magnetogram),
            ("bitmap", self.bitmap),
            ("conf_disambig", self.conf_disambig),
        ];
        for (name, segment) in segments {
            if let Some(found) = segment.map(<[f32]>::len).filter(|&found| found != expected) {
                return Err(Error::ImageSize {
                    name,
                    expected,
                    found,
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
