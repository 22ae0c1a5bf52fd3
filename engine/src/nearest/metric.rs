//! The distances that vectors are compared by.

#![expect(
    clippy::inline_always,
    reason = "a function takes the instructions of the place that it is inlined into"
)]

use std::{fmt, str::FromStr};

use pulp::{Simd, WithSimd};

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
        let square = pulp::Arch::new().dispatch(Square(vector));
        Self {
            metric,
            vector,
            square: f64::from(square),
        }
    }

    /// Tells `found` the distance of each row, which lie one after the other in memory.
    pub(crate) fn compare<'v>(
        &self,
        rows: impl Iterator<Item = (usize, &'v [f32])>,
        found: impl FnMut(usize, f64),
    ) {
        self.dispatch(rows, found, false);
    }

    /// The same of rows that lie far from each other: several are compared at a time, so that one need not wait for the
    /// memory of another. On a machine whose memory is slow to answer this takes a third of the time.
    pub(crate) fn compare_scattered<'v>(
        &self,
        rows: impl Iterator<Item = (usize, &'v [f32])>,
        found: impl FnMut(usize, f64),
    ) {
        self.dispatch(rows, found, true);
    }

    fn dispatch<'v>(
        &self,
        rows: impl Iterator<Item = (usize, &'v [f32])>,
        found: impl FnMut(usize, f64),
        scattered: bool,
    ) {
        pulp::Arch::new().dispatch(Comparison {
            query: *self,
            rows,
            found,
            scattered,
        });
    }

    #[inline(always)]
    fn distance<S: Simd>(&self, simd: S, vector: &[f32]) -> f64 {
        match self.metric {
            Metric::L2 => euclidean(sum(simd, SquaredDifference, self.vector, vector)),
            Metric::Cosine => {
                let dot = sum(simd, Product, self.vector, vector);
                self.angle(dot, sum(simd, Product, vector, vector))
            }
        }
    }

    #[inline(always)]
    fn four_distances<S: Simd>(&self, simd: S, vectors: [&[f32]; 4]) -> [f64; 4] {
        match self.metric {
            Metric::L2 => four_sums(simd, SquaredDifference, self.vector, vectors).map(euclidean),
            Metric::Cosine => {
                let dots = four_sums(simd, Product, self.vector, vectors);
                std::array::from_fn(|row| {
                    self.angle(dots[row], sum(simd, Product, vectors[row], vectors[row]))
                })
            }
        }
    }

    fn angle(&self, dot: f32, square: f32) -> f64 {
        1.0 - f64::from(dot) / (self.square * f64::from(square)).sqrt()
    }
}

fn euclidean(square: f32) -> f64 {
    f64::from(square).sqrt()
}

/// A comparison that is made with the instructions that this machine has. What is inlined takes them too.
struct Comparison<'q, I, F> {
    query: Query<'q>,
    rows: I,
    found: F,
    scattered: bool,
}

impl<'v, I: Iterator<Item = (usize, &'v [f32])>, F: FnMut(usize, f64)> WithSimd for Comparison<'_, I, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        if self.scattered {
            loop {
                let next = [(); 4].map(|()| self.rows.next());
                if let [Some(a), Some(b), Some(c), Some(d)] = next {
                    let distances = self.query.four_distances(simd, [a.1, b.1, c.1, d.1]);
                    for (row, distance) in [a.0, b.0, c.0, d.0].into_iter().zip(distances) {
                        (self.found)(row, distance);
                    }
                    continue;
                }
                for (row, vector) in next.into_iter().flatten() {
                    (self.found)(row, self.query.distance(simd, vector));
                }
                break;
            }
        } else {
            for (row, vector) in self.rows {
                (self.found)(row, self.query.distance(simd, vector));
            }
        }
    }
}

/// The scalar product of a vector with itself.
struct Square<'v>(&'v [f32]);

impl WithSimd for Square<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        sum(simd, Product, self.0, self.0)
    }
}

/// What is summed over two vectors.
trait Term: Copy {
    /// The sums with the terms of some numbers of both added.
    fn add<S: Simd>(self, simd: S, sums: S::f32s, x: S::f32s, y: S::f32s) -> S::f32s;
    /// The term of one number of each.
    fn one(self, x: f32, y: f32) -> f32;
}

/// `(x − y)²`
#[derive(Clone, Copy)]
struct SquaredDifference;

impl Term for SquaredDifference {
    #[inline(always)]
    fn add<S: Simd>(self, simd: S, sums: S::f32s, x: S::f32s, y: S::f32s) -> S::f32s {
        let difference = simd.sub_f32s(x, y);
        simd.mul_add_e_f32s(difference, difference, sums)
    }

    #[inline(always)]
    fn one(self, x: f32, y: f32) -> f32 {
        (x - y) * (x - y)
    }
}

/// `x · y`
#[derive(Clone, Copy)]
struct Product;

impl Term for Product {
    #[inline(always)]
    fn add<S: Simd>(self, simd: S, sums: S::f32s, x: S::f32s, y: S::f32s) -> S::f32s {
        simd.mul_add_e_f32s(x, y, sums)
    }

    #[inline(always)]
    fn one(self, x: f32, y: f32) -> f32 {
        x * y
    }
}

