//! The exact answer: one pass over the rows to choose from, each compared with every row that asks. The oracle
//! of the path through memory ([`super::in_memory`]).
//!
//! Cost grows with rows that ask × rows to choose from × length of the vectors; memory with the rows that ask
//! and k batches for each, at most with all batches.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, UInt32Array, new_null_array},
    compute::{interleave_record_batch, take},
    datatypes::SchemaRef,
    record_batch::{RecordBatch, RecordBatchOptions},
};
use datafusion::{
    common::{Result, ScalarValue, exec_err},
    execution::SendableRecordBatchStream,
    physical_expr::PhysicalExpr,
    physical_plan::metrics::{Count, Time},
};
use futures::{StreamExt, TryStreamExt};
use rayon::prelude::*;

use super::{
    Metric,
    metric::Query,
    node::Asking,
    top_k::{Batches, Candidate, Keys, NO_DISTANCE, TopK},
};
use crate::types::VectorColumn;

/// How many numbers are subtracted and squared between two looks at whether the answer is still wanted: about
/// 50 ms on one core.
const BLOCK: usize = 100_000_000;
/// The most rows in one batch of the answer.
const BATCH: usize = 8192;

/// What the operator does, apart from its inputs. Columns are named by their place in their input.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) query: usize,
    pub(super) asking_columns: Vec<usize>,
    pub(super) vector: usize,
    pub(super) within_columns: Vec<usize>,
    pub(super) key: Vec<usize>,
    pub(super) k: usize,
    pub(super) metric: Metric,
    pub(super) fills_up: bool,
    pub(super) shown: Asking,
    pub(super) filter: Option<PairFilter>,
    /// A predicate on the answer.
    pub(super) after: Option<Arc<dyn PhysicalExpr>>,
    /// The columns of the answer.
    pub(super) schema: SchemaRef,
}

/// A predicate on a pair: a row that asks, and a row to choose from.
#[derive(Debug, Clone)]
pub(super) struct PairFilter {
    pub(super) predicate: Arc<dyn PhysicalExpr>,
    /// The columns that the predicate reads, those of `asking` before those of `within`.
    pub(super) schema: SchemaRef,
    pub(super) asking: Vec<usize>,
    pub(super) within: Vec<usize>,
}

/// The rows that ask, all of them, and their vectors.
pub(super) struct Questions {
    pub(super) rows: RecordBatch,
    pub(super) vectors: VectorColumn,
}

/// The neighbours of every row that asks, nearest first.
pub(super) struct Answer {
    questions: RecordBatch,
    batches: Batches,
    /// The number of the row that asks, and its neighbour; none where it is padded.
    pairs: Vec<(usize, Option<Candidate>)>,
    within: SchemaRef,
}

impl Plan {
    /// Reads the rows to choose from to their end and ranks.
    pub(super) async fn search(
        &self,
        questions: &Questions,
        mut within: SendableRecordBatchStream,
        compared: &Count,
        time: &Time,
    ) -> Result<Answer> {
        let count = questions.rows.num_rows();
        let mut tops: Vec<TopK> = (0..count).map(|_| TopK::new(self.k)).collect();
        let mut batches = Batches::default();
        let schema = Arc::new(within.schema().project(&self.within_columns)?);
        while let Some(batch) = within.next().await {
            let batch = batch?;
            if batch.num_rows() == 0 || count == 0 {
                continue;
            }
            self.compare(questions, &batch, batches.next(), &mut tops, compared, time)
                .await?;
            let _timer = time.timer();
            batches.push(batch.project(&self.within_columns)?, &tops);
        }
        let _timer = time.timer();
        let mut pairs = Vec::new();
        for (row, top) in tops.into_iter().enumerate() {
            pairs.extend(top.finish().into_iter().map(|candidate| (row, Some(candidate))));
        }
        Ok(Answer {
            questions: questions.rows.clone(),
            batches,
            pairs,
            within: schema,
        })
    }

    /// The answer as it is shown: without the pairs that a predicate on it leaves out, and padded.
    pub(super) fn finish(&self, mut answer: Answer) -> Result<Answer> {
        if let Some(predicate) = &self.after {
            self.keep(&mut answer, predicate)?;
        }
        if self.shown == Asking::Padded {
            answer.pad();
        }
        Ok(answer)
    }

