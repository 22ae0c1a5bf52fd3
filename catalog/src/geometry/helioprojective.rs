//! Images as the observer sees the Sun: helioprojective coordinates in the gnomonic projection.
//!
//! `hmi.sharp_720s`, cut-outs of `hmi.M_720s` and full-disk images have CTYPE `HPLN-TAN`, `HPLT-TAN`. From a pixel a
//! ray leads to the sphere of radius `RSUN_REF` about a centre at the distance `DSUN_OBS`.
//!
//! References: Thompson 2006 (A&A 449, 791), sections 3 and 4; Calabretta & Greisen 2002 (A&A 395, 1077),
//! section 5.1.3.

use super::RSUN_REF_M;
use crate::error::RecordError;
use crate::fits::Header;
use crate::record::SharpId;

/// How the pixels of an image lie on the Sun.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Helioprojective {
    /// The reference pixel, counted from 1 as FITS does.
    pub crpix: [f64; 2],
    /// Helioprojective longitude and latitude there, in degrees.
    pub crval_deg: [f64; 2],
    /// What a step along each axis of the image means in degrees: rows for longitude and latitude.
    pub matrix_deg: [[f64; 2]; 2],
    /// Distance from the observer to the centre of the Sun, in metres.
    pub dsun_obs_m: f64,
    /// The radius of the Sun, in metres.
    pub rsun_ref_m: f64,
    /// Latitude of the observer, in degrees: the middle of the disk.
    pub crlt_obs_deg: f64,
}

/// A place on the Sun, in degrees: longitude from the central meridian, west positive, and latitude.
pub type Place = [f64; 2];

impl Helioprojective {
    /// Reads the cards. The rotation is told by `PCi_j` or by CROTA2, the units by CUNIT1 and CUNIT2.
    ///
    /// # Errors
    /// When a card that the place of the pixels rests on is missing.
    pub fn from_header(id: SharpId, header: &Header) -> Result<Self, RecordError> {
        let number = |keyword| {
            header.real(keyword).ok_or_else(|| RecordError::Geometry {
                id,
                keyword,
                expected: "a number",
                found: header.found(keyword),
            })
        };
        let unit = |keyword| match header.text(keyword).map(str::trim) {
            Some("deg") => 1.0,
            // What HMI and MDI write, and what those that leave it out mean.
            _ => 1.0 / 3600.0,
        };
        let units = [unit("CUNIT1"), unit("CUNIT2")];
        let cdelt = [number("CDELT1")? * units[0], number("CDELT2")? * units[1]];
        let rotation = match ["PC1_1", "PC1_2", "PC2_1", "PC2_2"].map(|card| header.real(card)) {
            [Some(a), Some(b), Some(c), Some(d)] => [[a, b], [c, d]],
            _ => {
                let (sine, cosine) = header.real("CROTA2").unwrap_or(0.0).to_radians().sin_cos();
                // PC1_2 = −sin ρ CDELT2/CDELT1, PC2_1 = sin ρ CDELT1/CDELT2.
                [
                    [cosine, -sine * cdelt[1] / cdelt[0]],
                    [sine * cdelt[0] / cdelt[1], cosine],
                ]
            }
        };
        let latitude = header.real("CRLT_OBS").or_else(|| header.real("HGLT_OBS"));
        Ok(Self {
            crpix: [number("CRPIX1")?, number("CRPIX2")?],
            crval_deg: [number("CRVAL1")? * units[0], number("CRVAL2")? * units[1]],
            matrix_deg: [0, 1].map(|row| rotation[row].map(|turn| turn * cdelt[row])),
            dsun_obs_m: number("DSUN_OBS")?,
            rsun_ref_m: header
                .real("RSUN_REF")
                .filter(|metres| *metres > 0.0)
                .unwrap_or(RSUN_REF_M),
            crlt_obs_deg: latitude.map_or_else(|| number("CRLT_OBS"), Ok)?,
        })
    }

