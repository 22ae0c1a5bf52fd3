//! Where a region stands among all regions of its seed.
//!
//! What its keywords depend on most is not drawn at random but goes through all values evenly, region by region: how
//! large it grows, how old it is when it crosses the central meridian, how its field is twisted. So the quantiles of a small catalogue
//! depend less on chance. The points are Roberts' additive sequence in three dimensions,
//! xₙ = x₀ + n (1/g, 1/g², 1/g³) mod 1 with g⁴ = g + 1, which leaves no gaps and no heaps.

use rand::Rng;

use super::{Stream, stream};

/// 2⁶⁴/g, 2⁶⁴/g² and 2⁶⁴/g³.
const STEPS: [u64; 3] = [
    0xD1B5_4A32_D192_ED03,
    0xABC9_8388_FB8F_AC02,
    0x8CB9_2BA7_2F3D_8DD7,
];

/// Shares of all regions, from 0 to 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    /// Those that never hold as much flux.
    pub(super) flux: f64,
    /// Those that are younger at the central meridian.
    pub(super) age: f64,
    /// Those whose twist is more negative, their hemisphere's share left aside.
    pub(super) twist: f64,
}

impl Standing {
    pub(super) fn of(seed: u64, region: u64) -> Self {
        let mut rng = stream(seed, Stream::Start);
        let [flux, age, twist] = STEPS.map(|step| {
            let place = rng.random::<u64>().wrapping_add(step.wrapping_mul(region));
            place as f64 / 2_f64.powi(64)
        });
        Self { flux, age, twist }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_regions_of_any_seed_are_even() {
        for seed in [0, 1, 2010] {
            let all: Vec<_> = (0..200).map(|region| Standing::of(seed, region)).collect();
            for share in [
                |s: &Standing| s.flux,
                |s: &Standing| s.age,
                |s: &Standing| s.twist,
            ] {
                for tenth in 0..10 {
                    let within = |s: &&Standing| (share(s) * 10.0) as u32 == tenth;
                    let count = all.iter().filter(within).count();
                    // Of 200 random points a tenth holds 20 ± 4.2, and once in a hundred 9 or 31.
                    assert!(
                        (13..=26).contains(&count),
                        "seed {seed}, tenth {tenth}: {count} of 200"
                    );
                }
            }
            let half = |share: f64| usize::from(share >= 0.5);
            let mut eighths = [0; 8];
            for s in &all {
                eighths[4 * half(s.flux) + 2 * half(s.age) + half(s.twist)] += 1;
            }
            // 25 ± 4.7 of random points.
            assert!(
                eighths.iter().all(|count| (17..=34).contains(count)),
                "seed {seed}: {eighths:?}"
            );
        }
    }
}
