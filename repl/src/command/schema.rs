//! `.schema TABLE`: its columns with their types, units and meanings.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, RecordBatch, StringArray},
    datatypes::{Field, Schema},
};
use helioql_catalog::{keyword, types::unit_of};

use super::{Command, Takes, usage};
use crate::{
    error::{Failure, Result},
    exec::Flow,
    render::types::type_name,
    shell::Shell,
};

pub(super) const COMMAND: Command = Command {
    name: "schema",
    arguments: "TABLE",
    takes: Takes::Table,
    summary: "shows the columns of a table",
    action,
};

fn action(shell: &mut Shell, table: &str) -> Result<Flow, Failure> {
    if table.is_empty() {
        return Err(usage(&COMMAND, table).into());
    }
    let (context, name) = (shell.session.context().clone(), table.to_owned());
    let provider = shell
        .tasks
        .run(|| (), async move { context.table_provider(name.as_str()).await })?;
    let columns = describe(&provider.map_err(helioql::Error::from)?.schema())?;
    shell.show_batch(&columns)?;
    Ok(Flow::Continue)
}

/// One row for each field; the meaning is that of the keyword of its name.
fn describe(schema: &Schema) -> Result<RecordBatch> {
    let column = |value: fn(&Field) -> String| -> ArrayRef {
        Arc::new(
            schema
                .fields()
                .iter()
                .map(|field| Some(value(field)))
                .collect::<StringArray>(),
        )
    };
    let columns = [
        ("column", column(|field| field.name().clone())),
        ("type", column(type_name)),
        (
            "unit",
            column(|field| unit_of(field).unwrap_or_default().to_owned()),
        ),
        (
            "meaning",
            column(|field| {
                keyword::find(field.name())
                    .map_or("", |keyword| keyword.summary)
                    .to_owned()
            }),
        ),
    ];
    Ok(RecordBatch::try_from_iter(columns)?)
}
