//! A copy of vectors by bytes, which tells the rows that may be among the nearest from those that cannot.
//!
//! A vector x is kept as a step s and whole numbers c from −127 to 127, with its error e = |x − s·c|. A distance changes
//! by no more than e where a point moves by e, so that the copy tells of every row how near it is at least and at most.
//! Rows that are farther at least than k others are at most are not among the k nearest. The others, a few more than k,
//! are compared by their own numbers: the answer is the exact one, to the bit.
//!
//! An exact search waits for memory, and the copy is a quarter as large as the vectors.

#![expect(
    clippy::inline_always,
    reason = "a function takes the instructions of the place that it is inlined into"
)]

use std::{collections::BinaryHeap, hint::black_box};

use pulp::{Arch, Simd, WithSimd};

use super::Found;
use crate::nearest::Metric;

/// Bytes before the whole numbers of a row: its [`Head`].
const HEAD: usize = 16;
/// Rows begin where a register of so many bytes does.
const ALIGNED: usize = 16;
/// The largest whole number.
const LARGEST: i8 = 127;
/// Lengths of vectors that are copied: of shorter ones the heads would be most of the copy, and of longer ones the sums
/// of products would leave the question too few bits.
const LENGTHS: std::ops::RangeInclusive<usize> = 32..=1 << 16;
/// Numbers up to here have squares whose sums have room in 32 bits, by which the exact distances are computed.
const SMALL_ENOUGH: f32 = 1e15;
/// Vectors from this length on have a square in 32 bits.
const LONG_ENOUGH: f64 = 1e-15;
/// What differences of squares in 64 bits lose, as a part of the lengths whose squares they are.
const ROUNDING: f64 = 1e-7;
/// Rows whose memory is asked for at a time, so that one need not wait for the other.
const AT_ONCE: usize = 32;
/// What memory is read by.
const LINE: usize = 64;

/// The copy of some vectors of one length.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Coarse {
    dimension: usize,
    bytes: Vec<u8>,
}

/// What is known of a row beside its whole numbers.
#[derive(Debug, Clone, Copy)]
struct Head {
    /// s.
    step: f32,
    /// e; infinite where the copy says nothing of the row.
    error: f32,
    /// |x|.
    length: f32,
    /// Σc².
    square: u32,
}

/// A vector that rows are compared with: t·p, where p are whole numbers, at a distance of `error`.
pub(super) struct Question<'c> {
    coarse: &'c Coarse,
    metric: Metric,
    codes: Vec<i16>,
    step: f64,
    error: f64,
    length: f64,
    /// (t·|p|)².
    square: f64,
    /// What the exact distance, computed in 32 bits, may be off by: a part of it, or with angles this much.
    rounding: f64,
}

/// How far a row is, at least and at most.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bounds {
    least: f64,
    most: f64,
}

impl Bounds {
    const NONE: Self = Self {
        least: f64::NEG_INFINITY,
        most: f64::INFINITY,
    };
}

impl Coarse {
    /// A copy of vectors of this length, none yet; `None` where none would help.
    pub(super) fn new(dimension: usize) -> Option<Self> {
        LENGTHS.contains(&dimension).then(|| Self {
            dimension,
            bytes: Vec::new(),
        })
    }

    /// How many bytes a row takes.
    pub(super) fn bytes_of_row(dimension: usize) -> usize {
        if LENGTHS.contains(&dimension) {
            (HEAD + dimension).next_multiple_of(ALIGNED)
        } else {
            0
        }
    }

    /// Makes room for `rows` more.
    pub(super) fn reserve(&mut self, rows: usize) {
        self.bytes
            .reserve_exact(rows * Self::bytes_of_row(self.dimension));
    }

    /// Adds a row.
    pub(super) fn push(&mut self, vector: &[f32]) {
        let first = self.bytes.len();
        self.bytes.resize(first + Self::bytes_of_row(self.dimension), 0);
        let (head, codes) = self.bytes[first..].split_at_mut(HEAD);
        let codes = &mut codes[..self.dimension];
        Arch::new().dispatch(Copied { vector, codes }).write(head);
    }

