//! Where the pixels of a record lie on the Sun.
//!
//! Patches are remapped to a cylindrical equal-area projection about their own centre (CTYPE `CRLN-CEA`,
//! `CRLT-CEA`), where a pixel spans CDELT1 = 0.03° of the sphere: CDELT1 · π/180 · `RSUN_REF` = 0.3644 Mm.
//!
//! References: Calabretta & Greisen 2002 (A&A 395, 1077), section 5.2; Hoeksema et al. 2014.

mod helioprojective;

pub use self::helioprojective::{Helioprojective, Place};

use crate::error::RecordError;
use crate::fits::Header;
use crate::record::SharpId;

/// The radius of the Sun that JSOC uses where a header does not tell, in metres.
pub const RSUN_REF_M: f64 = 696_000_000.0;

/// How the pixels of a record lie on the Sun: as JSOC maps them, or as they were seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Projection {
    /// Cylindrical equal-area, about the centre of the patch: `…_cea_…`.
    EqualArea(Geometry),
    /// In the plane of the image.
    Helioprojective(Helioprojective),
}

impl Projection {
    /// Reads the cards.
    ///
    /// # Errors
    /// When the header names another projection, or lacks what this one needs.
    pub fn from_header(id: SharpId, header: &Header) -> Result<Self, RecordError> {
        match header.text("CTYPE1").map(str::trim) {
            Some("HPLN-TAN") => Helioprojective::from_header(id, header).map(Self::Helioprojective),
            _ => Geometry::from_header(id, header).map(Self::EqualArea),
        }
    }
}

/// The place and scale of a patch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Geometry {
    /// Pixel scale along x and y, in degrees.
    pub cdelt_deg: [f64; 2],
    /// The reference pixel, its centre of the patch, counted from 1 as FITS does.
    pub crpix: [f64; 2],
    /// Carrington longitude and latitude there, in degrees.
    pub crval_deg: [f64; 2],
    /// The radius of the Sun that the projection used, in metres.
    pub rsun_ref_m: f64,
    /// Distance from the observer to the centre of the Sun, in metres.
    pub dsun_obs_m: Option<f64>,
    /// Angular radius of the Sun, in arcsec.
    pub rsun_obs_arcsec: Option<f64>,
    /// Carrington longitude of the central meridian, in degrees.
    pub crln_obs_deg: Option<f64>,
}

impl Geometry {
    /// Reads the cards.
    ///
    /// # Errors
    /// When the record is not in the cylindrical equal-area projection, or lacks its scale.
    pub fn from_header(id: SharpId, header: &Header) -> Result<Self, RecordError> {
        let refuse = |keyword, expected| RecordError::Geometry {
            id,
            keyword,
            expected,
            found: header.found(keyword),
        };
        for (keyword, expected) in [
            ("CTYPE1", "'CRLN-CEA' or 'HPLN-TAN'"),
            ("CTYPE2", "'CRLT-CEA' or 'HPLT-TAN'"),
        ] {
            if header
                .text(keyword)
                .is_none_or(|projection| !projection.ends_with("-CEA"))
            {
                return Err(refuse(keyword, expected));
            }
        }
        let degrees = |keyword| {
            header
                .real(keyword)
                .ok_or_else(|| refuse(keyword, "a number of degrees"))
        };
        let scale = |keyword| {
            let positive = header.real(keyword).filter(|degrees| *degrees > 0.0);
            positive.ok_or_else(|| refuse(keyword, "a number of degrees above 0"))
        };
        let pixel = |keyword| {
            header
                .real(keyword)
                .ok_or_else(|| refuse(keyword, "a pixel's number"))
        };
        Ok(Self {
            cdelt_deg: [scale("CDELT1")?, scale("CDELT2")?],
            crpix: [pixel("CRPIX1")?, pixel("CRPIX2")?],
            crval_deg: [degrees("CRVAL1")?, degrees("CRVAL2")?],
            rsun_ref_m: header
                .real("RSUN_REF")
                .filter(|metres| *metres > 0.0)
                .unwrap_or(RSUN_REF_M),
            dsun_obs_m: header.real("DSUN_OBS").filter(|metres| *metres > 0.0),
            rsun_obs_arcsec: header.real("RSUN_OBS").filter(|arcsec| *arcsec > 0.0),
            crln_obs_deg: header.real("CRLN_OBS"),
        })
    }

    /// The side of a pixel on the Sun, in Mm. Both sides are equal: an equal-area pixel is a square at the
    /// centre of the projection.
    ///
    /// # Examples
    /// ```
    /// use helioql_catalog::Geometry;
    ///
    /// let patch = Geometry {
    ///     cdelt_deg: [0.03, 0.03],
    ///     crpix: [372.5, 189.0],
    ///     crval_deg: [34.88, -21.08],
    ///     rsun_ref_m: 696e6,
    ///     dsun_obs_m: None,
    ///     rsun_obs_arcsec: None,
    ///     crln_obs_deg: Some(21.73),
    /// };
    /// assert_eq!((patch.pixel_mm() * 1e4).round(), 3644.0); // 0.03 · 0.0174533 · 696 Mm
    /// assert_eq!((patch.longitude_deg().expect("the meridian is known") * 100.0).round(), 1315.0);
    /// ```
    pub fn pixel_mm(&self) -> f64 {
        self.cdelt_deg[0].to_radians() * self.rsun_ref_m / 1e6
    }

    /// Longitude of the centre from the central meridian, west positive, in degrees from −180 to 180.
    pub fn longitude_deg(&self) -> Option<f64> {
        self.crln_obs_deg
            .map(|meridian| (self.crval_deg[0] - meridian + 180.0).rem_euclid(360.0) - 180.0)
    }

    /// Latitude of the centre, in degrees.
    pub fn latitude_deg(&self) -> f64 {
        self.crval_deg[1]
    }
}
