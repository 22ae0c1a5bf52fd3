//! `system.keywords`, `system.functions`, `system.statements`, `system.units`, `system.generators`,
//! `system.encoders`, `system.directions` and `system.indexes`: the facts that SHOW prints, as tables that queries can join;
//! `system.tables`: the tables of the catalogue with their sizes; `system.arguments`: the arguments of every function, and the
//! options of every statement; `system.metrics`: what EVALUATE found.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, Float64Array, Int64Array, StringArray, UInt64Array},
    datatypes::{DataType, Field, Schema},
    record_batch::RecordBatch,
};
use async_trait::async_trait;
use datafusion::{
    catalog::{SchemaProvider, TableProvider},
    common::Result as PlanResult,
    datasource::MemTable,
};
use helioql_catalog::{Catalogue, IndexEntry, KEYWORDS, ModelKind, TableEntry};
use helioql_grammar::{Unit, unit::UNITS};

use crate::{
    Engine, Error, Result,
    documentation::{self, Argument, Page},
    functions::Function,
    session::Session,
    statements::evaluate::score_batch,
};

/// The schema's name.
const SYSTEM: &str = "system";

/// The tables, each with what makes its rows when a statement names it.
const TABLES: [(&str, Rows); 11] = [
    ("keywords", |_| keywords()),
    ("functions", |system| functions(&system.pages())),
    ("statements", |system| statements(&system.pages())),
    ("arguments", |system| arguments(&system.pages())),
    ("units", |_| units()),
    ("generators", |system| {
        models(&system.engine, ModelKind::Generator)
    }),
    ("encoders", |system| models(&system.engine, ModelKind::Encoder)),
    ("directions", |system| {
        models(&system.engine, ModelKind::Directions)
    }),
    ("indexes", |system| indexes(&system.engine)),
    ("tables", |system| tables(&system.engine)),
    ("metrics", |system| metrics(&system.engine)),
];

type Rows = fn(&System) -> Result<RecordBatch>;

/// Registers the schema.
pub(crate) fn register(session: &Session) -> Result<()> {
    let catalog = session.context().catalog("datafusion").ok_or_else(|| {
        Error::Unsupported("internal: the session has no default catalogue of tables".to_owned())
    })?;
    let system = System {
        engine: session.engine().clone(),
        functions: session.functions().into(),
    };
    catalog.register_schema(SYSTEM, Arc::new(system))?;
    Ok(())
}

/// The schema, whose tables are what there is at the moment when they are named.
#[derive(Debug)]
struct System {
    engine: Engine,
    functions: Arc<[Function]>,
}

impl System {
    fn pages(&self) -> Vec<Page> {
        documentation::of(&self.functions)
    }
}

#[async_trait]
impl SchemaProvider for System {
    fn table_names(&self) -> Vec<String> {
        TABLES.iter().map(|(name, _)| (*name).to_owned()).collect()
    }

    async fn table(&self, name: &str) -> PlanResult<Option<Arc<dyn TableProvider>>> {
        let Some((_, rows)) = TABLES.iter().find(|(known, _)| *known == name) else {
            return Ok(None);
        };
        let batch = rows(self)?;
        let table = MemTable::try_new(batch.schema(), vec![vec![batch]])?;
        Ok(Some(Arc::new(table)))
    }