    /// A vector that rows are compared with; `None` where the copy would not tell how far they are.
    pub(super) fn question(&self, metric: Metric, vector: &[f32]) -> Option<Question<'_>> {
        let (largest, length) = extent(vector);
        if largest > SMALL_ENOUGH || !length.is_finite() || length < LONG_ENOUGH {
            return None;
        }
        // So large that no sum of products leaves 32 bits.
        let most = i32::MAX / (i32::from(LARGEST) * self.dimension as i32);
        let most = most.min(i16::MAX.into()) as f32;
        let step = largest / most;
        let codes: Vec<i16> = vector
            .iter()
            .map(|x| (x / step).round().clamp(-most, most) as i16)
            .collect();
        let step = f64::from(step);
        let squares = codes.iter().map(|p| f64::from(*p) * f64::from(*p));
        let errors = vector.iter().zip(&codes).map(|(x, p)| {
            let error = f64::from(*x) - step * f64::from(*p);
            error * error
        });
        Some(Question {
            coarse: self,
            metric,
            step,
            error: errors.sum::<f64>().sqrt(),
            length,
            square: step * step * squares.sum::<f64>(),
            rounding: self.dimension as f64 * f64::from(f32::EPSILON),
            codes,
        })
    }

    #[inline(always)]
    fn row(&self, row: usize) -> &[u8] {
        let bytes = Self::bytes_of_row(self.dimension);
        &self.bytes[row * bytes..][..bytes]
    }
}

impl Head {
    fn write(self, bytes: &mut [u8]) {
        let Self {
            step,
            error,
            length,
            square,
        } = self;
        for (place, field) in [step.to_bits(), error.to_bits(), length.to_bits(), square]
            .iter()
            .enumerate()
        {
            bytes[4 * place..][..4].copy_from_slice(&field.to_le_bytes());
        }
    }

    #[inline(always)]
    fn read(bytes: &[u8]) -> Self {
        let field = |place: usize| {
            let at = 4 * place;
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        Self {
            step: f32::from_bits(field(0)),
            error: f32::from_bits(field(1)),
            length: f32::from_bits(field(2)),
            square: field(3),
        }
    }
}

impl Question<'_> {
    /// Those of `rows` that may be among the `k` nearest of them, in their order.
    pub(super) fn contenders(
        &self,
        rows: impl Iterator<Item = usize>,
        scattered: bool,
        k: usize,
    ) -> Vec<usize> {
        // The k that are nearest at most, the farthest of them on top.
        let mut nearest: BinaryHeap<Found> = BinaryHeap::with_capacity(k + 1);
        let mut contenders = Vec::new();
        let found = |row: usize, Bounds { least, most }: Bounds| {
            let is_full = nearest.len() == k;
            let limit = match nearest.peek() {
                Some(farthest) if is_full => farthest.distance,
                _ => f64::INFINITY,
            };
            if least <= limit {
                contenders.push((row, least));
            }
            if most < limit {
                if is_full {
                    nearest.pop();
                }
                nearest.push(Found { distance: most, row });
            }
        };
        Arch::new().dispatch(Scan {
            question: self,
            rows,
            scattered,
            found,
        });
        let limit = match nearest.peek() {
            Some(farthest) if nearest.len() == k => farthest.distance,
            _ => f64::INFINITY,
        };
        let kept = contenders.into_iter().filter(|(_, least)| *least <= limit);
        kept.map(|(row, _)| row).collect()
    }

    #[inline(always)]
    fn bounds(&self, bytes: &[u8]) -> Bounds {
        let (head, codes) = bytes.split_at(HEAD);
        let head = Head::read(head);
        let mut dot = 0_i32;
        for (code, own) in codes.iter().zip(&self.codes) {
            dot += i32::from(*code as i8) * i32::from(*own);
        }
        if head.error.is_infinite() {
            return Bounds::NONE;
        }
        let (step, error, length) = (
            f64::from(head.step),
            f64::from(head.error),
            f64::from(head.length),
        );
        let dot = step * self.step * f64::from(dot);
        match self.metric {
            Metric::L2 => {
                let square = step * step * f64::from(head.square) - 2.0 * dot + self.square;
                let distance = square.max(0.0).sqrt();
                let off = error + self.error + ROUNDING * (length + self.length);
                Bounds {
                    least: (distance - off) * (1.0 - self.rounding),
                    most: (distance + off) * (1.0 + self.rounding),
                }
            }
            Metric::Cosine => {
                let distance = 1.0 - dot / (self.length * length);
                let part = error / length;
                let off = part + self.error / self.length * (1.0 + part) + ROUNDING + 2.0 * self.rounding;
                Bounds {
                    least: distance - off,
                    most: distance + off,
                }
            }
        }
    }
}

/// The largest number of a vector without its sign, and the vector's length.
#[inline(always)]
fn extent(vector: &[f32]) -> (f32, f64) {
    let largest = vector.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
    let squares = vector.iter().map(|x| f64::from(*x) * f64::from(*x));
    (largest, squares.sum::<f64>().sqrt())
}

/// A vector that is copied with the instructions that this machine has.
struct Copied<'c> {
    vector: &'c [f32],
    codes: &'c mut [u8],
}

