//! The cards of a simulated record: where it lies, what the HARP pipeline sums up, and what it follows from.
//!
//! The Sun is seen from 1 AU and from its equator, whatever the date. Sums in the plane of the image weigh a
//! pixel of the remapped record by its foreshortening μ and the pixels of the instrument that it covers.

use helioql_catalog::fits::Value;

use super::Origin;
use crate::simulator::vector::{Identity, PIXEL_DEG, PIXEL_MM, RSUN_REF_M, SimulatedSegments};

/// The card of the seed, by which a simulated record is known.
pub(super) const SEED: &str = "SIM_SEED";
const INDEX: &str = "SIM_INDX";

const AU_M: f64 = 149_597_870_700.0;

/// Side of a pixel of the instrument at disk centre, Mm: 0.5042 arcsec.
const IMAGE_PIXEL_MM: f64 = 0.3657;

/// Square megametres in a millionth of the solar hemisphere.
const MM2_PER_UHEM: f64 = std::f64::consts::TAU * 696.0 * 696.0 * 1e-6;

/// Cards that are known before a record is painted.
pub(super) fn numbers(identity: &Identity) -> Vec<(&'static str, Value)> {
    vec![
        ("HARPNUM", Value::Integer(identity.harpnum)),
        ("T_REC", text(&super::sharp_id(identity).t_rec.to_string())),
        ("NOAA_AR", Value::Integer(identity.noaa_ar)),
        ("NOAA_ARS", text(&identity.noaa_ar.to_string())),
        ("NOAA_NUM", Value::Integer(1)),
    ]
}

/// The cards of a record, without the keywords that are computed from its segments.
pub(crate) fn cards(made: &SimulatedSegments, origin: Origin) -> Vec<(&'static str, Value)> {
    let mut cards = numbers(&made.identity);
    let (rotation, meridian_deg) = carrington(made.identity.t_rec);
    cards.extend([
        ("ORIGIN", text("HelioQL simulator")),
        // A seed of 64 bits may be more than a signed integer holds.
        (SEED, text(&origin.seed.to_string())),
        (INDEX, text(&origin.index.to_string())),
        ("QUALITY", Value::Integer(0)),
        ("CTYPE1", text("CRLN-CEA")),
        ("CTYPE2", text("CRLT-CEA")),
        ("CUNIT1", text("deg")),
        ("CUNIT2", text("deg")),
        ("CRPIX1", Value::Real((made.width + 1) as f64 / 2.0)),
        ("CRPIX2", Value::Real((made.height + 1) as f64 / 2.0)),
        (
            "CRVAL1",
            Value::Real((meridian_deg + made.lon_deg).rem_euclid(360.0)),
        ),
        ("CRVAL2", Value::Real(made.lat_deg)),
        ("CDELT1", Value::Real(PIXEL_DEG)),
        ("CDELT2", Value::Real(PIXEL_DEG)),
        ("CROTA2", Value::Real(0.0)),
        ("WCSNAME", text("Carrington Heliographic")),
        ("CAR_ROT", Value::Integer(rotation)),
        ("CRLN_OBS", Value::Real(meridian_deg)),
        ("CRLT_OBS", Value::Real(0.0)),
        ("DSUN_OBS", Value::Real(AU_M)),
        (
            "RSUN_OBS",
            Value::Real((RSUN_REF_M / AU_M).asin().to_degrees() * 3600.0),
        ),
        ("RSUN_REF", Value::Real(RSUN_REF_M)),
        ("OBS_VR", Value::Real(0.0)),
    ]);
    cards.extend(sums(made));
    cards
}

/// What the HARP pipeline sums up over the pixels of the region.
fn sums(made: &SimulatedSegments) -> Vec<(&'static str, Value)> {
    let (mut region, mut active) = (Moments::default(), Moments::default());
    let (mut positive, mut negative) = (Centre::default(), Centre::default());
    let mut edges: Option<Edges> = None;
    for row in 0..made.height {
        for column in 0..made.width {
            let at = row * made.width + column;
            let bits = made.bitmap[at];
            if bits < crate::physics::sharp::MIN_BITMAP {
                continue;
            }
            let (lat_deg, lon_deg) = made.place_deg(row, column);
            let mu = lat_deg.to_radians().cos() * lon_deg.to_radians().cos();
            let b = f64::from(made.magnetogram[at]);
            region.add(mu, b);
            if bits >= 34.0 {
                active.add(mu, b);
                let centre = if b > 0.0 { &mut positive } else { &mut negative };
                centre.add(b.abs(), lat_deg, lon_deg);
            }
            edges = Some(
                edges
                    .unwrap_or(Edges::at(lat_deg, lon_deg))
                    .with(lat_deg, lon_deg),
            );
        }
    }
    let mut cards = vec![
        ("NPIX", Value::Real(region.image_pixels().round())),
        ("SIZE", Value::Real(region.projected_uhem())),
        ("AREA", Value::Real(region.area_uhem())),
        ("NACR", Value::Real(active.image_pixels().round())),
        ("SIZE_ACR", Value::Real(active.projected_uhem())),
        ("AREA_ACR", Value::Real(active.area_uhem())),
    ];
    cards.extend(region.cards());
    let both = positive.and(&negative);
    for (centre, lat, lon) in [
        (both, "LAT_FWT", "LON_FWT"),
        (positive, "LATFWTPO", "LONFWTPO"),
        (negative, "LATFWTNE", "LONFWTNE"),
    ] {
        if let Some((lat_deg, lon_deg)) = centre.place() {
            cards.extend([(lat, Value::Real(lat_deg)), (lon, Value::Real(lon_deg))]);
        }
    }
    if let Some(edges) = edges {
        cards.extend([
            ("LAT_MIN", Value::Real(edges.south)),
            ("LAT_MAX", Value::Real(edges.north)),
            ("LON_MIN", Value::Real(edges.east)),
            ("LON_MAX", Value::Real(edges.west)),
        ]);
    }
    cards
}

