//! Puts records into `sharps`, in one commit at the end.
//!
//! What comes in meets the rows of its keys, and may take them out or change them; what is left of it follows at the end.
//! Where none is met it is a file more of the table. A batch has few rows, because a row may hold a patch, and even one
//! without takes the room of one in memory.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{ArrayRef, BooleanArray, RecordBatch, new_null_array},
    compute::filter_record_batch,
    datatypes::SchemaRef,
};
use datafusion::datasource::MemTable;
use helioql_catalog::{
    Catalogue,
    schema::{SharpRow, sharps_batch},
};

use crate::{
    DEFAULT_ENCODER, Error, Result,
    models::Handle,
    session::Session,
    tables::{
        self,
        rows::{Rows, all_columns, within},
        sharps::{self, BATCH_ROWS, Key, SHARPS, keys},
        stored::Copier,
    },
    types::{PatchColumn, encoder_of, vector_array},
};

/// Records on their way into the table.
pub(super) trait Incoming: Send {
    /// Whether one of them has this key.
    fn knows(&self, key: &Key) -> bool;
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
    fn knows(&self, key: &Key) -> bool {
        self.rows.contains_key(key)
    }

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

/// Commits the table with what comes in, or puts it in memory where there is no catalogue on disk. It costs what comes
/// in and, where some of it is there already, what copying the table does and the decoding of the row groups that have it.
pub(super) async fn store(session: &Session, incoming: &mut [&mut dyn Incoming]) -> Result<()> {
    // The lock is taken before the rows are read that the new table will repeat: another writer's records
    // committed in between would be lost.
    let change = session.engine().catalogue().map(Catalogue::begin).transpose()?;
    if change.is_some() {
        tables::register(session).await?;
    }
    let models = session.models();
    let schema = sharps::schema(models)?;
    let there = session.context().table_provider(SHARPS).await?;
    let rows = Rows::of(there.as_ref()).await;
    let rows =
        rows.ok_or_else(|| Error::Unsupported(format!("internal: `{SHARPS}` has no rows of its own")))?;
    let Some(mut change) = change else {
        let mut batches = Vec::new();
        rows.visit(&all_columns(&there.schema()), None, |batch, _| {
            let batch = meet(models, &schema, &batch, incoming)?;
            if batch.num_rows() > 0 {
                batches.push(batch);
            }
            Ok(true)
        })?;
        rest(models, &schema, incoming, |batch| {
            batches.push(batch);
            Ok(())
        })?;
        let table = MemTable::try_new(schema, vec![batches])?;
        session.context().deregister_table(SHARPS)?;
        session.context().register_table(SHARPS, Arc::new(table))?;
        return Ok(());
    };
    let met = if there.schema() == schema {
        let mut met = Vec::new();
        rows.visit_keys(&schema, |key, number| {
            if incoming.iter().any(|records| records.knows(&key)) {
                met.push(number);
            }
        })?;
        met
    } else {
        (0..rows.len()).collect()
    };
    let mut changes = false;
    let mut table = match &rows {
        Rows::Stored(_) if met.is_empty() => change.begin_rows(SHARPS, Arc::clone(&schema))?,
        _ => change.begin_table(SHARPS, Arc::clone(&schema))?,
    };
    if let Rows::Stored(commit) = &rows
        && !met.is_empty()
    {
        let columns = all_columns(&there.schema());
        let mut copier = Copier::new(SHARPS, &commit.rows);
        for group in commit.rows.groups()? {
            models.check_cancelled()?;
            if within(&met, group.rows.clone()).is_empty() {
                copier.copy(&group, &mut table)?;
                continue;
            }
            let numbers: Vec<usize> = group.rows.collect();
            for some in numbers.chunks(BATCH_ROWS) {
                let before = commit.rows.take(some, &columns)?;
                let after = meet(models, &schema, &before, incoming)?;
                changes |= after != before;
                table.write(&after)?;
            }
        }
    }
    rest(models, &schema, incoming, |batch| {
        changes = true;
        Ok(table.write(&batch)?)
    })?;
    if !changes {
        return Ok(());
    }
    table.finish()?;
    change.commit()?;
    tables::register(session).await?;
    tables::indexes::bring_up_to_date(session, &[SHARPS.to_owned()]).await?;
    Ok(())
}

/// Rows that are there, as they are to be.
fn meet(
    models: &Handle,
    schema: &SchemaRef,
    there: &RecordBatch,
    incoming: &mut [&mut dyn Incoming],
) -> Result<RecordBatch> {
    models.check_cancelled()?;
    let mut batch = of_schema(models, schema, there)?;
    for records in incoming {
        batch = records.meet(batch)?;
    }
    Ok(batch)
}

/// Puts the rows that were not there behind the others.
fn rest(
    models: &Handle,
    schema: &SchemaRef,
    incoming: &mut [&mut dyn Incoming],
    mut put: impl FnMut(RecordBatch) -> Result<()>,
) -> Result<()> {
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
        let patches = PatchColumn::new("IMPORT SHARPS", &columns[patch], there.field_with_name("patch")?)?;
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
