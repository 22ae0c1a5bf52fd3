//! The linear support vector machine, trained by dual coordinate descent (Hsieh et al. 2008,
//! <https://doi.org/10.1145/1390156.1390208>): minimise ½|w|² + c Σ max(0, 1 − yᵢ (w·xᵢ + b)).
//!
//! A general SVM trainer holds or recomputes an n × n kernel; with a linear kernel the normal itself is all
//! the state there is, and ten thousand samples take milliseconds. The offset is an additional
//! coordinate that is always 1, as in LIBLINEAR.

use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

use super::{fit::Separator, population::dot};

/// Steps smaller than this are rounding and are not taken.
const LEAST_STEP: f64 = 1e-12;
/// The largest violation of the optimality conditions that is left when the descent stops.
const TOLERANCE: f64 = 1e-3;
const MOST_PASSES: usize = 1000;

/// Separates `rows` (each with its side) by the hyperplane of the widest soft margin.
pub(super) fn train(rows: &[Vec<f64>], sides: &[bool], cost: f64) -> Separator {
    let dim = rows.first().map_or(0, Vec::len);
    let squares: Vec<f64> = rows.iter().map(|row| dot(row, row) + 1.0).collect();
    let mut separator = Separator {
        normal: vec![0.0; dim],
        offset: 0.0,
    };
    let mut multipliers = vec![0.0; rows.len()];
    let mut active: Vec<usize> = (0..rows.len()).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(0);

    for _ in 0..MOST_PASSES {
        active.shuffle(&mut rng);
        let (mut highest, mut lowest) = (f64::NEG_INFINITY, f64::INFINITY);
        for &i in &active {
            let side = if sides[i] { 1.0 } else { -1.0 };
            let gradient = side * separator.score(&rows[i]) - 1.0;
            // At a bound only a gradient that points inwards is a violation.
            let violation = if multipliers[i] <= 0.0 {
                gradient.min(0.0)
            } else if multipliers[i] >= cost {
                gradient.max(0.0)
            } else {
                gradient
            };
            highest = highest.max(violation);
            lowest = lowest.min(violation);
            if violation.abs() > LEAST_STEP {
                let before = multipliers[i];
                multipliers[i] = (before - gradient / squares[i]).clamp(0.0, cost);
                let change = (multipliers[i] - before) * side;
                for (n, x) in separator.normal.iter_mut().zip(&rows[i]) {
                    *n += change * x;
                }
                separator.offset += change;
            }
        }
        if highest - lowest <= TOLERANCE {
            break;
        }
    }
    separator
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directions::{linfa, synthetic::noisy_sides};

    #[test]
    fn two_points_are_parted_in_the_middle() {
        let found = train(&[vec![3.0], vec![-3.0]], &[true, false], 10.0);
        // Both points are support vectors: n·3 = 1. The descent stops at its tolerance.
        assert!((found.normal[0] - 1.0 / 3.0).abs() < TOLERANCE && found.offset.abs() < TOLERANCE);
    }

    #[test]
    fn the_normal_is_that_of_a_kernel_svm() {
        let (rows, sides) = noisy_sides(400, 12);
        let (ours, theirs) = (
            train(&rows, &sides, 0.1),
            linfa::train(&rows, &sides, 0.1).expect("linfa converges"),
        );
        let cosine = dot(&ours.normal, &theirs.normal)
            / (dot(&ours.normal, &ours.normal) * dot(&theirs.normal, &theirs.normal)).sqrt();
        // The two differ in that ours also shortens the offset.
        assert!(cosine > 0.999, "cosine {cosine}");
    }
}
