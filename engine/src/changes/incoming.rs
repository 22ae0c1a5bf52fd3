//! Rows on their way into a table: computed batch by batch, and checked for what a table has once.

use std::{collections::BTreeSet, sync::Arc};

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};
use datafusion::{dataframe::DataFrame, execution::SendableRecordBatchStream, logical_expr::LogicalPlan};
use futures::StreamExt;
use helioql_grammar::Diagnostic;

use crate::{
    Result,
    session::Session,
    tables::sharps::{BATCH_ROWS, Key, SHARPS, keys},
};

/// Rows that are to be in a table.
pub(super) struct Incoming<'s> {
    session: &'s Session,
    schema: SchemaRef,
    /// The keys so far, where each is there once.
    keys: Option<BTreeSet<Key>>,
}

impl<'s> Incoming<'s> {
    /// Rows of a table with these columns; `keys` are those of the rows that stay there, if it has one row for each.
    pub(super) fn new(session: &'s Session, schema: &SchemaRef, keys: Option<BTreeSet<Key>>) -> Self {
        Self {
            session,
            schema: Arc::clone(schema),
            keys,
        }
    }

    /// Computes the rows of `plan`, few at a time. Returns how many they are.
    pub(super) async fn pour(
        &mut self,
        plan: LogicalPlan,
        mut put: impl FnMut(RecordBatch) -> Result<()>,
    ) -> Result<u64> {
        let mut rows = few_at_a_time(self.session, plan).await?;
        let mut count = 0;
        while let Some(batch) = rows.next().await {
            self.session.models().check_cancelled()?;
            let batch = RecordBatch::try_new(Arc::clone(&self.schema), batch?.columns().to_vec())?;
            self.check_keys(&batch)?;
            count += batch.num_rows() as u64;
            put(batch)?;
        }
        Ok(count)
    }

    /// Computes the rows of `plan`, to be kept in memory.
    pub(super) async fn collect(&mut self, plan: LogicalPlan) -> Result<(u64, Vec<RecordBatch>)> {
        let mut batches = Vec::new();
        let count = self.pour(plan, |batch| {
            batches.push(batch);
            Ok(())
        });
        let count = count.await?;
        Ok((count, batches))
    }

    fn check_keys(&mut self, batch: &RecordBatch) -> Result<()> {
        let Some(known) = &mut self.keys else {
            return Ok(());
        };
        for (harpnum, t_rec) in keys(batch)? {
            if !known.insert((harpnum, t_rec)) {
                let time = helioql_grammar::TRec::from_unix_micros(t_rec);
                let twice = Diagnostic::error(format!(
                    "`{SHARPS}` has one row for each harpnum and t_rec, and {harpnum} at {time} would be there twice"
                ));
                return Err(twice
                    .with_hint("UPDATE changes a row, IMPORT SHARPS replaces it")
                    .into());
            }
        }
        Ok(())
    }
}

/// The rows of a plan in their order, few in a batch, because one may hold a patch.
pub(super) async fn few_at_a_time(session: &Session, plan: LogicalPlan) -> Result<SendableRecordBatchStream> {
    let mut state = session.context().state();
    let config = state
        .config()
        .clone()
        .with_batch_size(BATCH_ROWS)
        .with_target_partitions(1);
    *state.config_mut() = config;
    Ok(DataFrame::new(state, plan).execute_stream().await?)
}