    /// Reads the rows that ask.
    pub(super) async fn questions(&self, asking: SendableRecordBatchStream) -> Result<Questions> {
        let schema = asking.schema();
        let batches: Vec<RecordBatch> = asking.try_collect().await?;
        let rows = arrow::compute::concat_batches(&schema, &batches)?;
        let vectors = VectorColumn::new(rows.column(self.query))?;
        if self.shown == Asking::Alone
            && !self.fills_up
            && (0..vectors.len())
                .filter_map(|row| vectors.get(row))
                .any(|vector| !is_finite(vector))
        {
            return exec_err!("NEAREST: the vector to search for has values that are not finite numbers");
        }
        Ok(Questions { rows, vectors })
    }

    /// Compares every row that asks with every row of `batch`, some at a time.
    async fn compare(
        &self,
        questions: &Questions,
        batch: &RecordBatch,
        place: usize,
        tops: &mut [TopK],
        compared: &Count,
        time: &Time,
    ) -> Result<()> {
        let vectors = VectorColumn::new(batch.column(self.vector))?;
        let keys = Keys::of(batch, &self.key)?;
        let length = (0..questions.vectors.len())
            .find_map(|row| questions.vectors.get(row))
            .map_or(1, <[f32]>::len);
        let at_once = (BLOCK / (length.max(1) * vectors.len())).max(1);
        for (block, tops) in tops.chunks_mut(at_once).enumerate() {
            let timer = time.timer();
            let first = block * at_once;
            let ask = |(index, top): (usize, &mut TopK)| -> Result<usize> {
                let row = first + index;
                // A vector that is NULL, such as the patch of a record that does not exist, is near to nothing,
                // and so is one that is not a place. An order by their distance has all rows all the same.
                let query = questions
                    .vectors
                    .get(row)
                    .filter(|vector| self.fills_up || is_finite(vector));
                if query.is_none() && !self.fills_up {
                    return Ok(0);
                }
                let mask = match &self.filter {
                    Some(filter) => Some(filter.mask(&questions.rows, row, batch)?),
                    None => None,
                };
                let may_be_near = |candidate: &usize| mask.as_ref().is_none_or(|mask| mask.value(*candidate));
                let mut distances = 0;
                if let Some(query) = query {
                    let candidates = (0..vectors.len()).filter(may_be_near);
                    let candidates = candidates.filter_map(|row| Some((row, vectors.get(row)?)));
                    Query::new(self.metric, query).compare(candidates, |candidate, distance| {
                        distances += 1;
                        if self.fills_up || !distance.is_nan() {
                            // There is more than one NaN, and they would not be ordered as one.
                            let distance = if distance.is_nan() { f64::NAN } else { distance };
                            top.offer(distance, place, candidate, || keys.get(candidate));
                        }
                    });
                }
                if self.fills_up {
                    let nothing = |candidate: &usize| query.is_none() || vectors.get(*candidate).is_none();
                    for candidate in (0..vectors.len()).filter(may_be_near).filter(nothing) {
                        top.offer(NO_DISTANCE, place, candidate, || keys.get(candidate));
                    }
                }
                Ok(distances)
            };
            let distances = if let [top] = tops {
                ask((0, top))?
            } else {
                tops.par_iter_mut()
                    .enumerate()
                    .map(ask)
                    .try_reduce(|| 0, |a, b| Ok(a + b))?
            };
            compared.add(distances);
            timer.done();
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Drops the pairs of `answer` that do not fulfil `predicate`.
    fn keep(&self, answer: &mut Answer, predicate: &Arc<dyn PhysicalExpr>) -> Result<()> {
        let mut kept = Vec::with_capacity(answer.pairs.len());
        for first in (0..answer.pairs.len()).step_by(BATCH) {
            let batch = self.batch(answer, first)?;
            let mask = predicate.evaluate(&batch)?.into_array(batch.num_rows())?;
            let mask = mask.as_boolean();
            kept.extend((0..mask.len()).map(|row| mask.is_valid(row) && mask.value(row)));
        }
        let mut kept = kept.into_iter();
        answer.pairs.retain(|_| kept.next().unwrap_or(false));
        Ok(())
    }

    /// The batches of the answer, made as they are asked for.
    pub(super) fn batches(self, answer: Answer) -> impl Iterator<Item = Result<RecordBatch>> {
        (0..answer.pairs.len())
            .step_by(BATCH)
            .map(move |first| self.batch(&answer, first))
    }

    /// The rows of the answer from pair `first` on, as many as a batch has.
    fn batch(&self, answer: &Answer, first: usize) -> Result<RecordBatch> {
        let last = (first + BATCH).min(answer.pairs.len());
        let pairs = &answer.pairs[first..last];
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        let asking: UInt32Array = pairs.iter().map(|(row, _)| *row as u32).collect();
        for &column in &self.asking_columns {
            columns.push(take(answer.questions.column(column), &asking, None)?);
        }
        columns.extend(answer.neighbours(pairs)?);
        columns.push(Arc::new(answer.ranks(first, last)));
        let distances = pairs.iter().map(|(_, candidate)| {
            let distance = candidate.as_ref()?.distance;
            (distance.to_bits() != NO_DISTANCE.to_bits()).then_some(distance)
        });
        columns.push(Arc::new(distances.collect::<Float64Array>()));
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }
}

impl Answer {
    /// The neighbours in `pairs`, which lie in `batch`.
    pub(super) fn new(
        questions: RecordBatch,
        batch: RecordBatch,
        pairs: Vec<(usize, Option<Candidate>)>,
    ) -> Self {
        Self {
            within: batch.schema(),
            questions,
            batches: Batches::of(batch),
            pairs,
        }
    }

    /// Puts a pair without a neighbour where a row has none.
    fn pad(&mut self) {
        let mut padded = Vec::with_capacity(self.pairs.len());
        let mut pairs = std::mem::take(&mut self.pairs).into_iter().peekable();
        for row in 0..self.questions.num_rows() {
            if pairs.peek().is_none_or(|(next, _)| *next != row) {
                padded.push((row, None));
            }
            while let Some(pair) = pairs.next_if(|(next, _)| *next == row) {
                padded.push(pair);
            }
        }
        self.pairs = padded;
    }

    /// The columns of the neighbours in `pairs`, NULL where there is none.
    fn neighbours(&self, pairs: &[(usize, Option<Candidate>)]) -> Result<Vec<ArrayRef>> {
        if self.within.fields().is_empty() {
            return Ok(Vec::new());
        }
        let (mut batches, place) = self.batches.kept();
        let nullable: Vec<_> = self
            .within
            .fields()
            .iter()
            .map(|field| field.as_ref().clone().with_nullable(true))
            .collect();
        let schema = Arc::new(arrow::datatypes::Schema::new(nullable));
        let nothing = schema
            .fields()
            .iter()
            .map(|field| new_null_array(field.data_type(), 1))
            .collect();
        let nothing = RecordBatch::try_new(Arc::clone(&schema), nothing)?;
        let missing = batches.len();
        batches.push(&nothing);
        let rows: Vec<_> = pairs
            .iter()
            .map(|(_, candidate)| match candidate {
                Some(candidate) => (place[candidate.batch], candidate.row),
                None => (missing, 0),
            })
            .collect();
        let same: Vec<RecordBatch> = batches
            .into_iter()
            .map(|batch| {
                let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
                RecordBatch::try_new_with_options(Arc::clone(&schema), batch.columns().to_vec(), &options)
            })
            .collect::<Result<_, _>>()?;
        let same: Vec<&RecordBatch> = same.iter().collect();
        Ok(interleave_record_batch(&same, &rows)?.columns().to_vec())
    }

    /// The places of the pairs from `first` to before `last` among the neighbours of their row.
    fn ranks(&self, first: usize, last: usize) -> Int64Array {
        let row = |index: usize| self.pairs[index].0;
        let mut start = first;
        while start > 0 && row(start - 1) == row(first) {
            start -= 1;
        }
        let mut rank = (first - start) as i64;
        (first..last)
            .map(|index| {
                rank = if index > 0 && index != start && row(index - 1) == row(index) {
                    rank + 1
                } else {
                    1
                };
                self.pairs[index].1.as_ref().map(|_| rank)
            })
            .collect()
    }
}

impl PairFilter {
    /// Which rows of `batch` may be near to row `row` of `questions`.
    fn mask(&self, questions: &RecordBatch, row: usize, batch: &RecordBatch) -> Result<BooleanArray> {
        let mut columns = Vec::with_capacity(self.schema.fields().len());
        for &column in &self.asking {
            let value = ScalarValue::try_from_array(questions.column(column), row)?;
            columns.push(value.to_array_of_size(batch.num_rows())?);
        }
        columns.extend(self.within.iter().map(|&column| Arc::clone(batch.column(column))));
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let pairs = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        let mask = self.predicate.evaluate(&pairs)?.into_array(batch.num_rows())?;
        let mask = mask.as_boolean();
        Ok(match mask.nulls() {
            Some(nulls) => BooleanArray::new(mask.values() & nulls.inner(), None),
            None => mask.clone(),
        })
    }
}

pub(super) fn is_finite(vector: &[f32]) -> bool {
    vector.iter().all(|value| value.is_finite())
}