/// The sum over `a` and `b`, in two registers, of even and of odd pieces, so that one addition need not wait for another.
#[inline(always)]
fn sum<S: Simd, T: Term>(simd: S, term: T, a: &[f32], b: &[f32]) -> f32 {
    let ((x, x_rest), (y, y_rest)) = (S::as_simd_f32s(a), S::as_simd_f32s(b));
    let ((x, x_last), (y, y_last)) = (x.as_chunks::<2>(), y.as_chunks::<2>());
    let (mut even, mut odd) = (simd.splat_f32s(0.0), simd.splat_f32s(0.0));
    for (x, y) in x.iter().zip(y) {
        even = term.add(simd, even, x[0], y[0]);
        odd = term.add(simd, odd, x[1], y[1]);
    }
    for (x, y) in x_last.iter().zip(y_last) {
        even = term.add(simd, even, *x, *y);
    }
    simd.reduce_sum_f32s(simd.add_f32s(even, odd)) + rest(term, x_rest, y_rest)
}

/// Four times [`sum`], to the bit, written out because the compiler keeps arrays of registers in memory.
#[inline(always)]
fn four_sums<S: Simd, T: Term>(simd: S, term: T, a: &[f32], others: [&[f32]; 4]) -> [f32; 4] {
    let (x, x_rest) = S::as_simd_f32s(a);
    let (x, x_last) = x.as_chunks::<2>();
    let [(y0, rest0), (y1, rest1), (y2, rest2), (y3, rest3)] = others.map(S::as_simd_f32s);
    let [(y0, last0), (y1, last1), (y2, last2), (y3, last3)] = [y0, y1, y2, y3].map(<[_]>::as_chunks::<2>);
    let zero = simd.splat_f32s(0.0);
    let (mut even0, mut even1, mut even2, mut even3) = (zero, zero, zero, zero);
    let (mut odd0, mut odd1, mut odd2, mut odd3) = (zero, zero, zero, zero);
    for ((((x, y0), y1), y2), y3) in x.iter().zip(y0).zip(y1).zip(y2).zip(y3) {
        even0 = term.add(simd, even0, x[0], y0[0]);
        even1 = term.add(simd, even1, x[0], y1[0]);
        even2 = term.add(simd, even2, x[0], y2[0]);
        even3 = term.add(simd, even3, x[0], y3[0]);
        odd0 = term.add(simd, odd0, x[1], y0[1]);
        odd1 = term.add(simd, odd1, x[1], y1[1]);
        odd2 = term.add(simd, odd2, x[1], y2[1]);
        odd3 = term.add(simd, odd3, x[1], y3[1]);
    }
    for ((((x, y0), y1), y2), y3) in x_last.iter().zip(last0).zip(last1).zip(last2).zip(last3) {
        even0 = term.add(simd, even0, *x, *y0);
        even1 = term.add(simd, even1, *x, *y1);
        even2 = term.add(simd, even2, *x, *y2);
        even3 = term.add(simd, even3, *x, *y3);
    }
    let whole =
        |even, odd, y_rest| simd.reduce_sum_f32s(simd.add_f32s(even, odd)) + rest(term, x_rest, y_rest);
    [
        whole(even0, odd0, rest0),
        whole(even1, odd1, rest1),
        whole(even2, odd2, rest2),
        whole(even3, odd3, rest3),
    ]
}

#[inline(always)]
fn rest<T: Term>(term: T, a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(&x, &y)| term.one(x, y)).sum()
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Sums in 64 bits are the oracle: 300 terms of 32 bits are off by less than a part in a million of what they
        /// are sums of. Several at a time give the same bits as each alone.
        #[test]
        fn distances_are_what_they_are_called(
            numbers in prop::collection::vec(-100.0f32..100.0, 1..300),
            rows in 1usize..11,
            seed in any::<u32>(),
        ) {
            let length = numbers.len();
            let other = |row: usize| -> Vec<f32> {
                (0..length).map(|at| numbers[(at * 7 + row + seed as usize) % length] * 0.5 + at as f32 * 0.01).collect()
            };
            let others: Vec<Vec<f32>> = (0..rows).map(other).collect();
            let wide = |vector: &[f32]| -> Vec<f64> { vector.iter().map(|x| f64::from(*x)).collect() };
            let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(x, y)| x * y).sum() };
            for metric in [Metric::L2, Metric::Cosine] {
                let query = Query::new(metric, &numbers);
                let places = || others.iter().enumerate().map(|(row, other)| (row, other.as_slice()));
                let (mut one, mut four) = (Vec::new(), Vec::new());
                query.compare(places(), |row, distance| one.push((row, distance.to_bits())));
                query.compare_scattered(places(), |row, distance| four.push((row, distance.to_bits())));
                prop_assert_eq!(&one, &four);
                let a = wide(&numbers);
                for (row, bits) in one {
                    let b = wide(&others[row]);
                    let (expected, scale) = match metric {
                        Metric::L2 => {
                            let square: f64 = a.iter().zip(&b).map(|(x, y)| (x - y) * (x - y)).sum();
                            (square.sqrt(), square.sqrt())
                        }
                        Metric::Cosine => (1.0 - dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt(), 1.0),
                    };
                    let found = f64::from_bits(bits);
                    prop_assert!((found - expected).abs() <= 1e-5 * scale, "{found} {expected}");
                }
            }
        }
    }
}
