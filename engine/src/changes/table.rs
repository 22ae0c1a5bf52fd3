//! The table that a statement changes.

use std::{collections::BTreeSet, sync::Arc};

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};
use datafusion::{
    common::{DFSchema, TableReference},
    datasource::{MemTable, TableProvider, TableType, source_as_provider},
    logical_expr::{DmlStatement, LogicalPlan},
};
use helioql_catalog::{TableWriter, Transaction};

use super::{incoming::Incoming, marks};
use crate::{
    Error, Result,
    session::Session,
    tables::{
        rows::{Rows, all_columns, within},
        sharps::{Key, SHARPS},
        stored::{Copier, StoredRows},
    },
};

/// A table of the catalogue, or one in memory.
pub(super) struct Table {
    name: TableReference,
    provider: Arc<dyn TableProvider>,
    /// Its rows when the statement began.
    pub(super) rows: Rows,
}

/// What becomes of the rows that are there while others come in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum There {
    /// They stay, before the new ones.
    Stay,
    /// The new ones are all.
    Go,
}

impl Table {
    /// The table that `statement` changes.
    pub(super) async fn of(statement: &DmlStatement) -> Result<Self> {
        let provider = source_as_provider(&statement.target)?;
        if let Some(rows) = Rows::of(provider.as_ref()).await {
            return Ok(Self {
                name: statement.table_name.clone(),
                provider,
                rows,
            });
        }
        Err(Error::Unsupported(format!(
            "`{}` cannot be changed: expected a table of the catalogue or one in memory, found {}",
            statement.table_name,
            match provider.table_type() {
                TableType::View => "a view",
                _ => "one that lies elsewhere",
            }
        )))
    }

    /// Its columns.
    pub(super) fn schema(&self) -> SchemaRef {
        self.provider.schema()
    }

    /// Its columns once such rows have come in. In memory it stays the same object, with the same columns.
    fn schema_with(&self, rows: &DFSchema, there: There, is_stored: bool) -> Result<SchemaRef> {
        if there == There::Go && is_stored {
            return Ok(marks::taken_over(&self.schema(), rows));
        }
        marks::check(&self.schema(), rows)?;
        Ok(self.schema())
    }

    /// Writes the rows of `plan` beside those that are there, or in their place. Returns how many they are.
    pub(super) async fn write(
        &self,
        session: &Session,
        change: Option<&mut Transaction>,
        there: There,
        plan: LogicalPlan,
    ) -> Result<u64> {
        let known = match there {
            There::Stay => self.keys_without(&[])?,
            There::Go => self.is_keyed().then(BTreeSet::new),
        };
        let schema = self.schema_with(plan.schema(), there, change.is_some())?;
        let mut incoming = Incoming::new(session, &schema, known);
        let Some(change) = change else {
            let (count, batches) = incoming.collect(plan).await?;
            self.put(there, batches).await?;
            return Ok(count);
        };
        let name = self.name.table();
        let is_there = change.tables().iter().any(|known| known == name);
        let mut table = if there == There::Stay && is_there {
            change.begin_rows(name, schema)?
        } else {
            change.begin_table(name, schema)?
        };
        let count = incoming.pour(plan, |batch| Ok(table.write(&batch)?)).await?;
        table.finish()?;
        Ok(count)
    }

    /// Writes the table without the rows whose numbers are `gone`, in rising order, and with those of `new` behind the
    /// others. It costs what copying the file does, and the decoding of the row groups of which something goes.
    pub(super) async fn rewrite(
        &self,
        session: &Session,
        change: Option<&mut Transaction>,
        gone: &[usize],
        new: Option<LogicalPlan>,
    ) -> Result<()> {
        let known = match new {
            Some(_) => self.keys_without(gone)?,
            None => None,
        };
        let there = if gone.len() == self.rows.len() {
            There::Go
        } else {
            There::Stay
        };
        let schema = match &new {
            Some(new) => self.schema_with(new.schema(), there, change.is_some())?,
            None => self.schema(),
        };
        let mut incoming = Incoming::new(session, &schema, known);
        if let (Some(change), Rows::Stored(commit)) = (change, &self.rows) {
            let mut table = change.begin_table(self.name.table(), schema)?;
            keep(session, self.name.table(), &mut table, &commit.rows, gone)?;
            if let Some(new) = new {
                incoming.pour(new, |batch| Ok(table.write(&batch)?)).await?;
            }
            table.finish()?;
            return Ok(());
        }
        let mut batches = Vec::new();
        self.rows.visit(&all_columns(&schema), None, |batch, numbers| {
            let stays = |number: &usize| gone.binary_search(number).is_err();
            let stays: Vec<bool> = numbers.iter().map(stays).collect();
            batches.push(arrow::compute::filter_record_batch(&batch, &stays.into())?);
            Ok(true)
        })?;
        if let Some(new) = new {
            batches.extend(incoming.collect(new).await?.1);
        }
        self.put(There::Go, batches).await
    }

    /// Puts rows into a table in memory, which stays the same object, because views hold it.
    async fn put(&self, there: There, batches: Vec<RecordBatch>) -> Result<()> {
        let Some(table) = self.provider.downcast_ref::<MemTable>() else {
            return Err(Error::Unsupported(format!(
                "internal: `{}` is no table in memory",
                self.name
            )));
        };
        // All at once: a reader sees the rows before or after.
        let mut partitions = Vec::with_capacity(table.batches.len());
        for partition in &table.batches {
            partitions.push(partition.write().await);
        }
        if there == There::Go {
            for partition in &mut partitions {
                partition.clear();
            }
        }
        let Some(first) = partitions.first_mut() else {
            return Err(Error::Unsupported(format!(
                "`{}` has no room for rows; make it again with CREATE TABLE",
                self.name
            )));
        };
        first.extend(batches.into_iter().filter(|batch| batch.num_rows() > 0));
        table.sort_order.lock().clear();
        Ok(())
    }

    /// Whether it has one row for each key.
    fn is_keyed(&self) -> bool {
        self.name.table() == SHARPS
    }

    /// The keys of its rows but those of `gone`, where it has one row for each.
    fn keys_without(&self, gone: &[usize]) -> Result<Option<BTreeSet<Key>>> {
        if !self.is_keyed() {
            return Ok(None);
        }
        self.rows.keys_without(&self.schema(), gone).map(Some)
    }
}

/// Writes the rows of a table of the catalogue that are not among `gone`. A row group that stays whole is not decoded.
fn keep(
    session: &Session,
    name: &str,
    table: &mut TableWriter<'_>,
    rows: &StoredRows,
    gone: &[usize],
) -> Result<()> {
    let columns = all_columns(rows.schema());
    let mut copier = Copier::new(name, rows);
    for group in rows.groups()? {
        session.models().check_cancelled()?;
        let gone = within(gone, group.rows.clone());
        if gone.is_empty() {
            copier.copy(&group, table)?;
        } else if gone.len() < group.rows.len() {
            let stays = |row: &usize| gone.binary_search(row).is_err();
            let stay: Vec<usize> = group.rows.filter(stays).collect();
            table.write(&rows.take(&stay, &columns)?)?;
        }
    }
    Ok(())
}