    /// Where a place appears in the image, column and row counted from 0 at the centre of the first pixel;
    /// nothing for the far side of the Sun.
    ///
    /// # Examples
    /// ```
    /// use helioql_catalog::geometry::Helioprojective;
    ///
    /// // The disk's middle stands at the reference pixel; a degree north of it is one degree of 696 Mm, 12.1 Mm,
    /// // which from 149 Gm − 0.7 Gm away is 16.9 arcsec or 33.8 pixels of half an arcsec.
    /// let wcs = Helioprojective {
    ///     crpix: [101.0, 51.0],
    ///     crval_deg: [0.0, 0.0],
    ///     matrix_deg: [[0.5 / 3600.0, 0.0], [0.0, 0.5 / 3600.0]],
    ///     dsun_obs_m: 149e9,
    ///     rsun_ref_m: 696e6,
    ///     crlt_obs_deg: 0.0,
    /// };
    /// assert_eq!(wcs.pixel_of([0.0, 0.0]), Some([100.0, 50.0]));
    /// assert_eq!(wcs.pixel_of([0.0, 1.0]).map(|[_, row]| (row * 10.0).round()), Some(838.0));
    /// assert_eq!(wcs.pixel_of([120.0, 0.0]), None);
    /// ```
    pub fn pixel_of(&self, [longitude, latitude]: Place) -> Option<[f64; 2]> {
        let (sin_lon, cos_lon) = longitude.to_radians().sin_cos();
        let (sin_lat, cos_lat) = latitude.to_radians().sin_cos();
        let (sin_b0, cos_b0) = self.crlt_obs_deg.to_radians().sin_cos();
        let radius = self.rsun_ref_m;
        // Heliocentric axes: x west, y north, z towards the observer.
        let x = radius * cos_lat * sin_lon;
        let y = radius * (sin_lat * cos_b0 - cos_lat * cos_lon * sin_b0);
        let z = radius * (sin_lat * sin_b0 + cos_lat * cos_lon * cos_b0);
        // The limb is where the line of sight touches the sphere.
        if z <= radius * radius / self.dsun_obs_m {
            return None;
        }
        let depth = self.dsun_obs_m - z;
        let (tx, ty) = (x.atan2(depth), y.atan2(x.hypot(depth)));
        let [tx0, ty0] = self.crval_deg.map(f64::to_radians);
        let ((sin_ty, cos_ty), (sin_ty0, cos_ty0)) = (ty.sin_cos(), ty0.sin_cos());
        let cos_difference = (tx - tx0).cos();
        let scale = sin_ty0 * sin_ty + cos_ty0 * cos_ty * cos_difference;
        let xi = (cos_ty * (tx - tx0).sin() / scale).to_degrees();
        let eta = ((cos_ty0 * sin_ty - sin_ty0 * cos_ty * cos_difference) / scale).to_degrees();
        let [[a, b], [c, d]] = self.matrix_deg;
        let determinant = a * d - b * c;
        let column = (d * xi - b * eta) / determinant;
        let row = (a * eta - c * xi) / determinant;
        Some([column + self.crpix[0] - 1.0, row + self.crpix[1] - 1.0])
    }

    /// The place that is seen at a column and a row, counted from 0; nothing off the disk.
    pub fn place_of(&self, [column, row]: [f64; 2]) -> Option<Place> {
        let (along, up) = (column + 1.0 - self.crpix[0], row + 1.0 - self.crpix[1]);
        let [[a, b], [c, d]] = self.matrix_deg;
        let (xi, eta) = (
            (a * along + b * up).to_radians(),
            (c * along + d * up).to_radians(),
        );
        let [tx0, ty0] = self.crval_deg.map(f64::to_radians);
        let (sin_ty0, cos_ty0) = ty0.sin_cos();
        let foreshortened = cos_ty0 - eta * sin_ty0;
        let difference = xi.atan2(foreshortened);
        let tx = tx0 + difference;
        let ty = ((sin_ty0 + eta * cos_ty0) * difference.cos()).atan2(foreshortened);
        // Along the ray (0, 0, D) + t (cos ty sin tx, sin ty, −cos ty cos tx) to its first point of the sphere.
        let (sin_ty, cos_ty) = ty.sin_cos();
        let (distance, radius) = (self.dsun_obs_m, self.rsun_ref_m);
        let cosine = cos_ty * tx.cos();
        let discriminant = (distance * cosine).powi(2) - (distance * distance - radius * radius);
        if discriminant.is_nan() || discriminant < 0.0 {
            return None;
        }
        let ray = distance * cosine - discriminant.sqrt();
        let (x, y, z) = (ray * cos_ty * tx.sin(), ray * sin_ty, distance - ray * cosine);
        let (sin_b0, cos_b0) = self.crlt_obs_deg.to_radians().sin_cos();
        let (north, towards) = (y * cos_b0 + z * sin_b0, z * cos_b0 - y * sin_b0);
        let latitude = (north / radius).clamp(-1.0, 1.0).asin();
        Some([x.atan2(towards).to_degrees(), latitude.to_degrees()])
    }

