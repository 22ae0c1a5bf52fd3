//! The rows of a table with their numbers: what a WHERE is asked of, and what UPDATE computes new values from. Every row
//! is asked once, so that it either changes or stays, whatever a predicate calls.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, AsArray, RecordBatchOptions, UInt64Array},
    datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type},
    record_batch::RecordBatch,
};
use async_trait::async_trait;
use datafusion::{
    catalog::Session as PlanSession,
    common::Result as PlanResult,
    datasource::{TableProvider, TableType, provider_as_source},
    error::DataFusionError,
    execution::{SendableRecordBatchStream, TaskContext},
    logical_expr::{Expr, Filter, LogicalPlan, LogicalPlanBuilder, ident},
    physical_plan::{
        ExecutionPlan,
        stream::RecordBatchReceiverStreamBuilder,
        streaming::{PartitionStream, StreamingTableExec},
    },
};
use futures::StreamExt;

use super::{incoming::few_at_a_time, table::Table};
use crate::{Error, Result, session::Session, tables::rows::Rows};

/// The column that has the number of a row, from 0: a name that no column of the table has.
fn number_column(schema: &SchemaRef) -> String {
    let mut name = "__row".to_owned();
    while schema.index_of(&name).is_ok() {
        name.push('_');
    }
    name
}

/// The numbers of the rows for which a WHERE is true, in rising order.
pub(super) async fn chosen(session: &Session, filter: &Filter, table: &Table) -> Result<Vec<usize>> {
    let plan = LogicalPlanBuilder::from(over(&filter.input, table, None)?)
        .filter(filter.predicate.clone())?
        .project([ident(number_column(&table.schema()))])?
        .build()?;
    let mut numbers = Vec::new();
    let mut batches = few_at_a_time(session, plan).await?;
    while let Some(batch) = batches.next().await {
        session.models().check_cancelled()?;
        let batch = batch?;
        let column = batch.column(0).as_primitive::<UInt64Type>();
        numbers.extend(column.values().iter().map(|row| *row as usize));
    }
    numbers.sort_unstable();
    // A predicate that becomes a join may find a row twice.
    numbers.dedup();
    Ok(numbers)
}

/// The scan `plan` of a table, over all of its rows or those of `only`, in rising order.
pub(super) fn over(plan: &LogicalPlan, table: &Table, only: Option<&Arc<Vec<usize>>>) -> Result<LogicalPlan> {
    Ok(match plan {
        LogicalPlan::TableScan(scan) => {
            let schema = table.schema();
            let number = Field::new(number_column(&schema), DataType::UInt64, false);
            let fields = schema.fields().iter().cloned().chain([Arc::new(number)]);
            let numbered = Arc::new(Numbered {
                schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
                rows: table.rows.clone(),
                only: only.cloned(),
            });
            LogicalPlanBuilder::scan(scan.table_name.clone(), provider_as_source(numbered), None)?.build()?
        }
        LogicalPlan::SubqueryAlias(alias) => LogicalPlanBuilder::from(over(&alias.input, table, only)?)
            .alias(alias.alias.clone())?
            .build()?,
        other => {
            return Err(Error::Unsupported(format!(
                "internal: a table was to be changed, found {}",
                other.display()
            )));
        }
    })
}

/// Rows as a table that has the number of each beside its columns.
#[derive(Debug)]
struct Numbered {
    schema: SchemaRef,
    rows: Rows,
    /// The rows that it has, in rising order; all where there is nothing.
    only: Option<Arc<Vec<usize>>>,
}

#[async_trait]
impl TableProvider for Numbered {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn PlanSession,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> PlanResult<Arc<dyn ExecutionPlan>> {
        let all = || (0..self.schema.fields().len()).collect();
        let columns: Vec<usize> = projection.cloned().unwrap_or_else(all);
        let stream = NumberedStream {
            schema: Arc::new(self.schema.project(&columns)?),
            number: self.schema.fields().len() - 1,
            columns,
            rows: self.rows.clone(),
            only: self.only.clone(),
        };
        let schema = Arc::clone(&stream.schema);
        let exec = StreamingTableExec::try_new(schema, vec![Arc::new(stream)], None, [], false, None)?;
        Ok(Arc::new(exec))
    }
}

#[derive(Debug, Clone)]
struct NumberedStream {
    /// What comes out.
    schema: SchemaRef,
    /// The columns that come out, by their place in the table, where the number stands behind all others.
    columns: Vec<usize>,
    number: usize,
    rows: Rows,
    only: Option<Arc<Vec<usize>>>,
}

impl PartitionStream for NumberedStream {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStreamBuilder::new(Arc::clone(&self.schema), 1);
        let sender = builder.tx();
        let this = self.clone();
        builder.spawn_blocking(move || {
            let stored: Vec<usize> = this
                .columns
                .iter()
                .copied()
                .filter(|at| *at != this.number)
                .collect();
            let only = this.only.as_deref().map(Vec::as_slice);
            // Whoever does not listen any more needs no more.
            let shown = this.rows.visit(&stored, only, |batch, numbers| {
                Ok(sender.blocking_send(Ok(this.numbered(&batch, numbers)?)).is_ok())
            });
            shown.map_err(DataFusionError::from)
        });
        builder.build()
    }
}

impl NumberedStream {
    /// The columns of some rows, with their numbers where these are asked for.
    fn numbered(&self, batch: &RecordBatch, numbers: &[usize]) -> Result<RecordBatch> {
        let mut stored = batch.columns().iter();
        let numbers = || {
            let numbers = numbers.iter().map(|number| *number as u64);
            Arc::new(UInt64Array::from_iter_values(numbers)) as ArrayRef
        };
        let columns = self.columns.iter().filter_map(|at| {
            if *at == self.number {
                Some(numbers())
            } else {
                stored.next().cloned()
            }
        });
        let columns = columns.collect();
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let schema = Arc::clone(&self.schema);
        Ok(RecordBatch::try_new_with_options(schema, columns, &options)?)
    }
}
