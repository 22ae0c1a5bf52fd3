//! `.schema TABLE`: its columns with their types, units and meanings.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, RecordBatch, StringArray},
    datatypes::{DataType, Field, Schema},
};
use helioql_catalog::{
    keyword,
    types::{embedding_encoder, latent_generator, patch_grid, unit_of, vector_len},
};

use super::{Command, usage};
use crate::{
    error::{Failure, Result},
    exec::Flow,
    patches::patch_child,
    shell::Shell,
};

pub(super) const COMMAND: Command = Command {
    name: "schema",
    arguments: "TABLE",
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
    let mut renderer = shell.view.renderer();
    renderer.begin(&columns.schema(), &mut shell.out)?;
    renderer.rows(&columns, &mut shell.out)?;
    renderer.end(&mut shell.out)?;
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

/// The type by the name that the language gives it.
fn type_name(field: &Field) -> String {
    if let Some(grid) = patch_grid(field) {
        return format!("PATCH({}×{}, {} Mm cells)", grid.height, grid.width, grid.cell_mm);
    }
    let length = vector_len(field).unwrap_or_default();
    if let Some(generator) = latent_generator(field) {
        return format!("LATENT({length}, {generator})");
    }
    if let Some(encoder) = embedding_encoder(field) {
        return format!("EMBEDDING({length}, {encoder})");
    }
    match field.data_type() {
        DataType::Struct(_) if patch_child(field).is_some() => "SAMPLE".to_owned(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "TEXT".to_owned(),
        DataType::Float64 => "DOUBLE".to_owned(),
        DataType::Float32 => "REAL".to_owned(),
        DataType::Int64 => "BIGINT".to_owned(),
        DataType::Int32 => "INTEGER".to_owned(),
        DataType::Boolean => "BOOLEAN".to_owned(),
        DataType::Timestamp(_, None) => "TIMESTAMP".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use helioql::patch::Grid;
    use helioql_catalog::types::{embedding_field, keyword_field, latent_field, patch_field};

    use super::*;

    #[test]
    fn types_have_the_names_of_the_language() {
        let grid = Grid {
            height: 64,
            width: 96,
            cell_mm: 3.08,
        };
        let usflux = keyword::find("usflux").expect("a row of the registry");
        for (field, expected) in [
            (patch_field("p", grid), "PATCH(64×96, 3.08 Mm cells)"),
            (latent_field("z", 100, "sun"), "LATENT(100, sun)"),
            (embedding_field("e", 128, "look"), "EMBEDDING(128, look)"),
            (keyword_field(usflux), "DOUBLE"),
            (
                Field::new("s", DataType::Struct(vec![patch_field("p", grid)].into()), true),
                "SAMPLE",
            ),
            (Field::new("d", DataType::Date32, true), "Date32"),
        ] {
            assert_eq!(type_name(&field), expected);
        }
    }
}
