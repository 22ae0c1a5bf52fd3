//! JSOC's own `USFLUX [Mx]` and `CMASK [pixels]` from the segments of a SHARP record.
//!
//! They stand apart from the patch quantities because they need what a patch has not: the vector field's
//! radial component and the masks of the disambiguation. A pixel counts where
//! `conf_disambig ≥ 70` and `bitmap ≥ 30` and Br is finite; CMASK is their number and
//! USFLUX = Σ|Br| dA (Bobra et al. 2014, Solar Physics 289, 3549, table 3, with the area of a CEA pixel as
//! the reference implementation mbobra/SHARPs computes it).

use super::Error;

/// Lowest `conf_disambig` that counts: the high-confidence pixels.
pub const MIN_CONF_DISAMBIG: f32 = 70.0;

/// Lowest `bitmap` that counts: pixels inside the HARP.
pub const MIN_BITMAP: f32 = 30.0;

/// The size of a CEA pixel as JSOC's keyword code sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PixelScale {
    /// Angle of a pixel at disk centre as seen from the spacecraft, arcsec.
    pub arcsec: f64,
    /// Side of a pixel, Mm.
    pub side_mm: f64,
    /// Area of a pixel, cm².
    pub area_cm2: f64,
}

impl PixelScale {
    /// Scale from the header: `CDELT1` in degrees, `RSUN_REF` and `DSUN_OBS` in metres, `RSUN_OBS` in arcsec.
    ///
    /// The angle is `c = atan(RSUN_REF · CDELT1 · π/180 / DSUN_OBS)` and the side `c · RSUN_REF / RSUN_OBS`.
    /// It differs from the side on the sphere, `RSUN_REF · CDELT1 · π/180`, by a few parts in a million, and
    /// is what the catalogue's values rest on.
    ///
    /// # Errors
    /// [`Error::Header`] unless all four are positive numbers.
    ///
    /// # Examples
    /// ```
    /// use helioql::physics::sharp::PixelScale;
    ///
    /// let scale = PixelScale::from_header(0.03, 696_000_000.0, 971.671936, 147_746_220_503.41)?;
    /// assert_eq!(format!("{:.3} arcsec, {:.4} Mm", scale.arcsec, scale.side_mm), "0.509 arcsec, 0.3644 Mm");
    /// # Ok::<(), helioql::physics::Error>(())
    /// ```
    pub fn from_header(
        cdelt1_deg: f64,
        rsun_ref_m: f64,
        rsun_obs_arcsec: f64,
        dsun_obs_m: f64,
    ) -> Result<Self, Error> {
        for (keyword, unit, value) in [
            ("CDELT1", "degrees", cdelt1_deg),
            ("RSUN_REF", "metres", rsun_ref_m),
            ("RSUN_OBS", "arcseconds", rsun_obs_arcsec),
            ("DSUN_OBS", "metres", dsun_obs_m),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(Error::Header { keyword, unit, value });
            }
        }
        let arcsec = (rsun_ref_m * cdelt1_deg.to_radians() / dsun_obs_m)
            .atan()
            .to_degrees()
            * 3600.0;
        let side_m = arcsec * rsun_ref_m / rsun_obs_arcsec;
        Ok(Self {
            arcsec,
            side_mm: side_m * 1e-6,
            area_cm2: side_m * side_m * 1e4,
        })
    }
}

/// What the high-confidence pixels of a record hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Masked {
    /// Total unsigned flux, Mx.
    pub usflux_mx: f64,
    /// Number of pixels that contribute.
    pub cmask: u64,
}

/// `USFLUX` and `CMASK` from the segments Br, bitmap and `conf_disambig` of one record, in any common order.
///
/// # Errors
/// [`Error::ImageSize`] if a mask does not have as many pixels as Br.
///
/// # Examples
/// ```
/// use helioql::physics::sharp::usflux;
///
/// let br = [500.0, -300.0, 900.0, f32::NAN];
/// let found = usflux(&br, &[34.0, 33.0, 2.0, 34.0], &[90.0, 90.0, 90.0, 90.0], 1e15)?;
/// assert_eq!((found.usflux_mx, found.cmask), (8e17, 2));
/// # Ok::<(), helioql::physics::Error>(())
/// ```
pub fn usflux(
    br_gauss: &[f32],
    bitmap: &[f32],
    conf_disambig: &[f32],
    pixel_area_cm2: f64,
) -> Result<Masked, Error> {
    let expected = br_gauss.len();
    for (name, mask) in [("bitmap", bitmap), ("conf_disambig", conf_disambig)] {
        if mask.len() != expected {
            return Err(Error::ImageSize {
                name,
                expected,
                found: mask.len(),
            });
        }
    }
    let (mut sum, mut cmask) = (0.0, 0);
    for ((&br, &bits), &confidence) in br_gauss.iter().zip(bitmap).zip(conf_disambig) {
        if confidence >= MIN_CONF_DISAMBIG && bits >= MIN_BITMAP && br.is_finite() {
            sum += f64::from(br.abs());
            cmask += 1;
        }
    }
    Ok(Masked {
        usflux_mx: sum * pixel_area_cm2,
        cmask,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_of_another_size_is_named() {
        let error = usflux(&[1.0, 2.0], &[34.0, 34.0], &[90.0], 1.0).expect_err("one pixel is not two");
        assert_eq!(
            error.to_string(),
            "`conf_disambig` has 1 pixels, expected 2 as in the rest of the record"
        );
    }

    #[test]
    fn a_header_without_a_scale_is_refused() {
        let error = PixelScale::from_header(0.03, 6.96e8, f64::NAN, 1.5e11).expect_err("NaN is no radius");
        assert_eq!(
            error.to_string(),
            "header keyword `RSUN_OBS` must be a positive number of arcseconds, found NaN"
        );
    }
}