impl WithSimd for Copied<'_> {
    type Output = Head;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Head {
        let (largest, length) = extent(self.vector);
        // `max` passes over what is no number, and the length does not.
        if largest > SMALL_ENOUGH || !length.is_finite() || length < LONG_ENOUGH {
            return Head {
                step: 0.0,
                error: f32::INFINITY,
                length: 1.0,
                square: 0,
            };
        }
        let most = f32::from(LARGEST);
        let step = largest / most;
        let (mut square, mut errors) = (0, 0.0_f64);
        for (x, code) in self.vector.iter().zip(self.codes) {
            let whole = (x / step).round_ties_even().clamp(-most, most) as i8;
            *code = whole as u8;
            square += u32::from(whole.unsigned_abs()).pow(2);
            let error = f64::from(*x) - f64::from(step) * f64::from(whole);
            errors += error * error;
        }
        Head {
            step,
            // Not less than it is.
            error: (errors.sqrt() as f32).next_up(),
            length: length as f32,
            square,
        }
    }
}

/// Rows that are compared with the instructions that this machine has.
struct Scan<'c, I, F> {
    question: &'c Question<'c>,
    rows: I,
    scattered: bool,
    found: F,
}

impl<I: Iterator<Item = usize>, F: FnMut(usize, Bounds)> WithSimd for Scan<'_, I, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        loop {
            let (mut rows, mut count) = ([0; AT_ONCE], 0);
            for (place, row) in rows.iter_mut().zip(&mut self.rows) {
                *place = row;
                count += 1;
            }
            let rows = &rows[..count];
            if self.scattered {
                let ask = |row: &usize| {
                    let bytes = self.question.coarse.row(*row);
                    let lines = bytes.iter().step_by(LINE);
                    lines.fold(bytes[bytes.len() - 1], |all, byte| all ^ byte)
                };
                black_box(rows.iter().fold(0, |all, row| all ^ ask(row)));
            }
            let mut bounds = [Bounds::NONE; AT_ONCE];
            for (bounds, row) in bounds.iter_mut().zip(rows) {
                *bounds = self.question.bounds(self.question.coarse.row(*row));
            }
            for (row, bounds) in rows.iter().zip(bounds) {
                (self.found)(*row, bounds);
            }
            if count < AT_ONCE {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Numbers of all sizes, and what is none.
    fn number() -> impl Strategy<Value = f32> {
        prop_oneof![
            20 => -1.0f32..1.0,
            4 => -1e6f32..1e6,
            2 => (-10i8..10).prop_map(f32::from),
            1 => prop::num::f32::ANY,
        ]
    }

    fn vector(length: usize) -> impl Strategy<Value = Vec<f32>> {
        prop_oneof![
            prop::collection::vec(-1.0f32..1.0, length),
            prop::collection::vec((-3i8..3).prop_map(f32::from), length),
            prop::collection::vec(number(), length),
            prop::num::f32::ANY.prop_map(move |x| vec![x; length]),
        ]
    }

    proptest! {
        /// The distance that the exact search computes is the oracle.
        #[test]
        fn a_distance_lies_within_its_bounds(
            (a, b) in (32usize..200).prop_flat_map(|length| (vector(length), vector(length))),
        ) {
            let mut coarse = Coarse::new(a.len()).expect("long enough");
            coarse.push(&a);
            coarse.push(&b);
            for metric in [Metric::L2, Metric::Cosine] {
                let Some(question) = coarse.question(metric, &a) else { continue };
                for (row, other) in [&a, &b].into_iter().enumerate() {
                    let distance = metric.distance(&a, other);
                    let Bounds { least, most } = question.bounds(coarse.row(row));
                    prop_assert!(
                        distance.is_nan() || (least <= distance && distance <= most),
                        "{metric}: {least} {distance} {most}"
                    );
                }
            }
        }
    }

    #[test]
    fn bounds_are_narrow() {
        // Numbers of one size lose a part in 254 of the largest at most, so a distance √128 times as much, and the
        // question nearly nothing: 2 · √128 / 254 in all.
        let number = |at: usize| ((at * 37 % 101) as f32 - 50.0) / 50.0;
        let a: Vec<f32> = (0..128).map(number).collect();
        let b: Vec<f32> = (128..256).map(number).collect();
        let mut coarse = Coarse::new(128).expect("long enough");
        coarse.push(&b);
        let question = coarse.question(Metric::L2, &a).expect("numbers");
        let Bounds { least, most } = question.bounds(coarse.row(0));
        assert!(
            most - least < 2.0 * 128_f64.sqrt() / 254.0 + 0.001,
            "{least} {most}"
        );
    }

    #[test]
    fn short_vectors_are_not_copied() {
        assert_eq!(Coarse::new(31), None);
        assert_eq!(Coarse::bytes_of_row(31), 0);
        assert_eq!(Coarse::bytes_of_row(128), 144);
    }
}
