//! The exact search among vectors in memory.
//!
//! Cost grows with the rows compared × the length of the vectors: one pass over memory, of many rows over their copy in
//! bytes ([`super::coarse`]).

use std::{cmp::Ordering, collections::BinaryHeap};

use arrow::buffer::BooleanBuffer;

use super::{Vectors, coarse::Question};
use crate::nearest::{Metric, metric::Query};

/// Fewer rows are compared as they are: to ask the copy takes longer.
const COARSE_FROM: usize = 256;
/// Rows for each of the k wanted from which on the copy leaves enough of them out.
const COARSE_FROM_FOR_EACH: usize = 8;

/// A row, and how far it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Found {
    pub(crate) distance: f64,
    pub(crate) row: usize,
}

impl Eq for Found {}

impl Ord for Found {
    fn cmp(&self, other: &Self) -> Ordering {
        self.distance
            .total_cmp(&other.distance)
            .then(self.row.cmp(&other.row))
    }
}

impl PartialOrd for Found {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Which rows may be found, from one on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rows<'r> {
    All,
    /// Those whose bit is set.
    Matching(&'r BooleanBuffer),
}

/// The nearest so far.
#[derive(Debug)]
pub(crate) struct Nearest {
    k: usize,
    heap: BinaryHeap<Found>,
    /// Rows as far as the farthest in the heap: which of them belong there, the key of the table decides.
    ties: Vec<Found>,
}

impl Nearest {
    pub(crate) fn new(k: usize) -> Self {
        Self {
            k,
            heap: BinaryHeap::new(),
            ties: Vec::new(),
        }
    }

    #[inline]
    pub(crate) fn offer(&mut self, found: Found) {
        if found.distance.is_nan() || self.k == 0 {
            return;
        }
        if self.heap.len() < self.k {
            self.heap.push(found);
            return;
        }
        let Some(mut farthest) = self.heap.peek_mut() else {
            return;
        };
        match found.distance.total_cmp(&farthest.distance) {
            Ordering::Greater => {}
            Ordering::Equal => self.ties.push(found),
            Ordering::Less => {
                let left = std::mem::replace(&mut *farthest, found);
                drop(farthest);
                let is_tie = self
                    .heap
                    .peek()
                    .is_some_and(|farthest| farthest.distance.total_cmp(&left.distance).is_eq());
                if is_tie {
                    self.ties.push(left);
                } else {
                    self.ties.clear();
                }
            }
        }
    }

    /// The k nearest, and all others as far as the last of them, nearest first.
    pub(crate) fn finish(self) -> Vec<Found> {
        let mut found = self.heap.into_vec();
        found.extend(self.ties);
        found.sort_unstable();
        found
    }
}

impl Vectors {
    /// Offers some rows, such as a graph has found, at their exact distances.
    pub(crate) fn offer(&self, metric: Metric, query: &[f32], rows: &[u64], nearest: &mut Nearest) {
        let places = rows
            .iter()
            .map(|row| *row as usize)
            .filter(|row| *row < self.len());
        self.compare(metric, query, places, 0, nearest);
    }

    /// Offers the rows from `first` to before `last`; rows that are no place have no distance. Returns how many were
    /// compared.
    pub(crate) fn search(
        &self,
        metric: Metric,
        query: &[f32],
        (first, last): (usize, usize),
        rows: Rows<'_>,
        offset: usize,
        nearest: &mut Nearest,
    ) -> usize {
        match rows {
            Rows::All => {
                let count = last - first;
                if let Some(question) = self.coarse_question(metric, query, count, nearest.k) {
                    let contenders = question.contenders(first..last, false, nearest.k);
                    self.compare(metric, query, contenders.into_iter(), offset, nearest);
                } else {
                    let rows = (first..last).map(|row| (row, self.get(row)));
                    Query::new(metric, query).compare(rows, |row, distance| {
                        let row = row + offset;
                        nearest.offer(Found { distance, row });
                    });
                }
                count
            }
            Rows::Matching(bits) => {
                let bits = bits.slice(first + offset, last - first);
                let count = bits.count_set_bits();
                let matching = bits.set_indices().map(|index| first + index);
                if let Some(question) = self.coarse_question(metric, query, count, nearest.k) {
                    let contenders = question.contenders(matching, true, nearest.k);
                    self.compare(metric, query, contenders.into_iter(), offset, nearest);
                } else {
                    self.compare(metric, query, matching, offset, nearest);
                }
                count
            }
        }
    }

    /// The vector as the copy is asked, where that pays for `count` rows.
    fn coarse_question(&self, metric: Metric, query: &[f32], count: usize, k: usize) -> Option<Question<'_>> {
        let coarse = self.coarse.as_ref().filter(|_| count >= COARSE_FROM)?;
        let pays = k > 0 && count / k >= COARSE_FROM_FOR_EACH;
        pays.then(|| coarse.question(metric, query)).flatten()
    }

    /// Offers rows that lie anywhere, as `offset` and more.
    fn compare(
        &self,
        metric: Metric,
        query: &[f32],
        rows: impl Iterator<Item = usize>,
        offset: usize,
        nearest: &mut Nearest,
    ) {
        let rows = rows.map(|row| (row, self.get(row)));
        Query::new(metric, query).compare_scattered(rows, |row, distance| {
            let row = row + offset;
            nearest.offer(Found { distance, row });
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The search without the copy is the oracle: small whole numbers and repeated rows make many ties, which must be
        /// the same ones; some rows are no places.
        #[test]
        fn the_copy_changes_no_answer(
            seed in any::<u64>(),
            dimension in 32usize..50,
            count in COARSE_FROM..600,
            k in 1usize..20,
            whole in any::<bool>(),
        ) {
            // Of xorshift, since numbers one by one would take proptest minutes.
            let mut state = seed | 1;
            let mut random = move || {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 40) as f32 / (1 << 24) as f32
            };
            let mut numbers: Vec<f32> = (0..count * dimension)
                .map(|_| if whole { (random() * 3.0).floor() } else { random() - 0.5 })
                .collect();
            for row in (0..count).step_by(17) {
                let from = (row * 7 % count) * dimension;
                numbers.copy_within(from..from + dimension, row * dimension);
            }
            numbers[5 * dimension] = f32::NAN;
            numbers[6 * dimension] = f32::INFINITY;
            let query: Vec<f32> = (0..dimension).map(|_| random() * 2.0).collect();
            let vectors = Vectors::of(dimension, numbers).expect("whole rows");
            let mut plain = vectors.clone();
            plain.coarse = None;
            let bits: BooleanBuffer = (0..count + 3).map(|row| row % 40 != 1).collect();
            for metric in [Metric::L2, Metric::Cosine] {
                for rows in [Rows::All, Rows::Matching(&bits)] {
                    let answer = |vectors: &Vectors| {
                        let mut nearest = Nearest::new(k);
                        let compared = vectors.search(metric, &query, (0, count), rows, 3, &mut nearest);
                        (compared, nearest.finish())
                    };
                    prop_assert_eq!(answer(&vectors), answer(&plain));
                }
            }
        }
    }
}
