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
        let mut distance = f64::NAN;
        Query::new(self, a).compare(std::iter::once((0, b)), |_, found| distance = found);
        distance
    }
}

/// A vector that others are compared with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Query<'q> {
    metric: Metric,
    vector: &'q [f32],
    /// Its scalar product with itself.
    square: f64,
}

impl<'q> Query<'q> {
    pub(crate) fn new(metric: Metric, vector: &'q [f32]) -> Self {
        Self {
            metric,
            vector,
            square: f64::from(sum(vector, vector, |x, y| x * y)),
        }
    }

    /// Tells `found` the distance of each row, with the instructions that this machine has. Which they are does not
    /// change a bit of it: the sums are the same.
    pub(crate) fn compare<'v>(
        &self,
        rows: impl Iterator<Item = (usize, &'v [f32])>,
        mut found: impl FnMut(usize, f64),
    ) {
        let query = *self;
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || match query.metric {
                Metric::L2 => {
                    for (row, vector) in rows {
                        let square = sum(query.vector, vector, |x, y| (x - y) * (x - y));
                        found(row, f64::from(square).sqrt());
                    }
                }
                Metric::Cosine => {
                    for (row, vector) in rows {
                        let dot = f64::from(sum(query.vector, vector, |x, y| x * y));
                        let square = f64::from(sum(vector, vector, |x, y| x * y));
                        found(row, 1.0 - dot / (query.square * square).sqrt());
                    }
                }
            },
        );
    }
}

/// Sums in sixteen lanes, which the compiler turns into vector instructions, and then in pairs; a single running sum
/// it may not reorder.
#[inline(always)]
fn sum(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f32 {
    const LANES: usize = 16;
    let mut lanes = [0.0f32; LANES];
    let (a_lanes, a_rest) = a.as_chunks::<LANES>();
    let (b_lanes, b_rest) = b.as_chunks::<LANES>();
    for (x, y) in a_lanes.iter().zip(b_lanes) {
        for lane in 0..LANES {
            lanes[lane] += term(x[lane], y[lane]);
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(&x, &y)| term(x, y)).sum();
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
        width /= 2;
    }
    lanes[0] + rest
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
