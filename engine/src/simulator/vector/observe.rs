//! What HMI makes of a field: noise, formal errors, the line of sight.
//!
//! Formal errors follow HARP 377 (medians by |B|: Bp and Bt 36 G where there is no field, 21 G at 800 G, 31 G
//! above 1.5 kG; Br 12 G to 35 G). Noise is larger than they are across the line of sight, and correlated over the point
//! spread function. Away from disk centre radial and horizontal field mix, and the image has fewer pixels.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use super::super::region::Region;
use super::super::stage::Stage;
use super::frame::Frame;
use super::horizontal::Field;
use super::{PIXEL_DEG, PIXEL_MM};

/// Noise against formal errors, along the line of sight and across it.
const EXCESS: (f32, f32) = (0.85, 1.2);

/// How much it differs from record to record, in logarithms.
const NOISE_SCATTER: f32 = 0.3;

/// Noise of the line-of-sight magnetogram, G.
const LOS_NOISE_GAUSS: f32 = 6.0;

/// Share of the horizontal field that the line-of-sight magnetogram shows. All of it would put false inversion
/// lines around spots and plage away from disk centre, so that `R_VALUE` grew with longitude; the catalogue's
/// does not.
const SEEN_ACROSS: f32 = 0.35;

/// Continuum of the quiet Sun at disk centre, DN/s.
const QUIET_DN: f32 = 55_000.0;

/// Contrast of granulation.
const GRANULATION: f32 = 0.02;

/// The images of an observer, in FITS order.
pub(super) struct Seen {
    pub(super) br: Vec<f32>,
    pub(super) bp: Vec<f32>,
    pub(super) bt: Vec<f32>,
    pub(super) br_err: Vec<f32>,
    pub(super) bp_err: Vec<f32>,
    pub(super) bt_err: Vec<f32>,
    pub(super) magnetogram: Vec<f32>,
    pub(super) continuum: Vec<f32>,
}

pub(super) fn observe(
    field: &Field,
    brightness: &[f32],
    frame: &Frame,
    region: &Region,
    stage: &Stage,
    rng: &mut impl Rng,
) -> Seen {
    let (width, height) = (frame.width, frame.height);
    let seeing = (NOISE_SCATTER * rng.sample::<f32, _>(StandardNormal)).exp();
    let mut noise = || correlated(width, height, rng);
    let [noise_r, noise_p, noise_t, noise_los, granules] = std::array::from_fn(|_| noise());
    let pixels = width * height;
    let mut seen = Seen {
        br: Vec::with_capacity(pixels),
        bp: Vec::with_capacity(pixels),
        bt: Vec::with_capacity(pixels),
        br_err: Vec::with_capacity(pixels),
        bp_err: Vec::with_capacity(pixels),
        bt_err: Vec::with_capacity(pixels),
        magnetogram: Vec::with_capacity(pixels),
        continuum: Vec::with_capacity(pixels),
    };
    for row in 0..height {
        let north_mm = (row as f64 + 0.5 - height as f64 / 2.0) * PIXEL_MM + frame.north_mm();
        let latitude = (region.lat_deg + north_mm / PIXEL_MM * PIXEL_DEG).to_radians();
        let (sin_lat, cos_lat) = (latitude.sin() as f32, latitude.cos() as f32);
        for column in 0..width {
            let west_mm = (column as f64 + 0.5 - width as f64 / 2.0) * PIXEL_MM + frame.west_mm();
            let longitude = (stage.lon_deg
                + west_mm / PIXEL_MM * PIXEL_DEG / region.lat_deg.to_radians().cos())
            .to_radians();
            let (sin_lon, cos_lon) = (longitude.sin() as f32, longitude.cos() as f32);
            let mu = (cos_lat * cos_lon).max(0.05);
            let at = row * width + column;
            let (br, bp, bt) = (field.bz[at], field.bx[at], -field.by[at]);
            let strength = (br * br + bp * bp + bt * bt).sqrt();
            let coarser = 1.0 / mu.sqrt();
            let (along, across) = (along_err(strength) * coarser, across_err(strength) * coarser);
            // Radial is along the line of sight at disk centre, across it at the limb.
            let shares = [mu * mu, sin_lon * sin_lon, (sin_lat * cos_lon).powi(2)];
            let mix = |(along, across): (f32, f32)| {
                shares.map(|share| (share * along * along + (1.0 - share) * across * across).sqrt())
            };
            let errors = mix((along, across));
            let deviations = mix((EXCESS.0 * along, EXCESS.1 * across));
            let noise = [noise_r[at], noise_p[at], noise_t[at]];
            let [br_n, bp_n, bt_n] = std::array::from_fn(|n| seeing * deviations[n] * noise[n]);
            seen.br.push(br + br_n);
            seen.bp.push(bp + bp_n);
            seen.bt.push(bt + bt_n);
            seen.br_err.push(errors[0]);
            seen.bp_err.push(errors[1]);
            seen.bt_err.push(errors[2]);
            let across = bt * sin_lat * cos_lon - bp * sin_lon;
            let line_of_sight = br * mu + SEEN_ACROSS * across;
            seen.magnetogram
                .push(line_of_sight + LOS_NOISE_GAUSS * coarser * noise_los[at]);
            // Limb darkening of the continuum near 617 nm, quadratic in μ.
            let limb = 0.40 + 0.80 * mu - 0.20 * mu * mu;
            seen.continuum
                .push(QUIET_DN * limb * (brightness[at] + GRANULATION * granules[at]));
        }
    }
    seen
}

/// Formal error of the component along the line of sight, G.
fn along_err(strength: f32) -> f32 {
    12.0 + 10.0 * (strength / 1500.0).powi(2).min(3.0)
}

/// Formal error of a component across it, G.
fn across_err(strength: f32) -> f32 {
    21.0 + 15.0 * (-(strength / 400.0).powi(2)).exp() + 8.0 * (strength / 1500.0).powi(2).min(2.0)
}

/// Noise of unit variance, correlated by 0.8, 0.4 and 0.1 over one, two and three pixels on each axis.
fn correlated(width: usize, height: usize, rng: &mut impl Rng) -> Vec<f32> {
    // Binomial weights (1 4 6 4 1), of unit sum of squares.
    let root = 70.0_f32.sqrt();
    let weights = [1.0 / root, 4.0 / root, 6.0 / root];
    let smooth = |at: &dyn Fn(usize) -> f32| {
        weights[0] * (at(0) + at(4)) + weights[1] * (at(1) + at(3)) + weights[2] * at(2)
    };
    let wide = width + 4;
    let white: Vec<f32> = (0..wide * (height + 4))
        .map(|_| StandardNormal.sample(rng))
        .collect();
    let across: Vec<f32> = white
        .chunks_exact(wide)
        .flat_map(|row| row.windows(5).map(|near| smooth(&|n| near[n])))
        .collect();
    let mut noise = Vec::with_capacity(width * height);
    for row in 0..height {
        for column in 0..width {
            noise.push(smooth(&|n| across[(row + n) * width + column]));
        }
    }
    noise
}
