//! The k smallest distances that one row has seen so far, and the batches that the rows lie in.

use std::{cmp::Ordering, collections::BinaryHeap};

use arrow::{
    array::ArrayRef,
    error::ArrowError,
    record_batch::RecordBatch,
    row::{RowConverter, Rows, SortField},
};

/// One row that may be among the nearest. Equal distances are ordered by the key of the table, and without one
/// by the order of reading.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Candidate {
    pub(super) distance: f64,
    key: Box<[u8]>,
    pub(super) batch: usize,
    pub(super) row: usize,
}

impl Candidate {
    pub(super) fn new(distance: f64, key: &[u8], batch: usize, row: usize) -> Self {
        Self {
            distance,
            key: key.into(),
            batch,
            row,
        }
    }
}

impl Eq for Candidate {}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.distance
            .total_cmp(&other.distance)
            .then_with(|| self.key.cmp(&other.key))
            .then(self.batch.cmp(&other.batch))
            .then(self.row.cmp(&other.row))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What stands for the distance of a vector that is NULL, where rows without a distance are kept: behind every
/// number, and behind NaN too.
pub(super) const NO_DISTANCE: f64 = f64::from_bits(0x7fff_ffff_ffff_ffff);

/// Keeps the k nearest rows of a stream of batches for one row that asks.
#[derive(Debug)]
pub(super) struct TopK {
    k: usize,
    heap: BinaryHeap<Candidate>,
}

impl TopK {
    pub(super) fn new(k: usize) -> Self {
        Self {
            k,
            heap: BinaryHeap::new(),
        }
    }

    /// Offers row `row` of batch `batch`, whose key is made only if it is needed.
    pub(super) fn offer<'k>(
        &mut self,
        distance: f64,
        batch: usize,
        row: usize,
        key: impl FnOnce() -> &'k [u8],
    ) {
        if self.heap.len() == self.k
            && self
                .heap
                .peek()
                .is_none_or(|farthest| distance.total_cmp(&farthest.distance).is_gt())
        {
            return;
        }
        let candidate = Candidate::new(distance, key(), batch, row);
        if self.heap.len() < self.k {
            self.heap.push(candidate);
        } else if self.heap.peek().is_some_and(|farthest| candidate < *farthest) {
            self.heap.pop();
            self.heap.push(candidate);
        }
    }

    /// The rows, nearest first.
    pub(super) fn finish(self) -> Vec<Candidate> {
        self.heap.into_sorted_vec()
    }
}

/// The batches that were read, as long as some candidate lies in them.
#[derive(Debug, Default)]
pub(super) struct Batches(Vec<Option<RecordBatch>>);

impl Batches {
    /// One batch.
    pub(super) fn of(batch: RecordBatch) -> Self {
        Self(vec![Some(batch)])
    }

    /// The place that the next batch will have.
    pub(super) fn next(&self) -> usize {
        self.0.len()
    }

    /// Keeps `batch` if one of `tops` has a row of it, and lets go of those that none has a row of any more.
    pub(super) fn push(&mut self, batch: RecordBatch, tops: &[TopK]) {
        self.0.push(Some(batch));
        let mut needed = vec![false; self.0.len()];
        for candidate in tops.iter().flat_map(|top| &top.heap) {
            needed[candidate.batch] = true;
        }
        for (batch, needed) in self.0.iter_mut().zip(needed) {
            if !needed {
                *batch = None;
            }
        }
    }

    /// Those that are left, and for every place where it stands among them.
    pub(super) fn kept(&self) -> (Vec<&RecordBatch>, Vec<usize>) {
        let mut place = vec![usize::MAX; self.0.len()];
        let mut batches = Vec::new();
        for (index, batch) in self.0.iter().enumerate() {
            if let Some(batch) = batch {
                place[index] = batches.len();
                batches.push(batch);
            }
        }
        (batches, place)
    }
}

/// The keys of one batch in a form that compares by bytes.
pub(super) struct Keys(Option<Rows>);

impl Keys {
    /// No keys: the order of reading decides.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// The keys that the columns at `places` make up; no columns, no keys.
    pub(super) fn of(batch: &RecordBatch, places: &[usize]) -> Result<Self, ArrowError> {
        if places.is_empty() {
            return Ok(Self::none());
        }
        let columns: Vec<ArrayRef> = places.iter().map(|&place| batch.column(place).clone()).collect();
        let fields = columns
            .iter()
            .map(|column| SortField::new(column.data_type().clone()))
            .collect();
        Ok(Self(Some(RowConverter::new(fields)?.convert_columns(&columns)?)))
    }

    pub(super) fn get(&self, row: usize) -> &[u8] {
        match &self.0 {
            Some(rows) => rows.row(row).data(),
            None => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Sorting everything is the oracle; distances repeat, so that keys decide.
        #[test]
        fn equals_a_full_sort(
            batches in prop::collection::vec(prop::collection::vec((-5i32..5, any::<u8>()), 1..20), 0..8),
            k in 0usize..30,
        ) {
            let mut top = TopK::new(k);
            let mut all = Vec::new();
            for (batch, rows) in batches.iter().enumerate() {
                for (row, (value, key)) in rows.iter().enumerate() {
                    let key = [*key];
                    top.offer(f64::from(value.abs()), batch, row, || &key);
                    all.push((value.abs(), key[0], batch, row));
                }
            }
            all.sort_unstable();
            all.truncate(k);
            let found: Vec<_> = top
                .finish()
                .into_iter()
                .map(|candidate| (candidate.distance as i32, candidate.key[0], candidate.batch, candidate.row))
                .collect();
            prop_assert_eq!(found, all);
        }
    }

    #[test]
    fn no_distance_comes_last() {
        let mut top = TopK::new(3);
        for (row, distance) in [NO_DISTANCE, f64::NAN, f64::INFINITY, 7.0]
            .into_iter()
            .enumerate()
        {
            top.offer(distance, 0, row, || &[]);
        }
        let order: Vec<_> = top.finish().iter().map(|candidate| candidate.row).collect();
        assert_eq!(order, [3, 2, 1]);
    }
}
