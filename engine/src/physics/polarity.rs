//! The bipole of a patch: separation `PSEP [Mm]`, `TILT [deg]`, `POLARITY` and `DIPOLE [Mm]` of its two polarities.
//!
//! The centroid of a polarity is `c± = Σ r B / Σ B` over the pixels with ±B > 50 G, and `v = c₊ − c₋`. Then
//! PSEP = |v|, DIPOLE = `v_west`, POLARITY = `v_west` / |v|, and TILT is the angle from west towards south of the axis that
//! leads from the eastern to the western polarity, in (−90°, 90°]: whichever sign the western one has. Joy's
//! law makes it positive in the north and negative in the south. PSEP is the paper's (arXiv:2502.05351) at
//! true scale, with 50 G in place of 150 G so that decayed regions have one as well.

use crate::patch::Patch;

/// Field above which a pixel counts towards the centroid of its polarity, G.
pub const THRESHOLD_GAUSS: f32 = 50.0;

/// The relative place of the two polarities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bipole {
    /// Distance of the flux-weighted centroids, Mm.
    pub separation_mm: f64,
    /// Angle of the axis, positive where the western polarity lies further south, degrees; NaN where the
    /// centroids coincide.
    pub tilt_deg: f64,
    /// Cosine between the positive-minus-negative vector and west: +1 where the positive polarity leads;
    /// NaN where the centroids coincide.
    pub polarity: f64,
    /// How far the positive centroid lies west of the negative one, Mm. Unlike the distance it does not turn over
    /// where the polarities change places, so that it is close to linear in a latent space.
    pub westward_mm: f64,
}

/// Flux and first moments of one polarity.
#[derive(Default)]
struct Moments {
    flux: f64,
    south: f64,
    west: f64,
}

impl Moments {
    fn add(&mut self, row: usize, column: usize, weight: f64) {
        self.flux += weight;
        self.south += weight * row as f64;
        self.west += weight * column as f64;
    }

    /// Centroid as (south, west) in pixels.
    fn centroid(&self) -> Option<(f64, f64)> {
        (self.flux > 0.0).then(|| (self.south / self.flux, self.west / self.flux))
    }
}

/// Measures the bipole of a patch; `None` where a polarity has no pixel above [`THRESHOLD_GAUSS`].
///
/// # Examples
/// ```
/// use helioql::patch::{Grid, Patch};
/// use helioql::physics::polarity::bipole;
///
/// // Positive in the south-west, negative in the north-east, one cell of 10 Mm apart each way.
/// let patch = Patch::new(Grid { height: 2, width: 2, cell_mm: 10.0 }, vec![-200.0, 0.0, 0.0, 200.0])?;
/// let found = bipole(&patch).expect("both polarities are there");
/// assert!((found.separation_mm - 200_f64.sqrt()).abs() < 1e-12);
/// assert!((found.tilt_deg - 45.0).abs() < 1e-12);
/// assert!((found.polarity - 0.5_f64.sqrt()).abs() < 1e-12);
/// assert_eq!(found.westward_mm, 10.0);
/// # Ok::<(), helioql::patch::Error>(())
/// ```
pub fn bipole(patch: &Patch) -> Option<Bipole> {
    let (mut positive, mut negative) = (Moments::default(), Moments::default());
    for (row, line) in patch.rows().enumerate() {
        for (column, &b) in line.iter().enumerate() {
            if b.is_finite() && b.abs() > THRESHOLD_GAUSS {
                let polarity = if b > 0.0 { &mut positive } else { &mut negative };
                polarity.add(row, column, f64::from(b.abs()));
            }
        }
    }
    let ((south_p, west_p), (south_n, west_n)) = (positive.centroid()?, negative.centroid()?);
    let (south, west) = (south_p - south_n, west_p - west_n);
    let pixels = south.hypot(west);
    Some(Bipole {
        separation_mm: pixels * patch.grid().cell_mm,
        tilt_deg: if pixels > 0.0 {
            folded_tilt(south, west).to_degrees()
        } else {
            f64::NAN
        },
        polarity: west / pixels,
        westward_mm: west * patch.grid().cell_mm,
    })
}

/// Angle from west towards south of the axis, taken from its eastern to its western end, in (−π/2, π/2].
fn folded_tilt(south: f64, west: f64) -> f64 {
    if west < 0.0 || (west == 0.0 && south < 0.0) {
        (-south).atan2(-west)
    } else {
        south.atan2(west)
    }
}
