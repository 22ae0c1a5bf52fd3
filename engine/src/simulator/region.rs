//! An active region as it is drawn once: where and when it lives, how large it grows, what it consists of.
//!
//! The distributions are those of the HMI era. Total flux, separation against flux, flux imbalance, Joy's
//! and Hale's laws: Wang, Jiang & Luo's database of active regions (2,854 regions, HMI scale). Spot area
//! against flux: NOAA's daily reports 2010–2019. Latitude against time: the butterfly diagram of cycle 24.

use std::f64::consts::{PI, TAU};
use std::ops::Range;

use rand::Rng;
use rand_distr::{Distribution, Exp1, StandardNormal};

use super::canvas::Place;
use super::spot::Spot;
use super::standing::Standing;
use super::time;

/// Proper motions of spots and of clumps of plage, Mm a day. Supergranular diffusion of about 500 km²/s
/// carries plage some 10 Mm in a day or two; spots are better anchored.
const SPOT_MOTION_MM: f64 = 1.0;
const CLUMP_MOTION_MM: f64 = 2.5;

/// Square megametres in a microhemisphere.
const MM2_PER_UHEM: f64 = 3.04;

// Regions as the daily records of the SHARP catalogue show them, the small ones of a day among them.

/// log₁₀ of the flux at its largest, Mx, beside the share of regions that have less; straight between.
const LOG_FLUX: [(f64, f64); 11] = [
    (0.0, 20.54),
    (0.02, 21.14),
    (0.05, 21.36),
    (0.1, 21.56),
    (0.25, 21.97),
    (0.5, 22.27),
    (0.75, 22.53),
    (0.9, 22.64),
    (0.95, 22.75),
    (0.98, 22.91),
    (1.0, 23.37),
];

/// Days from the start of a region's emergence to its passage of the central meridian.
const AGES: Range<f64> = -1.0..22.0;

/// log ρ = 0.293 log Φ + this: what a bipole's own separation in Mm adds up to. The database has −4.64; further
/// emergences and the larger flux add the rest.
const LOG_SEPARATION: f64 = -4.77;

/// Smallest separation of a bipole, Mm.
const LEAST_SEPARATION_MM: f64 = 20.0;

/// A bipole's tilt over the sine of its latitude, degrees, and the share of bipoles that are ordered as Hale's law says. The
/// database has 26.2° and 96 % for whole regions, which further emergences and neighbours make less of both.
const JOY_DEG: f64 = 31.0;
const HALE: f64 = 0.985;

/// Scatter of the spot area about its mean, dex.
const SPOT_SCATTER_DEX: f64 = 0.73;

/// Most remnants of older regions, and the mean log₁₀ of the flux of one, Mx.
const REMNANTS: u32 = 1;
const LOG_REMNANT: f64 = 20.8;

/// [`LOG_FLUX`] at a share of all regions.
fn log_flux(share: f64) -> f64 {
    let above = LOG_FLUX
        .partition_point(|&(at, _)| at <= share)
        .clamp(1, LOG_FLUX.len() - 1);
    let ((before, low), (after, high)) = (LOG_FLUX[above - 1], LOG_FLUX[above]);
    low + (high - low) * (share - before) / (after - before)
}

/// Mean log₁₀ of the spot area in microhemispheres by log₁₀ of the flux: NOAA's reports with the area regressed on the
/// flux have 1.70 and 0.75. Both scatter by half a decade, r = 0.73.
fn log_spots(log_flux: f64) -> f64 {
    1.64 + 0.55 * (log_flux - 21.87)
}

/// Most further emergences inside a region. Large ones are complex: half of those above 2e22 Mx have a class with γ or δ.
fn emergences(log_flux: f64) -> u32 {
    (3.2 * (log_flux - 21.95)).clamp(0.0, 4.0).round() as u32
}

