//! The last result, kept as the table `_` as far as it is small enough.

use std::sync::Arc;

use arrow::{array::RecordBatch, datatypes::SchemaRef};
use helioql::{Session, datafusion::datasource::MemTable};

use crate::error::Result;

/// The table's name.
pub(crate) const NAME: &str = "_";
/// Bytes of a result that are kept: some hundred patches, or all keywords of some thousand records.
const LARGEST: usize = 64 << 20;

/// Rows of a result as they come.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    schema: Option<SchemaRef>,
    /// Nothing once there are too many.
    batches: Option<Vec<RecordBatch>>,
    bytes: usize,
}

impl Collected {
    /// Begins with the columns.
    pub(crate) fn begin(&mut self, schema: &SchemaRef) {
        *self = Self {
            schema: Some(Arc::clone(schema)),
            batches: Some(Vec::new()),
            bytes: 0,
        };
    }

    /// Adds rows, or lets go of all when there are too many.
    pub(crate) fn add(&mut self, batch: &RecordBatch) {
        self.bytes += batch.get_array_memory_size();
        if self.bytes > LARGEST {
            self.batches = None;
        }
        if let Some(batches) = &mut self.batches {
            batches.push(batch.clone());
        }
    }

    /// Makes what was collected the table `_` of `session`, in the place of an earlier one. A result that is
    /// too large leaves no table, so that no old one is taken for it.
    ///
    /// # Errors
    /// When the rows do not fit the columns.
    pub(crate) fn register(self, session: &Session) -> Result<()> {
        let Some(schema) = self.schema else {
            return Ok(());
        };
        let context = session.context();
        context.deregister_table(NAME).map_err(helioql::Error::from)?;
        if let Some(batches) = self.batches {
            let batches = batches
                .into_iter()
                .map(|batch| batch.with_schema(Arc::clone(&schema)))
                .collect::<Result<Vec<_>, _>>()?;
            let table = MemTable::try_new(schema, vec![batches]).map_err(helioql::Error::from)?;
            context
                .register_table(NAME, Arc::new(table))
                .map_err(helioql::Error::from)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::tests::batch;

    #[tokio::test]
    async fn the_last_result_is_a_table() -> Result<(), Box<dyn std::error::Error>> {
        let session = helioql::Engine::in_memory().session().await?;
        let mut collected = Collected::default();
        collected.begin(&batch().schema());
        collected.add(&batch());
        collected.add(&batch());
        collected.register(&session)?;
        let rows = session
            .sql("SELECT * FROM _ WHERE harpnum = 377")
            .await?
            .count()
            .await?;
        assert_eq!(rows, 2);

        let mut large = Collected::default();
        large.begin(&batch().schema());
        large.bytes = LARGEST;
        large.add(&batch());
        large.register(&session)?;
        assert!(session.sql("SELECT * FROM _").await.is_err());
        Ok(())
    }
}