    fn table_exist(&self, name: &str) -> bool {
        TABLES.iter().any(|(known, _)| *known == name)
    }
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

/// The functions of both kinds. SHOW FUNCTIONS has the columns up to `example`, the first of `examples`.
fn functions(pages: &[Page]) -> Result<RecordBatch> {
    texts(
        &[
            "name",
            "kind",
            "arguments",
            "summary",
            "example",
            "details",
            "returns",
            "examples",
            "errors",
        ],
        pages.iter().filter(|page| page.is_function()).map(|page| {
            [
                page.name.clone(),
                page.kind.to_owned(),
                page.form.clone(),
                page.summary.clone(),
                page.examples.first().cloned().unwrap_or_default(),
                page.details.clone(),
                page.returns.clone(),
                page.examples.join(";\n"),
                page.errors.join(";\n"),
            ]
        }),
    )
}

/// The statements and literals. SHOW STATEMENTS has the columns up to `summary`.
fn statements(pages: &[Page]) -> Result<RecordBatch> {
    texts(
        &[
            "name", "kind", "form", "summary", "details", "returns", "examples", "errors",
        ],
        pages.iter().filter(|page| !page.is_function()).map(|page| {
            [
                page.name.clone(),
                page.kind.to_owned(),
                page.form.clone(),
                page.summary.clone(),
                page.details.clone(),
                page.returns.clone(),
                page.examples.join(";\n"),
                page.errors.join(";\n"),
            ]
        }),
    )
}

/// One row for each argument of a function and each option of a statement, whose name then stands in `function`. `position` is NULL where the name must be
/// written, `default` where the argument must be.
fn arguments(pages: &[Page]) -> Result<RecordBatch> {
    let rows: Vec<(&Page, &Argument)> = pages
        .iter()
        .flat_map(|page| page.arguments.iter().map(move |argument| (page, argument)))
        .collect();
    let text = |of: fn(&Argument) -> Option<&str>| -> ArrayRef {
        Arc::new(
            rows.iter()
                .map(|(_, argument)| of(argument))
                .collect::<StringArray>(),
        )
    };
    let positions: Int64Array = rows
        .iter()
        .map(|(_, argument)| argument.position.map(|position| position as i64))
        .collect();
    let names = StringArray::from_iter_values(rows.iter().map(|(page, _)| &page.name));
    let kinds = StringArray::from_iter_values(rows.iter().map(|(page, _)| page.kind));
    Ok(RecordBatch::try_from_iter([
        ("function", Arc::new(names) as ArrayRef),
        ("kind", Arc::new(kinds)),
        ("position", Arc::new(positions)),
        ("name", text(|argument| Some(argument.name))),
        ("type", text(|argument| Some(argument.takes))),
        ("unit", text(|argument| Some(argument.unit))),
        ("default", text(|argument| argument.default.as_deref())),
        ("summary", text(|argument| Some(argument.summary))),
    ])?)
}

/// The units; one `symbol` is `in_base` of its dimension's `base`.
fn units() -> Result<RecordBatch> {
    let text = |of: fn(&Unit) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(UNITS.iter().map(of)))
    };
    let in_base = Float64Array::from_iter_values(UNITS.iter().map(|unit| unit.to_base));
    Ok(RecordBatch::try_from_iter([
        ("symbol", text(|unit| unit.symbol.to_owned())),
        ("meaning", text(|unit| unit.name.to_owned())),
        ("dimension", text(|unit| unit.dimension.to_string())),
        ("in_base", Arc::new(in_base) as ArrayRef),
        ("base", text(|unit| unit.dimension.base().to_owned())),
    ])?)
}

fn models(engine: &Engine, kind: ModelKind) -> Result<RecordBatch> {
    let store = engine.store();
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

/// The vector indexes; `later` counts the rows that came after an index, which are compared exactly.
fn indexes(engine: &Engine) -> Result<RecordBatch> {
    let catalogue = engine.catalogue();
    let entries = catalogue.map(Catalogue::indexes).unwrap_or_default();
    let rows: Vec<(&IndexEntry, u64, u64)> = entries
        .iter()
        .map(|entry| {
            let table = catalogue.and_then(|catalogue| catalogue.table(&entry.table));
            let all = table.map_or(0, |table| table.rows);
            let has = if entry.files > 0 { entry.rows } else { 0 };
            (entry, has, all - has.min(all))
        })
        .collect();
    let text = |of: fn(&IndexEntry) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(
            rows.iter().map(|(entry, ..)| of(entry)),
        ))
    };
    let count = |of: fn(&(&IndexEntry, u64, u64)) -> u64| -> ArrayRef {
        Arc::new(UInt64Array::from_iter_values(rows.iter().map(of)))
    };
    Ok(RecordBatch::try_from_iter([
        ("name", text(|entry| &entry.name)),
        ("table", text(|entry| &entry.table)),
        ("column", text(|entry| &entry.config.column)),
        ("metric", text(|entry| &entry.config.metric)),
        ("storage", text(|entry| &entry.config.storage)),
        ("rows", count(|(_, has, _)| *has)),
        ("later", count(|(_, _, later)| *later)),
        ("left_out", count(|(entry, ..)| entry.config.left_out)),
        ("bytes", count(|(entry, ..)| entry.bytes)),
        ("connectivity", count(|(entry, ..)| entry.config.connectivity)),
        ("expansion_add", count(|(entry, ..)| entry.config.expansion_add)),
        (
            "expansion_search",
            count(|(entry, ..)| entry.config.expansion_search),
        ),
        ("statement", text(|entry| &entry.config.statement)),
    ])?)
}

/// The tables that the catalogue keeps; those in memory, views and these have no size that is known beforehand.
fn tables(engine: &Engine) -> Result<RecordBatch> {
    let entries = engine.catalogue().map(Catalogue::tables);
    let entries = entries.unwrap_or_default();
    let count = |of: fn(&TableEntry) -> u64| -> ArrayRef {
        Arc::new(UInt64Array::from_iter_values(entries.iter().map(of)))
    };
    let names = entries.iter().map(|entry| entry.name.as_str());
    Ok(RecordBatch::try_from_iter([
        ("name", Arc::new(StringArray::from_iter_values(names)) as ArrayRef),
        ("rows", count(|entry| entry.rows)),
        ("files", count(|entry| entry.paths.len() as u64)),
        ("bytes", count(|entry| entry.bytes)),
        ("generation", count(|entry| entry.generation)),
    ])?)
}

/// The figures of every evaluated model, as `SELECT … FROM system.metrics` has them.
fn metrics(engine: &Engine) -> Result<RecordBatch> {
    let store = engine.store();
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