/// What stays the same of a region while it crosses the disk.
pub(super) struct Region {
    pub(super) lat_deg: f64,
    /// When it crosses the central meridian, days since 1970.
    pub(super) meridian_day: f64,
    /// Days from the start of its emergence to that crossing.
    pub(super) age_at_meridian: f64,
    /// Days that it takes to emerge.
    pub(super) rise_days: f64,
    /// Days in which its flux falls to 1/e once it has emerged.
    pub(super) decay_days: f64,
    /// The same for its spots.
    pub(super) spot_decay_days: f64,
    pub(super) hale: bool,
    /// The first is the main one.
    pub(super) bipoles: Vec<Bipole>,
    /// Weak flux that older regions have left behind; not counted as the region's own.
    pub(super) remnants: Vec<Cloud>,
    /// log₁₀ of the flux of its main bipole at its largest, Mx.
    pub(super) log_flux: f64,
    /// The share of regions whose twist is more negative.
    pub(super) twist: f64,
    /// Sets the network that its flux gathers on.
    pub(super) network_seed: u64,
}

/// Two polarities that rose together.
pub(super) struct Bipole {
    pub(super) centre: Place,
    /// +1 where the leading, western polarity is positive.
    pub(super) leading: f64,
    pub(super) separation_mm: f64,
    pub(super) tilt_deg: f64,
    /// Leading, then following.
    pub(super) poles: [Pole; 2],
}

/// One polarity of a bipole: spots in a cloud of plage.
pub(super) struct Pole {
    /// +1 west end, −1 east end of the axis.
    pub(super) end: f64,
    pub(super) spots: Vec<Spot>,
    pub(super) plage: Cloud,
}

/// Flux tubes of one sign, spread around a few centres.
pub(super) struct Cloud {
    pub(super) sign: f64,
    pub(super) flux_mx: f64,
    pub(super) clumps: Vec<Clump>,
}

/// A Gaussian part of a cloud.
pub(super) struct Clump {
    pub(super) orbit: Orbit,
    pub(super) width_mm: f64,
    pub(super) weight: f64,
}

/// A place relative to the pole, in Mm along and across the axis of its bipole, and its motion in Mm a day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Orbit {
    place: (f64, f64),
    motion: (f64, f64),
}

impl Orbit {
    fn draw(rng: &mut impl Rng, ahead: f64, scatter_mm: f64, motion_mm: f64) -> Self {
        let mut pair = |mm: f64| (mm * gauss(rng), mm * gauss(rng));
        let ((along, across), motion) = (pair(scatter_mm), pair(motion_mm));
        Self {
            place: (ahead + along, across),
            motion,
        }
    }

    /// Along and across, that many days from the central meridian.
    pub(super) fn at(&self, days: f64) -> (f64, f64) {
        (
            self.place.0 + self.motion.0 * days,
            self.place.1 + self.motion.1 * days,
        )
    }
}

impl Region {
    pub(super) fn draw(standing: Standing, rng: &mut impl Rng) -> Self {
        let year = year(rng);
        let lat_deg = latitude(rng, year);
        let log_flux = log_flux(standing.flux);
        let main = Bipole::draw(rng, Place::default(), log_flux, lat_deg);
        let hale = main.leading * hale_leading(lat_deg) > 0.0;
        let (separation, tilt) = (main.separation_mm, main.tilt_deg.to_radians());

        let mut bipoles = vec![main];
        // Further emergences inside the region bring its polarities close together.
        for _ in 0..rng.random_range(0..=emergences(log_flux)) {
            let (along, across) = (0.39 * gauss(rng) * separation, 0.2 * gauss(rng) * separation);
            let log_share = rng.random_range(-1.15..-0.32);
            let mut small = Bipole::draw(
                rng,
                Place::default().offset(tilt, along, across),
                log_flux + log_share,
                lat_deg,
            );
            small.separation_mm *= 0.64;
            small.tilt_deg += 25.0 * gauss(rng);
            bipoles.push(small);
        }
        // One region in five has a neighbour on its patch.
        if rng.random_bool(0.2) {
            let (distance, angle) = (rng.random_range(60.0..110.0), rng.random_range(-0.5..0.5));
            let side = if rng.random_bool(0.5) { 0.0 } else { PI };
            let log_share = rng.random_range(0.1_f64..0.8).log10();
            let centre = Place::default().offset(side + angle, distance, 0.0);
            bipoles.push(Bipole::draw(rng, centre, log_flux + log_share, lat_deg));
        }
        let remnants = (0..rng.random_range(0..=REMNANTS))
            .map(|_| Cloud::remnant(rng))
            .collect();
        Self {
            lat_deg,
            meridian_day: time::days(year),
            age_at_meridian: AGES.start + standing.age * (AGES.end - AGES.start),
            rise_days: rng.random_range(2.0..5.0),
            decay_days: rng.random_range(20.0..60.0),
            spot_decay_days: rng.random_range(4.0..25.0),
            hale,
            bipoles,
            remnants,
            log_flux,
            twist: standing.twist,
            network_seed: rng.random(),
        }
    }

