//! What makes a region's field differ from the potential one, and how sharp it is: drawn once for each region.
//!
//! Twist follows the hemisphere (negative in the north for about two regions in three; Pevtsov, Canfield &
//! Metcalf 1995, `ApJ` 440, L109). With the scatter of the twist, shear and noise MEANALP of simulated records has that sign in
//! 64 % of them.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal, StudentT};

use super::super::region::Region;

/// Twist and shear of a region.
pub(super) struct Bearing {
    /// α of the positive and of the negative polarity where the radial field is 500 G, Jz = α Bz, 1/Mm.
    pub(super) alpha_per_mm: [f64; 2],
    /// Length by which the horizontal field is sheared along inversion lines, Mm: B += length · ẑ × ∇Bz.
    pub(super) shear_mm: f64,
    /// Strength of penumbral filaments, 0 to 1.
    pub(super) filaments: f64,
    /// Horizontal field of plage as a share of the potential one: what HMI does not resolve looks steeper than it is.
    pub(super) steepness: f64,
    /// Scale of the tangents of the angles by which its flux tubes lean.
    pub(super) lean: f64,
    /// Factor on the width of its elements: with the sharpness of the image and the age of the plage.
    pub(super) focus: f64,
}

impl Bearing {
    pub(super) fn draw(region: &Region, rng: &mut impl Rng) -> Self {
        let handedness = -region.lat_deg.signum();
        let above = region.log_flux - 22.0;
        let twist = heavy_tailed(region.twist);
        // MEANALP and MEANJZH of the catalogue reach further down than up.
        let twist = twist * if twist < 0.0 { 1.1 } else { 0.82 };
        let alpha = 10_f64.powf(0.5 * above) * (-0.0012 + 0.003 * handedness + 0.0027 * twist);
        // The net current has a long tail to one side.
        let tail = StudentT::new(2.5).expect("two and a half degrees of freedom are more than none");
        let tail: f64 = tail.sample(rng);
        let unlike =
            (0.0027 + 0.0025 * if tail > 0.0 { 2.2 * tail } else { tail }) * 10_f64.powf(-0.15 * above);
        let mut normal = || -> f64 { StandardNormal.sample(rng) };
        let [steepness, lean, focus, shear] = std::array::from_fn(|_| normal());
        Self {
            steepness: 0.905 * (0.165 * steepness).exp(),
            lean: 0.203 * (0.45 * lean).exp(),
            focus: (0.13 * focus).exp(),
            alpha_per_mm: [alpha + unlike, alpha - unlike],
            shear_mm: 0.12 * shear,
            filaments: rng.random_range(0.3..0.7),
        }
    }
}

/// The value of Student's t with two degrees of freedom that a share u of all is below: (2u − 1) / √(2u (1 − u)).
fn heavy_tailed(share: f64) -> f64 {
    // It is infinite at either end.
    let u = share.clamp(1e-4, 1.0 - 1e-4);
    (2.0 * u - 1.0) / (2.0 * u * (1.0 - u)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantiles_are_those_of_students_t() {
        // Tables of t with two degrees of freedom: 75, 90, 95 and 97.5 %.
        for (share, expected) in [
            (0.5, 0.0),
            (0.75, 0.816),
            (0.9, 1.886),
            (0.95, 2.920),
            (0.975, 4.303),
        ] {
            assert!((heavy_tailed(share) - expected).abs() < 5e-4, "{share}");
            assert!((heavy_tailed(1.0 - share) + expected).abs() < 5e-4, "{share}");
        }
        assert!(heavy_tailed(0.0).is_finite() && heavy_tailed(1.0).is_finite());
    }
}
