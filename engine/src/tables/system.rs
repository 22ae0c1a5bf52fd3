//! `system.keywords`, `system.functions`, `system.generators`, `system.encoders` and `system.directions`:
//! the facts that SHOW prints, as tables that queries can join; `system.metrics`: what EVALUATE found.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, StringArray},
    datatypes::{DataType, Field, Schema},
    record_batch::RecordBatch,
};
use datafusion::{
    catalog::{MemorySchemaProvider, SchemaProvider},
    datasource::MemTable,
};
use helioql_catalog::{KEYWORDS, ModelKind};

use crate::{Error, Result, relations, session::Session, statements::evaluate::score_batch};

/// The schema's name.
const SYSTEM: &str = "system";

/// Registers the schema, replacing the one of an earlier call.
pub(super) fn register(session: &Session) -> Result<()> {
    let schema = MemorySchemaProvider::new();
    for (name, batch) in [
        ("keywords", keywords()?),
        ("functions", functions(session)?),
        ("generators", models(session, ModelKind::Generator)?),
        ("encoders", models(session, ModelKind::Encoder)?),
        ("directions", models(session, ModelKind::Directions)?),
        ("metrics", metrics(session)?),
    ] {
        let table = MemTable::try_new(batch.schema(), vec![vec![batch]])?;
        schema.register_table(name.to_owned(), Arc::new(table))?;
    }
    let catalog = session.context().catalog("datafusion").ok_or_else(|| {
        Error::Unsupported("internal: the session has no default catalogue of tables".to_owned())
    })?;
    catalog.register_schema(SYSTEM, Arc::new(schema))?;
    Ok(())
}

fn keywords() -> Result<RecordBatch> {
    texts(
        &[
            "name",
            "unit",
            "needs",
            "summary",
            "formula",
            "reference",
            "aliases",
        ],
        KEYWORDS.iter().map(|keyword| {
            [
                keyword.name.to_owned(),
                keyword.unit.to_owned(),
                keyword.needs.as_str().to_owned(),
                keyword.summary.to_owned(),
                keyword.formula.to_owned(),
                keyword.reference.to_owned(),
                keyword.aliases.join(", "),
            ]
        }),
    )
}

fn functions(session: &Session) -> Result<RecordBatch> {
    let scalar = session
        .functions()
        .iter()
        .filter(|function| !function.about.summary.is_empty())
        .map(|function| {
            [
                function.call.name.to_owned(),
                "scalar".to_owned(),
                function.call.to_string(),
                function.about.summary.to_owned(),
                function.about.example.to_owned(),
            ]
        });
    let relations = relations::relations();
    let relations = relations.iter().map(|relation| {
        let call = relation.call();
        [
            call.name.to_owned(),
            "in FROM".to_owned(),
            call.to_string(),
            relation.summary().to_owned(),
            relation.example().to_owned(),
        ]
    });
    texts(
        &["name", "kind", "arguments", "summary", "example"],
        scalar.chain(relations),
    )
}

fn models(session: &Session, kind: ModelKind) -> Result<RecordBatch> {
    let store = session.models().store();
    let mut rows = Vec::new();
    for (name, origin) in store.names(kind) {
        let (config, weights) = store.stored(kind, &name)?;
        rows.push([
            name,
            origin.to_owned(),
            helioql_catalog::checksum(&weights),
            weights.len().to_string(),
            config["statement"].as_str().unwrap_or_default().to_owned(),
        ]);
    }
    texts(
        &["name", "origin", "checksum", "bytes", "statement"],
        rows.into_iter(),
    )
}

/// The figures of every evaluated model, as `SELECT … FROM system.metrics` has them.
fn metrics(session: &Session) -> Result<RecordBatch> {
    let store = session.models().store();
    let (mut models, mut scores) = (Vec::new(), Vec::new());
    for kind in [ModelKind::Generator, ModelKind::Encoder] {
        for (name, _) in store.names(kind) {
            let found = store.metrics(kind, &name)?;
            models.extend(std::iter::repeat_n(name, found.len()));
            scores.extend(found);
        }
    }
    let figures = score_batch(&scores)?;
    let mut fields = vec![Arc::new(Field::new("model", DataType::Utf8, false))];
    let mut columns: Vec<ArrayRef> = vec![Arc::new(StringArray::from(models))];
    // All but the last, `compare`, which is for the eye.
    for (field, column) in figures.schema().fields().iter().zip(figures.columns()).take(5) {
        fields.push(Arc::clone(field));
        columns.push(Arc::clone(column));
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

/// A batch of text columns.
fn texts<const N: usize>(names: &[&str; N], rows: impl Iterator<Item = [String; N]>) -> Result<RecordBatch> {
    let mut columns: [Vec<String>; N] = std::array::from_fn(|_| Vec::new());
    for row in rows {
        for (column, text) in columns.iter_mut().zip(row) {
            column.push(text);
        }
    }
    let fields: Vec<Field> = names
        .iter()
        .map(|name| Field::new(*name, DataType::Utf8, false))
        .collect();
    let columns = columns
        .into_iter()
        .map(|column| Arc::new(StringArray::from(column)) as ArrayRef)
        .collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}