    /// The bipole that the region is named after.
    pub(super) fn main(&self) -> &Bipole {
        &self.bipoles[0]
    }
}

impl Bipole {
    /// Where a pole stands when the bipole has opened to that share of its full separation.
    pub(super) fn foot(&self, pole: &Pole, opening: f64) -> Place {
        self.centre.offset(
            self.tilt_deg.to_radians(),
            pole.end * opening * self.separation_mm / 2.0,
            0.0,
        )
    }

    fn draw<R: Rng>(rng: &mut R, centre: Place, log_flux: f64, lat_deg: f64) -> Self {
        let separation_mm = 10_f64
            .powf(normal(rng, 0.293 * log_flux + LOG_SEPARATION, 0.17))
            .clamp(LEAST_SEPARATION_MM, 130.0);
        // Small regions scatter more about Joy's law.
        let scatter = if log_flux < 21.5 { 20.0 } else { 14.0 };
        let tilt_deg = JOY_DEG * lat_deg.to_radians().sin() + scatter * gauss(rng);
        let leading = hale_leading(lat_deg) * sign(rng, HALE);
        // The imbalance has median 0.11 and 95 % below 0.40: an exponential, cut.
        let imbalance = (0.15 * exponential(rng)).min(0.5) * sign(rng, 0.5);

        let flux = 10_f64.powf(log_flux);
        let spots_uhem = 10_f64.powf(log_spots(log_flux) + SPOT_SCATTER_DEX * gauss(rng));
        // Leading spots hold most of the area and stay together; following flux is dispersed.
        let leading_share = rng.random_range(0.5..0.95);
        let spread = rng.random_range(1.0..1.58);
        let pole = |rng: &mut R, end: f64, share: f64, spots: f64, spread: f64, pieces: usize| {
            Pole::draw(
                rng,
                end,
                end * leading,
                flux * share,
                spots * spots_uhem * MM2_PER_UHEM,
                spread,
                pieces,
            )
        };
        let (few, many) = (rng.random_range(1..=2), rng.random_range(1..=5));
        let leader = pole(rng, 1.0, 0.5 * (1.0 + imbalance), leading_share, 1.0, few);
        let follower = pole(
            rng,
            -1.0,
            0.5 * (1.0 - imbalance),
            1.0 - leading_share,
            spread,
            many,
        );
        Self {
            centre,
            leading,
            separation_mm,
            tilt_deg,
            poles: [leader, follower],
        }
    }
}

