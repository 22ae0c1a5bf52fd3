//! The bipole that a record's header tells of, without a look at its pixels.
//!
//! The HARP pipeline writes the flux-weighted centres of both polarities in Stonyhurst coordinates (LATFWTPO,
//! LONFWTPO, LATFWTNE, LONFWTNE; Hoeksema et al. 2014), so every record has a separation and a tilt.

use crate::fits::Header;

/// The relative place of the two polarities on the sphere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bipole {
    /// Angle between the centres, seen from the centre of the Sun, degrees; one is 12.15 Mm on the surface.
    pub separation_deg: f64,
    /// Angle of the line between the centres from east-west, in (−90°, 90°], positive where the western centre
    /// lies further south, whichever its sign; as the keyword `tilt` of a patch. Nothing where they coincide.
    pub tilt_deg: Option<f64>,
}

impl Bipole {
    /// The bipole of the cards; nothing where one is missing, as for a region of one polarity.
    ///
    /// # Examples
    /// ```
    /// use helioql_catalog::{Header, bipole::Bipole};
    ///
    /// // HARP 377 on 2011-02-15. The positive centre is 1.41° north and 4.65° west of the negative one.
    /// let header = Header::from_lines(
    ///     "LATFWTPO= -19.49\nLONFWTPO= 15.13\nLATFWTNE= -20.90\nLONFWTNE= 10.48",
    /// );
    /// let bipole = Bipole::from_header(&header).expect("both centres are there");
    /// // √(1.41² + (4.65 cos 20.2°)²)
    /// assert_eq!(format!("{:.2}", bipole.separation_deg), "4.59");
    /// // The western polarity lies further north: atan(1.41 / (4.65 cos 20.2°)) is 17.9°.
    /// assert_eq!(bipole.tilt_deg.map(|tilt| format!("{tilt:.1}")).as_deref(), Some("-17.9"));
    /// ```
    pub fn from_header(header: &Header) -> Option<Self> {
        let card = |card| header.real(card);
        Some(Self::between(
            (card("LATFWTPO")?, card("LONFWTPO")?),
            (card("LATFWTNE")?, card("LONFWTNE")?),
        ))
    }

    /// The bipole of two centres, each its latitude and longitude in degrees, west positive.
    pub fn between(positive: (f64, f64), negative: (f64, f64)) -> Self {
        let (north_p, west_p) = (positive.0.to_radians(), positive.1.to_radians());
        let (north_n, west_n) = (negative.0.to_radians(), negative.1.to_radians());
        let (north, west) = (north_p - north_n, west_p - west_n);
        // The haversine keeps its precision for small angles.
        let half = |angle: f64| (angle / 2.0).sin().powi(2);
        let chord = half(north) + north_p.cos() * north_n.cos() * half(west);
        let separation = 2.0 * chord.sqrt().min(1.0).asin();
        let along = west * f64::midpoint(north_p, north_n).cos();
        let tilt = if along < 0.0 || (along == 0.0 && north > 0.0) {
            north.atan2(-along)
        } else {
            (-north).atan2(along)
        };
        Self {
            separation_deg: separation.to_degrees(),
            tilt_deg: (separation > 0.0).then(|| tilt.to_degrees()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bipole(positive: (f64, f64), negative: (f64, f64)) -> Option<Bipole> {
        let (north_p, west_p) = positive;
        let (north_n, west_n) = negative;
        Bipole::from_header(&Header::from_lines(&format!(
            "LATFWTPO= {north_p}\nLONFWTPO= {west_p}\nLATFWTNE= {north_n}\nLONFWTNE= {west_n}"
        )))
    }

    #[test]
    fn the_sign_of_the_western_polarity_makes_no_difference() {
        let found = bipole((10.0, 5.0), (12.0, 0.0));
        assert_eq!(found, bipole((12.0, 0.0), (10.0, 5.0)));
        assert!(
            found
                .and_then(|found| found.tilt_deg)
                .is_some_and(|tilt| tilt > 0.0)
        );
    }

    #[test]
    fn along_a_meridian_and_at_one_place() {
        let upright = bipole((3.0, 0.0), (0.0, 0.0)).expect("two centres");
        assert!((upright.separation_deg - 3.0).abs() < 1e-12);
        assert_eq!(upright.tilt_deg, Some(90.0));
        assert_eq!(
            bipole((1.0, 1.0), (1.0, 1.0)).map(|same| same.tilt_deg),
            Some(None)
        );
    }

    #[test]
    fn a_region_of_one_polarity_has_none() {
        assert_eq!(
            Bipole::from_header(&Header::from_lines("LATFWTPO= 1.0\nLONFWTPO= 2.0")),
            None
        );
    }
}
