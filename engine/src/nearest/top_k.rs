//! The k smallest distances seen so far, with the batches that their rows lie in.

use std::{cmp::Ordering, collections::BinaryHeap};

use arrow::{
    compute::interleave_record_batch,
    error::ArrowError,
    record_batch::{RecordBatch, RecordBatchOptions},
};

/// One row that may be among the nearest: its distance, and where it lies in the order of reading, which
/// breaks ties so that equal distances always come out in the same order.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Candidate {
    distance: f64,
    batch: usize,
    row: usize,
}

impl Eq for Candidate {}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.distance
            .total_cmp(&other.distance)
            .then(self.batch.cmp(&other.batch))
            .then(self.row.cmp(&other.row))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Keeps the k nearest rows of a stream of batches. Memory grows with k batches at most, not with the
/// stream.
pub(super) struct TopK {
    k: usize,
    heap: BinaryHeap<Candidate>,
    batches: Vec<Option<RecordBatch>>,
}

impl TopK {
    pub(super) fn new(k: usize) -> Self {
        Self {
            k,
            heap: BinaryHeap::new(),
            batches: Vec::new(),
        }
    }

    /// Offers every row of `batch`; a row whose distance is `None` or NaN has no place in the order.
    pub(super) fn push(&mut self, batch: RecordBatch, distances: impl Iterator<Item = Option<f64>>) {
        let index = self.batches.len();
        let mut kept = false;
        for (row, distance) in distances.enumerate() {
            let Some(distance) = distance.filter(|distance| !distance.is_nan()) else {
                continue;
            };
            let candidate = Candidate {
                distance,
                batch: index,
                row,
            };
            if self.heap.len() < self.k {
                self.heap.push(candidate);
                kept = true;
            } else if self.heap.peek().is_some_and(|farthest| candidate < *farthest) {
                self.heap.pop();
                self.heap.push(candidate);
                kept = true;
            }
        }
        self.batches.push(kept.then_some(batch));
        if kept {
            self.release();
        }
    }

    /// Lets go of batches that no candidate lies in any more.
    fn release(&mut self) {
        let mut needed = vec![false; self.batches.len()];
        for candidate in &self.heap {
            needed[candidate.batch] = true;
        }
        for (batch, needed) in self.batches.iter_mut().zip(needed) {
            if !needed {
                *batch = None;
            }
        }
    }

    /// The rows, nearest first, and their distances; `None` when there are none.
    pub(super) fn finish(self) -> Result<Option<(RecordBatch, Vec<f64>)>, ArrowError> {
        let candidates = self.heap.into_sorted_vec();
        if candidates.is_empty() {
            return Ok(None);
        }
        let mut place = vec![usize::MAX; self.batches.len()];
        let mut batches = Vec::new();
        for (index, batch) in self.batches.iter().enumerate() {
            if let Some(batch) = batch {
                place[index] = batches.len();
                batches.push(batch);
            }
        }
        let rows: Vec<_> = candidates
            .iter()
            .map(|candidate| (place[candidate.batch], candidate.row))
            .collect();
        let nearest = match batches.first() {
            // A query that only counts asks for no columns.
            Some(batch) if batch.num_columns() == 0 => {
                let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
                RecordBatch::try_new_with_options(batch.schema(), Vec::new(), &options)?
            }
            _ => interleave_record_batch(&batches, &rows)?,
        };
        Ok(Some((
            nearest,
            candidates.iter().map(|candidate| candidate.distance).collect(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::{array::Int32Array, datatypes::Int32Type};
    use proptest::prelude::*;

    use super::*;

    fn batch(values: &[i32]) -> RecordBatch {
        RecordBatch::try_from_iter([("value", Arc::new(Int32Array::from(values.to_vec())) as _)])
            .expect("one column is a batch")
    }

    proptest! {
        /// Sorting everything is the oracle.
        #[test]
        fn equals_a_full_sort(batches in prop::collection::vec(prop::collection::vec(-50i32..50, 1..20), 0..8), k in 0usize..30) {
            let mut top = TopK::new(k);
            for values in &batches {
                top.push(batch(values), values.iter().map(|value| Some(f64::from(value.abs()))));
            }
            let mut expected: Vec<i32> = batches.concat();
            expected.sort_by_key(|value| value.abs());
            expected.truncate(k);
            let found = top.finish().expect("batches of one schema interleave");
            let found: Vec<i32> = found
                .map(|(rows, _)| arrow::array::AsArray::as_primitive::<Int32Type>(rows.column(0)).values().to_vec())
                .unwrap_or_default();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn nan_and_missing_distances_are_never_near() {
        let mut top = TopK::new(3);
        top.push(batch(&[1, 2, 3]), [Some(f64::NAN), None, Some(7.0)].into_iter());
        let (rows, distances) = top.finish().expect("one schema").expect("one row has a distance");
        assert_eq!((rows.num_rows(), distances), (1, vec![7.0]));
    }
}
