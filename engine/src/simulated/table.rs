//! The table behind `FROM SIMULATE(…)`: one stream of batches, in the order of the records' numbers.
//!
//! A record follows from its seed and number alone, so neither threads nor batches change a bit. What the query
//! does not read is not made: without keywords, patch or embedding no record is painted.

use std::{fmt, sync::Arc};

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::{
    catalog::{Session, TableProvider},
    common::Result,
    datasource::TableType,
    execution::{SendableRecordBatchStream, TaskContext},
    logical_expr::Expr,
    physical_plan::{
        ExecutionPlan,
        stream::RecordBatchStreamAdapter,
        streaming::{PartitionStream, StreamingTableExec},
    },
};
use futures::{StreamExt, stream};
use helioql_catalog::schema::sharps_batch;
use rayon::prelude::*;

use super::{BARE_COLUMNS, Origin, bare_row, row};
use crate::{
    cancel::CancelFlag,
    error::Error,
    models::Handle,
    progress::{Observer, Progress},
    tables::sharps,
};

/// How many records are made between two looks at the cancel flag, and how many a batch has.
const CHUNK: u64 = 16;

/// The first `n` records of a seed.
pub(crate) struct SimulatedTable {
    models: Handle,
    seed: u64,
    n: u64,
    schema: SchemaRef,
}

impl SimulatedTable {
    pub(crate) fn new(models: &Handle, seed: u64, n: u64) -> crate::Result<Self> {
        Ok(Self {
            schema: sharps::schema(models)?,
            models: models.clone(),
            seed,
            n,
        })
    }
}

impl fmt::Debug for SimulatedTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimulatedTable(seed {}, {} records)", self.seed, self.n)
    }
}

#[async_trait]
impl TableProvider for SimulatedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let is_bare = |index: &usize| BARE_COLUMNS.contains(&self.schema.field(*index).name().as_str());
        let records = Records {
            models: self.models.clone(),
            seed: self.seed,
            n: limit.map_or(self.n, |limit| self.n.min(limit as u64)),
            schema: Arc::clone(&self.schema),
            bare: projection.is_some_and(|columns| columns.iter().all(is_bare)),
        };
        let exec = StreamingTableExec::try_new(
            self.schema(),
            vec![Arc::new(records)],
            projection,
            None,
            false,
            limit,
        )?;
        Ok(Arc::new(exec))
    }
}

#[derive(Clone)]
struct Records {
    models: Handle,
    seed: u64,
    n: u64,
    schema: SchemaRef,
    /// Whether only columns of a bare row are read.
    bare: bool,
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} simulated records of seed {}", self.n, self.seed)
    }
}

impl PartitionStream for Records {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut records = self.clone();
        let flag = CancelFlag::of(context.session_config().options());
        records.models = self.models.for_statement(&flag);
        let batches = stream::iter((0..self.n).step_by(CHUNK as usize)).then(move |first| {
            let records = records.clone();
            async move {
                let work = tokio::task::spawn_blocking(move || records.batch(first));
                match work.await {
                    Ok(batch) => batch,
                    Err(join) if join.is_cancelled() => Err(Error::Cancelled.into()),
                    Err(join) => {
                        Err(Error::Unsupported(format!("internal: {join}; please report it")).into())
                    }
                }
            }
        });
        Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.schema),
            batches.boxed(),
        ))
    }
}

impl Records {
    fn batch(&self, first: u64) -> Result<arrow::record_batch::RecordBatch> {
        let end = self.n.min(first + CHUNK);
        let rows = (first..end)
            .into_par_iter()
            .map(|index| {
                self.models.check_cancelled()?;
                let origin = Origin {
                    seed: self.seed,
                    index,
                };
                if self.bare {
                    Ok(bare_row(origin))
                } else {
                    row(&self.models, origin)
                }
            })
            .collect::<crate::Result<Vec<_>>>()?;
        if !self.bare {
            self.models.report(&Progress {
                task: "simulating SHARPs".to_owned(),
                step: end,
                steps: self.n,
                metrics: Vec::new(),
            });
        }
        Ok(sharps_batch(&self.schema, &rows)?)
    }
}
