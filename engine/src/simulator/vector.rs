//! Simulated vector SHARPs: every segment of a record at HMI's full resolution.
//!
//! The regions are those of [`simulate`](super::simulate), at the same times. They are painted on pixels of 0.03° (0.3644 Mm) of the cylindrical
//! equal-area projection, as JSOC's records are: the radial field from spots and flux tubes (`radial`), the
//! horizontal field from it (`horizontal`) and from the tubes that lean (`leaning`), then what an observer makes of both (`observe`) and the masks of the
//! pipeline (`masks`). The keywords of Bobra et al. 2014 can all be computed from the result.
//!
//! Constants for which no source is named were set so that the keywords have the real catalogue's medians, 5 and
//! 95 % quantiles, power laws and rank correlations, as `tests/calibration.sql` prints them.

mod bearing;
mod frame;
mod horizontal;
mod leaning;
mod masks;
mod observe;
mod radial;

use rand_chacha::ChaCha8Rng;

use crate::physics::sharp::Segments;

use super::{FIRST_HARPNUM, FIRST_NOAA_AR, Region, Stage, Standing, Stream, VIEWS_PER_REGION, stream};

use self::bearing::Bearing;
use self::frame::Frame;

/// Side of a pixel, degrees of the solar sphere: JSOC's `CDELT1`.
pub const PIXEL_DEG: f64 = 0.03;

/// Radius of the Sun, m: JSOC's `RSUN_REF`.
pub const RSUN_REF_M: f64 = 696_000_000.0;

/// Side of a pixel, Mm.
pub const PIXEL_MM: f64 = PIXEL_DEG * std::f64::consts::PI / 180.0 * RSUN_REF_M / 1e6;

/// What is known of a record before it is painted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Number of the region, from [`FIRST_HARPNUM`] on.
    pub harpnum: i64,
    /// Number of the region in NOAA's stead, from [`FIRST_NOAA_AR`] on.
    pub noaa_ar: i64,
    /// Time of the record, seconds of UTC since 1970, on a slot of 720 s of TAI.
    pub t_rec: i64,
}

/// One simulated record with all its segments.
///
/// Images are in FITS order, row 0 south and column 0 east, `width` × `height` pixels; fields are in Gauss
/// along JSOC's axes: `br` outward, `bp` westward, `bt` southward.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulatedSegments {
    /// Which record it is.
    pub identity: Identity,
    /// Heliographic latitude of the middle of the images, degrees.
    pub lat_deg: f64,
    /// Longitude of the middle of the images from the central meridian, degrees, west positive.
    pub lon_deg: f64,
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Radial field.
    pub br: Vec<f32>,
    /// Westward field.
    pub bp: Vec<f32>,
    /// Southward field.
    pub bt: Vec<f32>,
    /// Formal error of `br`.
    pub br_err: Vec<f32>,
    /// Formal error of `bp`.
    pub bp_err: Vec<f32>,
    /// Formal error of `bt`.
    pub bt_err: Vec<f32>,
    /// Field along the line of sight, towards the observer positive.
    pub magnetogram: Vec<f32>,
    /// Continuum intensity, DN/s.
    pub continuum: Vec<f32>,
    /// 1 and 2 outside the region, 33 and 34 inside it; 2 and 34 where the field is strong.
    pub bitmap: Vec<f32>,
    /// 90 where the azimuth is disambiguated with confidence, 60 elsewhere.
    pub conf_disambig: Vec<f32>,
}

impl SimulatedSegments {
    /// What the keywords of the record are computed from.
    pub fn segments(&self) -> Segments<'_> {
        Segments {
            width: self.width,
            height: self.height,
            br: Some(&self.br),
            bp: Some(&self.bp),
            bt: Some(&self.bt),
            br_err: Some(&self.br_err),
            bp_err: Some(&self.bp_err),
            bt_err: Some(&self.bt_err),
            magnetogram: Some(&self.magnetogram),
            bitmap: Some(&self.bitmap),
            conf_disambig: Some(&self.conf_disambig),
        }
    }
}

