//! Where a region stands in its life at one view: emergence opens it and fills it, then it spreads and fades.

use rand::Rng;

use super::region::Region;
use super::{VIEWS_PER_REGION, time};

/// Days between two views of a region.
const VIEW_DAYS: f64 = 1.8;

/// Flux and spots that even the youngest region shows, as shares of its full size.
const AT_BIRTH: f64 = 0.12;

/// Share of its full separation that it has then.
const OPEN_AT_BIRTH: f64 = 0.66;

/// A region at one time.
pub(super) struct Stage {
    /// Seconds of UTC since 1970.
    pub(super) t_rec: i64,
    /// Longitude from the central meridian, degrees.
    pub(super) lon_deg: f64,
    /// Days from the central meridian: what the network has moved on by.
    pub(super) days: f64,
    /// Plage flux as a share of its full value.
    pub(super) flux: f64,
    /// Spot area as a share of its full value.
    pub(super) spots: f64,
    /// Separation as a share of its full value.
    pub(super) opening: f64,
    /// Width of the plage against its width when it had emerged.
    pub(super) spreading: f64,
}

impl Stage {
    /// The stage at view 0 … 4: about 1.8 days apart, within 55° of the central meridian.
    pub(super) fn at_view(region: &Region, view: u64, rng: &mut impl Rng) -> Self {
        let middle = (VIEWS_PER_REGION - 1) as f64 / 2.0;
        let days = VIEW_DAYS * (view as f64 - middle) + rng.random_range(-0.4..0.4);
        let age = (region.age_at_meridian + days).max(0.0);
        let risen = (age / region.rise_days).min(1.0);
        let emerged = AT_BIRTH + (1.0 - AT_BIRTH) * risen * risen * (3.0 - 2.0 * risen);
        let after = (age - region.rise_days).max(0.0);
        let t_rec = time::slot(region.meridian_day + days);
        Self {
            t_rec,
            lon_deg: synodic_rate(region.lat_deg) * days,
            days,
            flux: emerged * (-after / region.decay_days).exp(),
            spots: emerged * (-after / region.spot_decay_days).exp(),
            opening: OPEN_AT_BIRTH + (1.0 - OPEN_AT_BIRTH) * risen,
            spreading: (1.0 + after / 17.0).sqrt(),
        }
    }
}

/// Rotation of magnetic features as seen from Earth, deg/day (Komm, Howard & Harvey 1993, Solar Physics 145,
/// 1).
fn synodic_rate(lat_deg: f64) -> f64 {
    let sin2 = lat_deg.to_radians().sin().powi(2);
    14.42 - 2.00 * sin2 - 2.09 * sin2 * sin2 - 0.9856
}
