//! Magnetic quantities of an active region, in true units.
//!
//! Formulas only: slices and patches in, numbers out, no SQL, no Arrow and no network, so that each can be
//! read beside its reference. One formula stands in one file; [`measure`] gathers those that need nothing but
//! a patch, [`sharp`] holds JSOC's own definitions, which need the masks of a SHARP record,
//! [`resample`] brings a SHARP image to a patch, and [`reproject`] an image of the disk to a SHARP image. [`paper`] has the dimensionless quantities of arXiv:2502.05351.
//!
//! NaN pixels are left out of every sum. A quantity that a patch does not have (the separation of polarities
//! where only one is present, anything where no pixel was observed) is NaN, which SQL shows as NULL; a flux
//! or an area of nothing is zero.

pub mod area;
pub mod flux;
pub(crate) mod fourier;
pub mod paper;
pub mod pil;
pub mod polarity;
pub mod reproject;
pub mod resample;
pub mod sharp;
pub mod spectrum;

use crate::patch::{self, Patch};

/// Every quantity that the field of a patch alone allows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PatchQuantities {
    /// Total unsigned flux Σ|B| dA, Mx ([`flux`]).
    pub usflux: f64,
    /// Flux of the positive polarity, Mx ([`flux`]).
    pub tpf: f64,
    /// Unsigned flux of the negative polarity, Mx ([`flux`]).
    pub tnf: f64,
    /// Net flux, positive minus negative, Mx ([`flux`]).
    pub netflux: f64,
    /// Distance of the polarities' centroids, Mm ([`polarity`]).
    pub psep_mm: f64,
    /// Unsigned flux along strong-gradient inversion lines, Mx ([`pil`]).
    pub r_flux: f64,
    /// log₁₀ of that flux in Gauss × (2 arcsec)² pixels, 0 where there is none ([`pil`]).
    pub r_value: f64,
    /// Area with |B| > 50 G, Mm² ([`area`]).
    pub area_mm2: f64,
    /// Tilt of the bipole, positive where its western polarity lies further south, degrees ([`polarity`]).
    pub tilt_deg: f64,
    /// Which polarity is west: +1 the positive, −1 the negative, by the cosine of the bipole axis
    /// ([`polarity`]).
    pub polarity: f64,
    /// How far the positive polarity lies west of the negative one, negative where east, Mm ([`polarity`]).
    pub dipole_mm: f64,
    /// Net flux as a part of the unsigned flux, −1 to 1 ([`flux`]).
    pub imbalance: f64,
}

impl PatchQuantities {
    /// Names of the quantities, in the order of [`values`](Self::values).
    pub const NAMES: [&'static str; 12] = [
        "usflux",
        "tpf",
        "tnf",
        "netflux",
        "psep",
        "r_flux",
        "r_value",
        "area",
        "tilt",
        "polarity",
        "dipole",
        "imbalance",
    ];

    /// The quantities in the order of [`NAMES`](Self::NAMES).
    pub fn values(&self) -> [f64; 12] {
        [
            self.usflux,
            self.tpf,
            self.tnf,
            self.netflux,
            self.psep_mm,
            self.r_flux,
            self.r_value,
            self.area_mm2,
            self.tilt_deg,
            self.polarity,
            self.dipole_mm,
            self.imbalance,
        ]
    }

    /// The quantity of that name (NaN where the patch does not have it), or `None` for an unknown name.
    pub fn get(&self, name: &str) -> Option<f64> {
        let index = Self::NAMES.iter().position(|&known| known == name)?;
        Some(self.values()[index])
    }
}

/// Measures everything that the field of a patch alone allows.
///
/// # Examples
/// ```
/// use helioql::patch::{Grid, Patch};
/// use helioql::physics::measure;
///
/// // A positive cell east of a negative one: 100 G × (10 Mm)² is 1e20 Mx in each.
/// let patch = Patch::new(Grid { height: 1, width: 2, cell_mm: 10.0 }, vec![100.0, -100.0])?;
/// let found = measure(&patch);
/// assert_eq!(found.usflux, 2e20);
/// assert_eq!(found.netflux, 0.0);
/// assert_eq!(found.psep_mm, 10.0);
/// assert_eq!(found.polarity, -1.0);
/// assert_eq!(found.dipole_mm, -10.0);
/// assert_eq!(found.imbalance, 0.0);
/// assert_eq!(found.get("area"), Some(200.0));
/// # Ok::<(), helioql::patch::Error>(())
/// ```
pub fn measure(patch: &Patch) -> PatchQuantities {
    let flux = flux::flux(patch);
    let bipole = polarity::bipole(patch);
    let r_flux = pil::r_flux(patch);
    PatchQuantities {
        usflux: flux.unsigned_mx,
        tpf: flux.positive_mx,
        tnf: flux.negative_mx,
        netflux: flux.net_mx,
        psep_mm: bipole.map_or(f64::NAN, |b| b.separation_mm),
        r_flux,
        r_value: pil::r_value(r_flux),
        area_mm2: area::area_mm2(patch),
        tilt_deg: bipole.map_or(f64::NAN, |b| b.tilt_deg),
        polarity: bipole.map_or(f64::NAN, |b| b.polarity),
        dipole_mm: bipole.map_or(f64::NAN, |b| b.westward_mm),
        // Nothing over nothing is NaN: a patch without flux has no balance.
        imbalance: flux.net_mx / flux.unsigned_mx,
    }
}

/// Why a quantity could not be computed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An image or mask does not have the size of the others.
    #[error("`{name}` has {found} pixels, expected {expected} as in the rest of the record")]
    ImageSize {
        /// The image or segment.
        name: &'static str,
        /// Pixels it should have.
        expected: usize,
        /// Pixels it has.
        found: usize,
    },
    /// A header keyword that the scale rests on is not a positive number.
    #[error("header keyword `{keyword}` must be a positive number of {unit}, found {value}")]
    Header {
        /// FITS name.
        keyword: &'static str,
        /// Its unit.
        unit: &'static str,
        /// What the header says.
        value: f64,
    },
    /// An image whose middle is not on the Sun.
    #[error("the middle of the image is not on the disk, so it has no place on the Sun")]
    OffDisk,
    /// A region that is none.
    #[error(
        "a region of {width} × {height} pixels of {pixel_deg:.4} degrees was asked for, expected 1 to {} pixels a side; \
         of a larger image a region can be cut out",
        reproject::MAX_SIDE
    )]
    Extent {
        /// Columns.
        width: usize,
        /// Rows.
        height: usize,
        /// Side of a pixel, degrees.
        pixel_deg: f64,
    },
    /// The target grid is not one.
    #[error(transparent)]
    Patch(#[from] patch::Error),
}

#[cfg(test)]
mod tests;
