//! The size of a pixel as JSOC's keyword code sees it.

use crate::physics::Error;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_without_a_scale_is_refused() {
        let error = PixelScale::from_header(0.03, 6.96e8, f64::NAN, 1.5e11).expect_err("NaN is no radius");
        assert_eq!(
            error.to_string(),
            "header keyword `RSUN_OBS` must be a positive number of arcseconds, found NaN"
        );
    }
}
