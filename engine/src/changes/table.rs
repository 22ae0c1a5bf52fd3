//! The table that a statement changes, and its rows on their way there.

use std::{collections::BTreeSet, sync::Arc};

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};
use datafusion::{
    common::{TableReference, plan_err},
    dataframe::DataFrame,
    datasource::{MemTable, TableProvider, TableType, source_as_provider},
    logical_expr::{DmlStatement, LogicalPlan},
};
use futures::StreamExt;
use helioql_catalog::{Transaction, schema::KEY};

use crate::{
    Error, Result,
    session::Session,
    tables::{
        sharps::{BATCH_ROWS, Key, SHARPS, keys},
        stored::StoredTable,
    },
};

/// A table of the catalogue, or one in memory.
pub(super) struct Table {
    name: TableReference,
    provider: Arc<dyn TableProvider>,
}

/// What becomes of the rows that are there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum There {
    /// They stay, before the new ones.
    Stay,
    /// The new ones are all.
    Go,
}

impl Table {
    /// The table that `statement` changes.
    pub(super) fn of(statement: &DmlStatement) -> Result<Self> {
        let provider = source_as_provider(&statement.target)?;
        let is_ours = provider.downcast_ref::<StoredTable>().is_some();
        if is_ours || provider.downcast_ref::<MemTable>().is_some() {
            return Ok(Self {
                name: statement.table_name.clone(),
                provider,
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

    /// How many rows it has.
    pub(super) async fn count(&self, session: &Session) -> Result<u64> {
        Ok(session.context().table(self.name.clone()).await?.count().await? as u64)
    }

    /// Writes the rows of `plans`, one after the other. Returns how many each had.
    pub(super) async fn write(
        &self,
        session: &Session,
        change: Option<&mut Transaction>,
        there: There,
        plans: Vec<LogicalPlan>,
    ) -> Result<Vec<u64>> {
        let schema = self.provider.schema();
        let mut rows = Incoming {
            session,
            schema: Arc::clone(&schema),
            keys: self.keys(session, there).await?,
        };
        match change {
            Some(change) => {
                let name = self.name.table();
                let is_there = change.tables().iter().any(|known| known == name);
                let mut table = if there == There::Stay && is_there {
                    change.begin_rows(name, schema)?
                } else {
                    change.begin_table(name, schema)?
                };
                let counts = rows.pour(plans, |batch| Ok(table.write(&batch)?)).await?;
                table.finish()?;
                Ok(counts)
            }
            None => {
                let mut batches = Vec::new();
                let counts = rows
                    .pour(plans, |batch| {
                        batches.push(batch);
                        Ok(())
                    })
                    .await?;
                self.put(there, batches).await?;
                Ok(counts)
            }
        }
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
        first.extend(batches);
        table.sort_order.lock().clear();
        Ok(())
    }

    /// The keys of the rows that stay, where the table has a key.
    async fn keys(&self, session: &Session, there: There) -> Result<Option<BTreeSet<Key>>> {
        if self.name.table() != SHARPS {
            return Ok(None);
        }
        let mut known = BTreeSet::new();
        if there == There::Stay {
            let mut rows = session
                .context()
                .table(self.name.clone())
                .await?
                .select_columns(&KEY)?
                .execute_stream()
                .await?;
            while let Some(batch) = rows.next().await {
                known.extend(keys(&batch?)?);
            }
        }
        Ok(Some(known))
    }
}

/// Rows that are to be in a table.
struct Incoming<'s> {
    session: &'s Session,
    schema: SchemaRef,
    /// The keys so far, where each is there once.
    keys: Option<BTreeSet<Key>>,
}

impl Incoming<'_> {
    async fn pour(
        &mut self,
        plans: Vec<LogicalPlan>,
        mut put: impl FnMut(RecordBatch) -> Result<()>,
    ) -> Result<Vec<u64>> {
        let mut counts = Vec::with_capacity(plans.len());
        for plan in plans {
            let mut state = self.session.context().state();
            // A batch has few rows, because a row may hold a patch, and rows stay in their order.
            let config = state
                .config()
                .clone()
                .with_batch_size(BATCH_ROWS)
                .with_target_partitions(1);
            *state.config_mut() = config;
            let mut rows = DataFrame::new(state, plan).execute_stream().await?;
            let mut count = 0;
            while let Some(batch) = rows.next().await {
                self.session.models().check_cancelled()?;
                let batch = batch?;
                let batch = RecordBatch::try_new(Arc::clone(&self.schema), batch.columns().to_vec())?;
                self.check_keys(&batch)?;
                count += batch.num_rows() as u64;
                put(batch)?;
            }
            counts.push(count);
        }
        Ok(counts)
    }

    fn check_keys(&mut self, batch: &RecordBatch) -> Result<()> {
        let Some(known) = &mut self.keys else {
            return Ok(());
        };
        for (harpnum, t_rec) in keys(batch)? {
            if !known.insert((harpnum, t_rec)) {
                let time = helioql_grammar::TRec::from_unix_micros(t_rec);
                return Ok(plan_err!(
                    "`{SHARPS}` has one row for each harpnum and t_rec, and {harpnum} at {time} would be there twice; \
                     UPDATE changes a row, IMPORT SHARPS replaces it"
                )?);
            }
        }
        Ok(())
    }
}
