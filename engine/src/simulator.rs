//! Simulated SHARPs: line-of-sight magnetograms of made-up active regions at true scale.
//!
//! They fill the demo catalogue where there is no data, and give tests and benchmarks as many regions as they
//! ask for. A region is drawn from the statistics of the real catalogue, its stage follows it from emergence
//! to decay while it crosses the disk, and the field at that stage is drawn from spots and flux tubes
//! gathered on the supergranular network. Each region is seen [`VIEWS_PER_REGION`] times, so that "the same
//! region at another time" exists. [`bmr`] is the analytic bipole, whose flux and separation are known
//! exactly.
//!
//! Everything follows from `(seed, index)` alone: no global state, no order of threads.

mod attraction;
pub mod bmr;
mod canvas;
mod chart;
mod flux_tube;
mod network;
mod region;
mod relief;
mod render;
mod spot;
mod stage;
mod standing;
mod time;
pub mod vector;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::patch::{self, Grid, Patch};

use self::region::Region;
use self::stage::Stage;
use self::standing::Standing;

/// How often each simulated region is seen on its way across the disk.
pub const VIEWS_PER_REGION: u64 = 5;

/// Simulated HARP numbers start here, far above any that JSOC has given.
pub const FIRST_HARPNUM: i64 = 9_000_001;

/// Simulated NOAA numbers start here; real ones have five digits.
pub const FIRST_NOAA_AR: i64 = 900_001;

/// Longest side of a simulated patch, Mm: the diameter of the Sun.
pub const MAX_SIDE_MM: f64 = 1392.0;

/// Most pixels of a simulated patch.
pub const MAX_PIXELS: usize = 2048 * 2048;

/// Why a record could not be simulated.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The grid is not one.
    #[error(transparent)]
    Patch(#[from] patch::Error),
    /// The grid is larger than the Sun or than memory should hold.
    #[error(
        "a simulated patch has sides of at most {MAX_SIDE_MM} Mm and at most {MAX_PIXELS} pixels, \
         found {height} × {width} pixels of {cell_mm} Mm"
    )]
    TooLarge {
        /// Rows of the grid.
        height: usize,
        /// Columns of the grid.
        width: usize,
        /// Side of a cell in Mm.
        cell_mm: f64,
    },
}

/// One simulated record: what a SHARP record of such a region would hold.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulatedSharp {
    /// Line-of-sight field, with noise.
    pub patch: Patch,
    /// Number of the region, from [`FIRST_HARPNUM`] on; the same for all its views.
    pub harpnum: i64,
    /// Number of the region in NOAA's stead, from [`FIRST_NOAA_AR`] on.
    pub noaa_ar: i64,
    /// Time of the record, seconds of UTC since 1970, on a slot of 720 s of TAI as `T_REC` is.
    pub t_rec: i64,
    /// Heliographic latitude, degrees, north positive.
    pub lat_deg: f64,
    /// Longitude from the central meridian, degrees, west positive.
    pub lon_deg: f64,
    /// Total unsigned flux of the radial field of the region: no noise, no quiet Sun, no projection. Mx.
    pub usflux_mx: f64,
    /// Tilt of the main bipole's axis as drawn, degrees, positive where the leading polarity lies further
    /// south.
    pub tilt_deg: f64,
    /// Separation of the main bipole's poles as drawn, Mm.
    pub separation_mm: f64,
    /// Whether the positive polarity leads (is west).
    pub positive_leads: bool,
    /// Whether the order of polarities is the one that Hale's law asks for in that hemisphere and cycle.
    pub hale: bool,
}

/// Simulates record `index` of the catalogue with that seed.
///
/// Records `5 n … 5 n + 4` are the views of region `n`, in order of time. They are the regions and times of
/// [`vector::simulate_segments`], painted as a patch shows them: without the detail of HMI's pixels, in a
/// hundredth of the time.
///
/// # Errors
/// [`Error::Patch`] if the grid is empty or its cell has no positive size, [`Error::TooLarge`] beyond
/// [`MAX_SIDE_MM`] or [`MAX_PIXELS`].
///
/// # Examples
/// ```
/// use helioql::patch::Grid;
/// use helioql::simulator::simulate;
///
/// let grid = Grid { height: 64, width: 64, cell_mm: 3.08 };
/// let (first, later) = (simulate(7, 0, grid)?, simulate(7, 1, grid)?);
/// assert_eq!(first, simulate(7, 0, grid)?);
/// assert_eq!(first.harpnum, later.harpnum);
/// assert!(first.t_rec < later.t_rec && first.lon_deg < later.lon_deg);
/// # Ok::<(), helioql::simulator::Error>(())
/// ```
pub fn simulate(seed: u64, index: u64, grid: Grid) -> Result<SimulatedSharp, Error> {
    check(grid)?;
    let (number, view) = (index / VIEWS_PER_REGION, index % VIEWS_PER_REGION);
    let region = Region::draw(
        Standing::of(seed, number),
        &mut stream(seed, Stream::Region(number)),
    );
    let mut rng = stream(seed, Stream::View(index));
    let stage = Stage::at_view(&region, view, &mut rng);
    let field = render::render(&region, &stage, grid, &mut rng)?;
    Ok(SimulatedSharp {
        patch: field.line_of_sight,
        harpnum: FIRST_HARPNUM.saturating_add_unsigned(number),
        noaa_ar: FIRST_NOAA_AR.saturating_add_unsigned(number),
        t_rec: stage.t_rec,
        lat_deg: region.lat_deg,
        lon_deg: stage.lon_deg,
        usflux_mx: field.usflux_mx,
        tilt_deg: region.main().tilt_deg,
        separation_mm: region.main().separation_mm * stage.opening,
        positive_leads: region.main().leading > 0.0,
        hale: region.hale,
    })
}

/// Simulates the first `count` records of a catalogue on all cores; the same as `count` calls of
/// [`simulate`].
///
/// # Errors
/// As [`simulate`].
pub fn catalogue(seed: u64, count: u64, grid: Grid) -> Result<Vec<SimulatedSharp>, Error> {
    (0..count)
        .into_par_iter()
        .map(|index| simulate(seed, index, grid))
        .collect()
}

fn check(grid: Grid) -> Result<(), Error> {
    let Grid {
        height,
        width,
        cell_mm,
    } = grid;
    let pixels = patch::check(grid)?;
    if pixels > MAX_PIXELS || height.max(width) as f64 * cell_mm > MAX_SIDE_MM {
        return Err(Error::TooLarge {
            height,
            width,
            cell_mm,
        });
    }
    Ok(())
}

/// What a stream of random numbers is for; each has its own, so that no draw can shift another.
#[derive(Clone, Copy)]
enum Stream {
    Region(u64),
    View(u64),
    Start,
}

fn stream(seed: u64, stream: Stream) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(match stream {
        Stream::Region(number) => number.wrapping_mul(2),
        Stream::View(index) => index.wrapping_mul(2).wrapping_add(1),
        // From the far end, which no number that anybody counts to reaches.
        Stream::Start => u64::MAX,
    });
    rng
}

#[cfg(test)]
mod tests;
