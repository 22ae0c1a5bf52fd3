//! Puts records into `sharps`: the table is written anew, batch by batch, and committed once at the end.
//!
//! What comes in meets every batch that is there and may take rows out of it or change them; what is left of
//! it follows at the end. A batch has few rows, because a row may hold a patch, and even one without takes
//! the room of one in memory.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{ArrayRef, BooleanArray, RecordBatch, new_null_array},
    compute::filter_record_batch,
    datatypes::SchemaRef,
};
use datafusion::{dataframe::DataFrame, datasource::MemTable, execution::SendableRecordBatchStream};
use futures::StreamExt;
use helioql_catalog::{
    Catalogue,
    schema::{SharpRow, sharps_batch},
};

use crate::{
    DEFAULT_ENCODER, Result,
    models::Handle,
    session::Session,
    tables::{
        self,
        sharps::{self, BATCH_ROWS, Key, keys},
    },
    types::{PatchColumn, encoder_of, vector_array},
};

/// Records on their way into the table.
pub(super) trait Incoming: Send {
    /// Rows that are there, as they are to be; those that are replaced are left out.
    fn meet(&mut self, there: RecordBatch) -> Result<RecordBatch>;
    /// The next rows that were not there, once all that were have been met.
    fn next(&mut self, schema: &SchemaRef) -> Result<Option<RecordBatch>>;
}

/// Records with pixels: each replaces the one of its key, unless they are equal.
pub(super) struct Replacing {
    /// Those that have not met a row of their key.
    rows: BTreeMap<Key, SharpRow>,
    outcomes: BTreeMap<Key, &'static str>,
}

impl Replacing {
    pub(super) fn new(rows: Vec<SharpRow>) -> Self {
        Self {
            rows: rows.into_iter().map(|row| (key(&row), row)).collect(),
            outcomes: BTreeMap::new(),
        }
    }

    /// What became of a record.
    pub(super) fn outcome(&self, key: Key) -> &'static str {
        self.outcomes.get(&key).copied().unwrap_or("imported")
    }
}

impl Incoming for Replacing {
    fn meet(&mut self, there: RecordBatch) -> Result<RecordBatch> {
        let known: Vec<(usize, Key)> = keys(&there)?
            .into_iter()
            .enumerate()
            .filter(|(_, key)| self.rows.contains_key(key))
            .collect();
        if known.is_empty() {
            return Ok(there);
        }
        let rows: Vec<SharpRow> = known.iter().map(|(_, key)| self.rows[key].clone()).collect();
        let new = sharps_batch(&there.schema(), &rows)?;
        let mut keep = vec![true; there.num_rows()];
        for (at, (row, key)) in known.into_iter().enumerate() {
            let columns = there.columns().iter().zip(new.columns());
            if columns
                .into_iter()
                .all(|(there, new)| there.slice(row, 1) == new.slice(at, 1))
            {
                self.rows.remove(&key);
                self.outcomes.insert(key, "unchanged");
            } else {
                keep[row] = false;
                self.outcomes.insert(key, "replaced");
            }
        }
        Ok(filter_record_batch(&there, &BooleanArray::from(keep))?)
    }

    fn next(&mut self, schema: &SchemaRef) -> Result<Option<RecordBatch>> {
        let rows: Vec<SharpRow> = std::iter::from_fn(|| self.rows.pop_first())
            .take(BATCH_ROWS)
            .map(|(_, row)| row)
            .collect();
        if rows.is_empty() {
            return Ok(None);
        }
        Ok(Some(sharps_batch(schema, &rows)?))
    }
}

pub(super) fn key(row: &SharpRow) -> Key {
    (row.id.harpnum, row.id.t_rec.to_unix_micros())
}