/// Sums of powers of the line-of-sight field over the pixels of the image.
#[derive(Default)]
struct Moments {
    pixels: f64,
    projected: f64,
    positive: f64,
    negative: f64,
    powers: [f64; 4],
}

impl Moments {
    fn add(&mut self, mu: f64, b: f64) {
        self.pixels += 1.0;
        self.projected += mu;
        if b > 0.0 {
            self.positive += mu * b;
        } else {
            self.negative -= mu * b;
        }
        let mut power = mu;
        for sum in &mut self.powers {
            power *= b;
            *sum += power;
        }
    }

    fn image_pixels(&self) -> f64 {
        self.projected * (PIXEL_MM / IMAGE_PIXEL_MM).powi(2)
    }

    fn projected_uhem(&self) -> f64 {
        self.projected * PIXEL_MM * PIXEL_MM / MM2_PER_UHEM
    }

    fn area_uhem(&self) -> f64 {
        self.pixels * PIXEL_MM * PIXEL_MM / MM2_PER_UHEM
    }

    fn cards(&self) -> Vec<(&'static str, Value)> {
        let scale = (PIXEL_MM / IMAGE_PIXEL_MM).powi(2);
        let (positive, negative) = (scale * self.positive, scale * self.negative);
        let [mean, square, cube, fourth] = self.powers.map(|sum| sum / self.projected);
        let variance = square - mean * mean;
        let third = cube - 3.0 * mean * square + 2.0 * mean.powi(3);
        let fourth = fourth - 4.0 * mean * cube + 6.0 * mean * mean * square - 3.0 * mean.powi(4);
        vec![
            ("MTOT", Value::Real(positive + negative)),
            ("MNET", Value::Real(positive - negative)),
            ("MPOS_TOT", Value::Real(positive)),
            ("MNEG_TOT", Value::Real(negative)),
            ("MMEAN", Value::Real(mean)),
            ("MSTDEV", Value::Real(variance.sqrt())),
            ("MSKEW", Value::Real(third / variance.powf(1.5))),
            ("MKURT", Value::Real(fourth / (variance * variance))),
        ]
    }
}

/// A flux-weighted centre.
#[derive(Clone, Copy, Default)]
struct Centre {
    weight: f64,
    lat: f64,
    lon: f64,
}

impl Centre {
    fn add(&mut self, weight: f64, lat_deg: f64, lon_deg: f64) {
        self.weight += weight;
        self.lat += weight * lat_deg;
        self.lon += weight * lon_deg;
    }

    fn and(&self, other: &Self) -> Self {
        Self {
            weight: self.weight + other.weight,
            lat: self.lat + other.lat,
            lon: self.lon + other.lon,
        }
    }

    fn place(&self) -> Option<(f64, f64)> {
        (self.weight > 0.0).then(|| (self.lat / self.weight, self.lon / self.weight))
    }
}

#[derive(Clone, Copy)]
struct Edges {
    south: f64,
    north: f64,
    east: f64,
    west: f64,
}

impl Edges {
    fn at(lat_deg: f64, lon_deg: f64) -> Self {
        Self {
            south: lat_deg,
            north: lat_deg,
            east: lon_deg,
            west: lon_deg,
        }
    }

    fn with(self, lat_deg: f64, lon_deg: f64) -> Self {
        Self {
            south: self.south.min(lat_deg),
            north: self.north.max(lat_deg),
            east: self.east.min(lon_deg),
            west: self.west.max(lon_deg),
        }
    }
}

/// Carrington rotation and longitude of the central meridian, degrees, to about a degree (Meeus 1998,
/// *Astronomical Algorithms*, chapter 29, without its periodic terms).
fn carrington(unix_s: i64) -> (i64, f64) {
    let julian_day = unix_s as f64 / 86_400.0 + 2_440_587.5;
    let rotation = (julian_day - 2_398_140.227) / 27.275_231_6;
    (rotation.floor() as i64, 360.0 * (1.0 - rotation.fract()))
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_meridian_is_that_of_the_date() {
        // HARP 377 on 2011-02-15 02:00 TAI: CAR_ROT = 2106, CRLN_OBS = 21.73°.
        let (rotation, meridian_deg) = carrington(1_297_735_166);
        assert_eq!(rotation, 2106);
        assert!((meridian_deg - 21.73).abs() < 2.0, "{meridian_deg}");
    }

    #[test]
    fn moments_are_those_of_their_definition() {
        let mut moments = Moments::default();
        for b in [1.0, 2.0, 3.0, 10.0] {
            moments.add(1.0, b);
        }
        // Mean 4; deviations −3, −2, −1, 6: variance 12.5, third moment 45, fourth 348.5.
        let found: Vec<_> = moments.cards();
        let value = |name| {
            found
                .iter()
                .find(|(card, _)| *card == name)
                .map(|(_, value)| value.clone())
        };
        for (name, expected) in [
            ("MMEAN", 4.0),
            ("MSTDEV", 12.5_f64.sqrt()),
            ("MSKEW", 45.0 / 12.5_f64.powf(1.5)),
            ("MKURT", 348.5 / 156.25),
        ] {
            let Some(Value::Real(found)) = value(name) else {
                panic!("{name}")
            };
            assert!((found - expected).abs() < 1e-12, "{name}: {found}");
        }
    }
}
