//! `CREATE TABLE name [AS query]`: a table of the catalogue where there is one on disk, else one in memory.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::{
    common::exec_err,
    dataframe::DataFrame,
    logical_expr::{CreateMemoryTable, DdlStatement, LogicalPlan},
};
use futures::StreamExt;
use helioql_catalog::{Catalogue, Transaction};

use crate::{Error, Result, session::Session};

pub(super) async fn execute(
    session: &Session,
    change: Option<&mut Transaction>,
    create: CreateMemoryTable,
) -> Result<DataFrame> {
    let context = session.context();
    let Some(change) = change else {
        let create = LogicalPlan::Ddl(DdlStatement::CreateMemoryTable(create));
        return Ok(context.execute_logical_plan(create).await?);
    };
    let name = create.name.table().to_owned();
    if context.table_exist(create.name.clone())? {
        match (create.if_not_exists, create.or_replace) {
            (true, false) => return Ok(context.read_empty()?),
            (false, true) => {
                let before = context.table_provider(create.name.clone()).await?.schema();
                drop_indexes(session, change, &name, &before, create.input.schema().inner());
            }
            // In DataFusion's words, which come out as its own error does.
            _ => return Ok(exec_err!("Table '{name}' already exists")?),
        }
    }
    if !create.constraints.is_empty() || !create.column_defaults.is_empty() {
        return Err(Error::Unsupported(
            "a table of the catalogue has columns with types, without PRIMARY KEY, UNIQUE or DEFAULT"
                .to_owned(),
        ));
    }
    let plan = Arc::unwrap_or_clone(create.input);
    let schema = Arc::clone(plan.schema().inner());
    let mut rows = DataFrame::new(context.state(), plan).execute_stream().await?;
    let mut table = change.begin_table(&name, schema)?;
    while let Some(batch) = rows.next().await {
        session.models().check_cancelled()?;
        table.write(&batch?)?;
    }
    table.finish()?;
    Ok(context.read_empty()?)
}

/// Drops the indexes of a table whose column is not what it was.
fn drop_indexes(
    session: &Session,
    change: &mut Transaction,
    table: &str,
    before: &SchemaRef,
    after: &SchemaRef,
) {
    let indexes = session.engine().catalogue().map(Catalogue::indexes);
    for index in indexes.into_iter().flatten().filter(|index| index.table == table) {
        let type_in = |schema: &SchemaRef| {
            Some(
                schema
                    .field_with_name(&index.config.column)
                    .ok()?
                    .data_type()
                    .clone(),
            )
        };
        if type_in(before) != type_in(after) {
            change.drop_index(&index.name);
        }
    }
}