/// Commits the table with what comes in, or puts it in memory where there is no catalogue on disk.
pub(super) async fn store(session: &Session, incoming: &mut [&mut dyn Incoming]) -> Result<()> {
    // The lock is taken before the rows are read that the new table will repeat: another writer's records
    // committed in between would be lost.
    let change = session.engine().catalogue().map(Catalogue::begin).transpose()?;
    if change.is_some() {
        tables::register(session).await?;
    }
    let schema = sharps::schema(session.models())?;
    let there = existing(session).await?;
    match change {
        Some(mut change) => {
            let mut table = change.begin_table(sharps::SHARPS, Arc::clone(&schema))?;
            pour(session.models(), &schema, there, incoming, |batch| {
                Ok(table.write(&batch)?)
            })
            .await?;
            table.finish()?;
            change.commit()?;
            tables::register(session).await?;
            tables::indexes::bring_up_to_date(session, &[sharps::SHARPS.to_owned()]).await?;
            Ok(())
        }
        None => {
            let mut batches = Vec::new();
            pour(session.models(), &schema, there, incoming, |batch| {
                batches.push(batch);
                Ok(())
            })
            .await?;
            let table = MemTable::try_new(schema, vec![batches])?;
            session.context().deregister_table(sharps::SHARPS)?;
            session
                .context()
                .register_table(sharps::SHARPS, Arc::new(table))?;
            Ok(())
        }
    }
}

/// All rows of `sharps` in their order, few at a time.
async fn existing(session: &Session) -> Result<SendableRecordBatchStream> {
    let (mut state, plan) = session.context().table(sharps::SHARPS).await?.into_parts();
    let config = state
        .config()
        .clone()
        .with_batch_size(BATCH_ROWS)
        .with_target_partitions(1);
    *state.config_mut() = config;
    Ok(DataFrame::new(state, plan).execute_stream().await?)
}

async fn pour(
    models: &Handle,
    schema: &SchemaRef,
    mut there: SendableRecordBatchStream,
    incoming: &mut [&mut dyn Incoming],
    mut put: impl FnMut(RecordBatch) -> Result<()>,
) -> Result<()> {
    while let Some(batch) = there.next().await {
        models.check_cancelled()?;
        let mut batch = of_schema(models, schema, &batch?)?;
        for records in &mut *incoming {
            batch = records.meet(batch)?;
        }
        if batch.num_rows() > 0 {
            put(batch)?;
        }
    }
    for first in 0..incoming.len() {
        let Some((records, later)) = incoming.get_mut(first..).and_then(<[_]>::split_first_mut) else {
            break;
        };
        while let Some(mut batch) = records.next(schema)? {
            models.check_cancelled()?;
            for records in &mut *later {
                batch = records.meet(batch)?;
            }
            put(batch)?;
        }
    }
    Ok(())
}

/// A batch with the table's schema. Columns that an older version did not have are NULL. Rows that another
/// encoder has embedded, such as that of an older version, are embedded again, so that all of a table can be
/// compared.
fn of_schema(models: &Handle, schema: &SchemaRef, batch: &RecordBatch) -> Result<RecordBatch> {
    let mut columns: Vec<ArrayRef> = schema
        .fields()
        .iter()
        .map(|field| match batch.column_by_name(field.name()) {
            Some(column) => Arc::clone(column),
            None => new_null_array(field.data_type(), batch.num_rows()),
        })
        .collect();
    let (patch, embedding) = (schema.index_of("patch")?, schema.index_of("embedding")?);
    let there = batch.schema();
    let (from, onto) = (there.field_with_name("embedding")?, schema.field(embedding));
    if encoder_of(from) != encoder_of(onto) {
        let patches = PatchColumn::new(&columns[patch], there.field_with_name("patch")?)?;
        let encoder = models.encoder(DEFAULT_ENCODER)?;
        let embedded = (0..batch.num_rows())
            .map(|row| {
                models.check_cancelled()?;
                Ok(match patches.get(row) {
                    Some(patch) => encoder.embed(&[&patch])?.pop(),
                    None => None,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        columns[embedding] = vector_array(onto, embedded.iter().map(Option::as_deref))?;
    }
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}
