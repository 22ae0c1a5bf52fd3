//! The distances that vectors are compared by.

use std::{fmt, str::FromStr};

/// A distance of two vectors of one length; smaller is nearer.
///
/// # Examples
/// ```
/// use helioql::Metric;
/// assert_eq!(Metric::L2.distance(&[0.0, 0.0], &[3.0, 4.0]), 5.0);
/// assert_eq!(Metric::Cosine.distance(&[1.0, 0.0], &[0.0, 2.0]), 1.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// Euclidean, `√Σ(a−b)²`.
    L2,
    /// `1 − a·b / (|a||b|)`; NaN where a vector is zero.
    Cosine,
}

impl Metric {
    /// The distance of `a` and `b`.
    pub fn distance(self, a: &[f32], b: &[f32]) -> f64 {
        match self {
            Self::L2 => f64::from(sum(a, b, |x, y| (x - y) * (x - y))).sqrt(),
            Self::Cosine => {
                let dot = f64::from(sum(a, b, |x, y| x * y));
                let norms = f64::from(sum(a, a, |x, y| x * y)) * f64::from(sum(b, b, |x, y| x * y));
                1.0 - dot / norms.sqrt()
            }
        }
    }
}

/// Sums in eight lanes, which the compiler turns into vector instructions; a single running sum it may not
/// reorder.
fn sum(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f32 {
    const LANES: usize = 8;
    let mut lanes = [0.0f32; LANES];
    let (a_lanes, b_lanes) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a_lanes
        .remainder()
        .iter()
        .zip(b_lanes.remainder())
        .map(|(&x, &y)| term(x, y))
        .sum();
    for (x, y) in a_lanes.zip(b_lanes) {
        for lane in 0..LANES {
            lanes[lane] += term(x[lane], y[lane]);
        }
    }
    lanes.iter().sum::<f32>() + rest
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::L2 => "l2",
            Self::Cosine => "cosine",
        })
    }
}

impl FromStr for Metric {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "l2" => Ok(Self::L2),
            "cosine" => Ok(Self::Cosine),
            other => Err(format!("metric is 'l2' or 'cosine', found '{other}'")),
        }
    }
}