/// Simulates all segments of record `index` of the catalogue with that seed.
///
/// # Examples
/// ```
/// use helioql::simulator::vector::simulate_segments;
///
/// let record = simulate_segments(7, 3);
/// assert_eq!(record, simulate_segments(7, 3));
/// assert_eq!(record.br.len(), record.width * record.height);
/// assert!(record.bitmap.contains(&34.0) && record.conf_disambig.contains(&90.0));
/// ```
pub fn simulate_segments(seed: u64, index: u64) -> SimulatedSegments {
    let (mut rng, region, bearing, stage) = draw(seed, index);
    let frame = Frame::around(&region);
    let radial = radial::draw(&region, &stage, &frame, &bearing, &mut rng);
    let mut field = horizontal::complete(radial.br, &radial.lying, frame.width, &bearing);
    leaning::lean(&mut field, &frame, &bearing, &mut rng);
    let seen = observe::observe(&field, &radial.brightness, &frame, &region, &stage, &mut rng);
    let masks = masks::draw(&seen, &frame, &stage, &mut rng);
    SimulatedSegments {
        identity: identity(index, &stage),
        lat_deg: region.lat_deg + frame.north_mm() / MM_PER_DEG,
        lon_deg: stage.lon_deg + frame.west_mm() / MM_PER_DEG / region.lat_deg.to_radians().cos(),
        width: frame.width,
        height: frame.height,
        br: on_steps(seen.br),
        bp: on_steps(seen.bp),
        bt: on_steps(seen.bt),
        br_err: on_steps(seen.br_err),
        bp_err: on_steps(seen.bp_err),
        bt_err: on_steps(seen.bt_err),
        magnetogram: on_steps(seen.magnetogram),
        continuum: on_steps(seen.continuum),
        bitmap: masks.bitmap,
        conf_disambig: masks.conf_disambig,
    }
}

/// The identity of record `index` of the catalogue with that seed, without painting it.
///
/// # Examples
/// ```
/// use helioql::simulator::vector::{identify, simulate_segments};
///
/// assert_eq!(identify(7, 3), simulate_segments(7, 3).identity);
/// ```
pub fn identify(seed: u64, index: u64) -> Identity {
    let (.., stage) = draw(seed, index);
    identity(index, &stage)
}

fn identity(index: u64, stage: &Stage) -> Identity {
    let number = index / VIEWS_PER_REGION;
    Identity {
        harpnum: FIRST_HARPNUM.saturating_add_unsigned(number),
        noaa_ar: FIRST_NOAA_AR.saturating_add_unsigned(number),
        t_rec: stage.t_rec,
    }
}

/// All that a record is drawn from, and the numbers that are left for painting it.
fn draw(seed: u64, index: u64) -> (ChaCha8Rng, Region, Bearing, Stage) {
    let (number, view) = (index / VIEWS_PER_REGION, index % VIEWS_PER_REGION);
    let mut rng = stream(seed, Stream::Region(number));
    let region = Region::draw(Standing::of(seed, number), &mut rng);
    let bearing = Bearing::draw(&region, &mut rng);
    let mut rng = stream(seed, Stream::View(index));
    let stage = Stage::at_view(&region, view, &mut rng);
    (rng, region, bearing, stage)
}

impl SimulatedSegments {
    /// Latitude and longitude from the central meridian of the middle of a pixel, degrees.
    pub fn place_deg(&self, row: usize, column: usize) -> (f64, f64) {
        let from_middle = |index: usize, count: usize| (index as f64 + 0.5 - count as f64 / 2.0) * PIXEL_DEG;
        (
            self.lat_deg + from_middle(row, self.height),
            self.lon_deg + from_middle(column, self.width) / self.lat_deg.to_radians().cos(),
        )
    }
}

/// The step of JSOC's files, on which every value of a field stands: 0.01 G. What is written is read again to the
/// bit.
fn on_steps(mut field: Vec<f32>) -> Vec<f32> {
    for b in &mut field {
        // An integer has no negative zero.
        *b = (f64::from((f64::from(*b) * 100.0).round() as i32) * 0.01) as f32;
    }
    field
}

/// Megametres of a degree of a great circle.
const MM_PER_DEG: f64 = PIXEL_MM / PIXEL_DEG;

#[cfg(test)]
mod tests;
