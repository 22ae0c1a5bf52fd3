//! The exact search among vectors in memory.
//!
//! Cost grows with the rows compared × the length of the vectors: one pass over memory.

use std::{cmp::Ordering, collections::BinaryHeap};

use arrow::buffer::BooleanBuffer;

use super::Vectors;
use crate::nearest::{Metric, metric::Query};

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
        Query::new(metric, query).compare_scattered(
            places.map(|row| (row, self.get(row))),
            |row, distance| {
                nearest.offer(Found { distance, row });
            },
        );
    }

    /// Offers the rows from `first` to before `last`; rows that are no place have no distance.
    pub(crate) fn search(
        &self,
        metric: Metric,
        query: &[f32],
        (first, last): (usize, usize),
        rows: Rows<'_>,
        offset: usize,
        nearest: &mut Nearest,
    ) -> usize {
        let query = Query::new(metric, query);
        let mut compared = 0;
        let mut offer = |row, distance| {
            compared += 1;
            nearest.offer(Found {
                distance,
                row: row + offset,
            });
        };
        match rows {
            Rows::All => query.compare((first..last).map(|row| (row, self.get(row))), &mut offer),
            Rows::Matching(bits) => {
                let bits = bits.slice(first + offset, last - first);
                let matching = bits
                    .set_indices()
                    .map(|index| (first + index, self.get(first + index)));
                query.compare_scattered(matching, &mut offer);
            }
        }
        compared
    }
}
