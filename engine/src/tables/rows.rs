//! The rows of a table that can be changed, by their number, as they were when a statement began.

use std::{collections::BTreeSet, sync::Arc};

use arrow::{
    array::{RecordBatchOptions, UInt64Array},
    compute::take,
    datatypes::SchemaRef,
    record_batch::RecordBatch,
};
use datafusion::datasource::{MemTable, TableProvider};
use helioql_catalog::schema::KEY;

use super::{
    sharps::{BATCH_ROWS, Key, keys},
    stored::{Commit, StoredTable},
};
use crate::Result;

/// The rows of a table, from number 0.
#[derive(Debug, Clone)]
pub(crate) enum Rows {
    /// Those of a commit.
    Stored(Arc<Commit>),
    /// Those of a table in memory.
    Memory(Arc<Vec<RecordBatch>>),
}

impl Rows {
    /// The rows of a table that can be changed; nothing for another one.
    pub(crate) async fn of(table: &dyn TableProvider) -> Option<Self> {
        if let Some(stored) = table.downcast_ref::<StoredTable>() {
            return Some(Self::Stored(stored.now()));
        }
        let table = table.downcast_ref::<MemTable>()?;
        let mut batches = Vec::new();
        for partition in &table.batches {
            batches.extend(partition.read().await.iter().cloned());
        }
        Some(Self::Memory(Arc::new(batches)))
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Stored(commit) => commit.rows.len(0..commit.rows.files()),
            Self::Memory(batches) => batches.iter().map(RecordBatch::num_rows).sum(),
        }
    }

    /// The keys of the rows but those of `gone`, whose numbers are in rising order.
    pub(crate) fn keys_without(&self, schema: &SchemaRef, gone: &[usize]) -> Result<BTreeSet<Key>> {
        let mut known = BTreeSet::new();
        self.visit_keys(schema, |key, number| {
            if gone.binary_search(&number).is_err() {
                known.insert(key);
            }
        })?;
        Ok(known)
    }

    /// Shows the key of each row with its number.
    pub(crate) fn visit_keys(&self, schema: &SchemaRef, mut show: impl FnMut(Key, usize)) -> Result<()> {
        let columns = KEY.iter().map(|name| schema.index_of(name));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        self.visit(&columns, None, |batch, numbers| {
            for (key, number) in keys(&batch)?.into_iter().zip(numbers) {
                show(key, *number);
            }
            Ok(true)
        })
    }

    /// Shows the columns at `columns` of all rows, or of those of `only`, with the number of each, until `show` wants no
    /// more.
    pub(crate) fn visit(
        &self,
        columns: &[usize],
        only: Option<&[usize]>,
        mut show: impl FnMut(RecordBatch, &[usize]) -> Result<bool>,
    ) -> Result<()> {
        match (self, only) {
            (Self::Stored(commit), Some(only)) => {
                for some in only.chunks(BATCH_ROWS) {
                    if !show(commit.rows.take(some, columns)?, some)? {
                        break;
                    }
                }
            }
            (Self::Stored(commit), None) => {
                for group in commit.rows.groups()? {
                    let some: Vec<usize> = group.rows.collect();
                    if !show(commit.rows.take(&some, columns)?, &some)? {
                        break;
                    }
                }
            }
            (Self::Memory(batches), _) => {
                let mut first = 0;
                for batch in batches.iter() {
                    let end = first + batch.num_rows();
                    let batch = batch.project(columns)?;
                    let (batch, some) = match only {
                        None => (batch, (first..end).collect()),
                        Some(only) => {
                            let some = within(only, first..end).to_vec();
                            let places = some.iter().map(|row| (row - first) as u64);
                            (taken(&batch, &UInt64Array::from_iter_values(places))?, some)
                        }
                    };
                    if batch.num_rows() > 0 && !show(batch, &some)? {
                        break;
                    }
                    first = end;
                }
            }
        }
        Ok(())
    }
}

/// The places of all columns.
pub(crate) fn all_columns(schema: &SchemaRef) -> Vec<usize> {
    (0..schema.fields().len()).collect()
}

/// Those of `numbers`, which are in rising order, that lie in `range`.
pub(crate) fn within(numbers: &[usize], range: std::ops::Range<usize>) -> &[usize] {
    let from = numbers.partition_point(|number| *number < range.start);
    let to = numbers.partition_point(|number| *number < range.end);
    &numbers[from..to]
}

/// The rows of a batch at `places`, also where it has no columns.
fn taken(batch: &RecordBatch, places: &UInt64Array) -> Result<RecordBatch> {
    let columns = batch.columns().iter().map(|column| take(column, places, None));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(places.len()));
    Ok(RecordBatch::try_new_with_options(
        batch.schema(),
        columns,
        &options,
    )?)
}
