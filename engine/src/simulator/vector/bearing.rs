//! What makes a region's field differ from the potential one: drawn once for each region.
//!
//! Twist follows the hemisphere (negative in the north for about two regions in three; Pevtsov, Canfield &
//! Metcalf 1995, `ApJ` 440, L109) with a scatter that is far larger than its mean.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal, StudentT};

use super::super::region::Region;

/// Twist and shear of a region.
pub(super) struct Bearing {
    /// α of the positive and of the negative polarity, Jz = α Bz, 1/Mm.
    pub(super) alpha_per_mm: [f64; 2],
    /// Length by which the horizontal field is sheared along inversion lines, Mm: B += length · ẑ × ∇Bz.
    pub(super) shear_mm: f64,
    /// Strength of penumbral filaments, 0 to 1.
    pub(super) filaments: f64,
}

impl Bearing {
    pub(super) fn draw(region: &Region, rng: &mut impl Rng) -> Self {
        let handedness = -region.lat_deg.signum();
        let tail = StudentT::new(2.5).expect("two and a half degrees of freedom are more than none");
        let alpha = 0.003 * handedness + 0.007 * tail.sample(rng);
        let unlike: f64 = 0.004 + 0.003 * tail.sample(rng);
        let normal: f64 = StandardNormal.sample(rng);
        Self {
            alpha_per_mm: [alpha + unlike, alpha - unlike],
            shear_mm: 0.15 * normal,
            filaments: rng.random_range(0.3..0.7),
        }
    }
}