    /// What a pixel spans of the sphere at the middle of the disk, in degrees.
    pub fn pixel_deg(&self) -> f64 {
        let [[a, b], [c, d]] = self.matrix_deg;
        let side = (a * d - b * c).abs().sqrt();
        side * (self.dsun_obs_m - self.rsun_ref_m) / self.rsun_ref_m
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(rotation: &str) -> Header {
        Header::from_lines(&format!(
            "CRPIX1  = 512.5\nCRPIX2  = 480.25\nCRVAL1  = 12.0\nCRVAL2  = -30.0\nCDELT1  = 0.504\nCDELT2  = 0.504\n\
             {rotation}\nDSUN_OBS= 147.7e9\nRSUN_REF= 6.96e8\nCRLT_OBS= -6.77\nCUNIT1  = 'arcsec'"
        ))
    }

    fn wcs(rotation: &str) -> Helioprojective {
        let t_rec = "2011.02.15_02:00:00_TAI".parse().expect("a time");
        let id = SharpId { harpnum: 377, t_rec };
        Helioprojective::from_header(id, &header(rotation)).expect("all cards are there")
    }

    #[test]
    fn pixels_and_places_are_inverse_to_each_other() {
        for wcs in [wcs("CROTA2  = 179.93"), wcs("CROTA2  = 0.1")] {
            for place in [[0.0, 0.0], [30.0, -20.0], [-60.0, 45.0], [75.0, 10.0]] {
                let pixel = wcs.pixel_of(place).expect("on the near side");
                let back = wcs.place_of(pixel).expect("on the disk");
                for (found, expected) in back.into_iter().zip(place) {
                    // The ray's length is the difference of two 200 times as long.
                    assert!((found - expected).abs() < 1e-8, "{back:?}, expected {place:?}");
                }
            }
            assert_eq!(wcs.place_of([1e5, 0.0]), None);
        }
    }

    #[test]
    fn a_rotation_is_told_in_two_ways() {
        let (sine, cosine) = 30_f64.to_radians().sin_cos();
        let matrix = format!(
            "PC1_1   = {cosine}\nPC1_2   = {}\nPC2_1   = {sine}\nPC2_2   = {cosine}",
            -sine
        );
        let (turned, told) = (wcs("CROTA2  = 30.0"), wcs(&matrix));
        for (turned, told) in turned
            .matrix_deg
            .as_flattened()
            .iter()
            .zip(told.matrix_deg.as_flattened())
        {
            assert!((turned - told).abs() < 1e-12);
        }
    }

    #[test]
    fn a_missing_card_is_named() {
        let id = SharpId {
            harpnum: 1,
            t_rec: "2011.02.15_02:00:00_TAI".parse().expect("a time"),
        };
        let error = Helioprojective::from_header(id, &Header::from_lines("CDELT1  = 0.5\nCDELT2  = 0.5"))
            .expect_err("no reference pixel");
        assert_eq!(
            error.to_string(),
            "record [1][2011.02.15_02:00:00_TAI]: CRPIX1 must be a number, found no such card"
        );
    }
}