impl Pole {
    fn draw(
        rng: &mut impl Rng,
        end: f64,
        sign: f64,
        flux_mx: f64,
        spots_mm2: f64,
        spread: f64,
        pieces: usize,
    ) -> Self {
        // Plage of 292 G in its middle: the width follows from the flux.
        let width_mm = spread * (flux_mx / 1e16 / (TAU * 292.0)).sqrt();
        let spots_mm2 = largest_spots(spots_mm2, 0.65 * flux_mx);
        let mut left = 1.0;
        let spots = (0..pieces)
            .map(|piece| {
                let share = if piece + 1 == pieces {
                    left
                } else {
                    left * rng.random_range(0.5..0.95)
                };
                left -= share;
                // The main spot leads the pole; the others are strewn about it.
                let (ahead, scatter) = if piece == 0 { (0.4 * end, 0.25) } else { (0.0, 0.9) };
                let orbit = Orbit::draw(rng, width_mm * ahead, width_mm * scatter, SPOT_MOTION_MM);
                Spot::draw(rng, sign, orbit, spots_mm2 * share)
            })
            .collect::<Vec<_>>();
        let in_spots: f64 = spots.iter().map(|spot| Spot::flux_mx(spot.radius_mm)).sum();
        let clumps = (0..rng.random_range(4..9))
            .map(|_| Clump::draw(rng, 0.8 * width_mm, 0.6 * width_mm))
            .collect();
        let plage = Cloud {
            sign,
            flux_mx: (flux_mx - in_spots).max(0.2 * flux_mx),
            clumps,
        };
        Self { end, spots, plage }
    }
}

impl Cloud {
    /// The enhanced network that an old region leaves, anywhere on the patch.
    fn remnant(rng: &mut impl Rng) -> Self {
        let centre = (60.0 * gauss(rng), 60.0 * gauss(rng));
        let mut clumps: Vec<_> = (0..4).map(|_| Clump::draw(rng, 30.0, 22.0)).collect();
        for clump in &mut clumps {
            clump.orbit.place.0 += centre.0;
            clump.orbit.place.1 += centre.1;
        }
        Self {
            sign: sign(rng, 0.5),
            flux_mx: 10_f64.powf(normal(rng, LOG_REMNANT, 0.3)),
            clumps,
        }
    }
}

impl Clump {
    fn draw(rng: &mut impl Rng, scatter_mm: f64, width_mm: f64) -> Self {
        Self {
            orbit: Orbit::draw(rng, 0.0, scatter_mm, CLUMP_MOTION_MM),
            width_mm: width_mm * rng.random_range(0.6..1.4),
            weight: (0.7 * gauss(rng)).exp(),
        }
    }
}

/// Spot area that leaves room for plage: no more than holds `flux_mx`.
fn largest_spots(area_mm2: f64, flux_mx: f64) -> f64 {
    let held = Spot::flux_mx((area_mm2 / PI).sqrt());
    if held > flux_mx {
        area_mm2 * flux_mx / held
    } else {
        area_mm2
    }
}

/// A time in cycle 24 as HMI saw it, 2010.5 to 2019.9, most often near its maximum in 2014.
fn year(rng: &mut impl Rng) -> f64 {
    loop {
        let year = normal(rng, 2013.7, 2.0);
        if (2010.5..2019.9).contains(&year) {
            return year;
        }
    }
}

/// Latitude: regions appear nearer to the equator as the cycle goes on, in either hemisphere.
fn latitude(rng: &mut impl Rng, year: f64) -> f64 {
    let mean = 10.0 + 15.0 * (-(year - 2010.0) / 4.0).exp();
    let distance: f64 = normal(rng, mean, 6.0);
    distance.abs().clamp(1.0, 42.0) * sign(rng, 0.5)
}

/// The sign that leads in cycle 24: negative in the north, positive in the south.
pub(super) fn hale_leading(lat_deg: f64) -> f64 {
    -lat_deg.signum()
}

fn gauss(rng: &mut impl Rng) -> f64 {
    StandardNormal.sample(rng)
}

fn exponential(rng: &mut impl Rng) -> f64 {
    Exp1.sample(rng)
}

fn normal(rng: &mut impl Rng, mean: f64, sd: f64) -> f64 {
    mean + sd * gauss(rng)
}

/// +1 with that probability, else −1.
fn sign(rng: &mut impl Rng, plus: f64) -> f64 {
    if rng.random_bool(plus) { 1.0 } else { -1.0 }
}
