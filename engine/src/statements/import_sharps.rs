//! `IMPORT SHARPS FROM 'glob' [, …] [INTO sharps]`: segments grouped into records, each made a row of the
//! table; a record that is there already (same HARPNUM and T_REC) is replaced. The answer has one row for
//! every record and every file that could not be used; when no record at all can be imported, it is an error.
//!
//! Every keyword that the segments of a record suffice for is computed from them, with its error; the others
//! are the header's, and NULL where it has none. `header_difference` is the largest relative difference between
//! a computed keyword and the header.

mod record;
mod settings;

use std::{collections::BTreeSet, sync::Arc};

use arrow::{
    array::{
        ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, new_null_array,
    },
    compute::filter_record_batch,
    datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimestampMicrosecondType},
};
use datafusion::{dataframe::DataFrame, datasource::MemTable};
use helioql_catalog::{
    Catalogue, Record, Transaction, find_records,
    schema::{SharpRow, sharps_batch},
};
use helioql_grammar::{Diagnostic, ast::ImportSharps};
use rayon::prelude::*;

use self::{record::row, settings::Settings};
use super::{answer, blocking};
use crate::{
    DEFAULT_ENCODER, Error, Result,
    models::Handle,
    progress::{Observer, Progress},
    session::Session,
    tables::{self, sharps},
    types::{PatchColumn, encoder_of, vector_array},
};

/// How many records are read between two looks at the cancel flag.
const CHUNK: usize = 8;

pub(super) async fn execute(session: &Session, import: &ImportSharps) -> Result<DataFrame> {
    let settings = Settings::read(&import.options)?;
    if let Some(table) = &import.into
        && table.value != sharps::SHARPS
    {
        return Err(Diagnostic::error(format!(
            "records are imported INTO {}, found `{}`",
            sharps::SHARPS,
            table.value
        ))
        .with_span(table.span)
        .into());
    }
    if session.engine().kind() == crate::Kind::Demo {
        return Err(Error::Unsupported(
            "the demo catalogue holds simulated records only; open a catalogue of your own, as in `helioql sun.helio`, \
             and import there"
                .to_owned(),
        ));
    }
    let patterns: Vec<String> = import
        .patterns
        .iter()
        .map(|pattern| pattern.glob.clone())
        .collect();
    let models = session.models().clone();
    let (rows, mut report) = blocking(move || read(&models, &patterns, &settings)).await?;
    if rows.is_empty() {
        return Err(nothing_imported(&report));
    }
    // The lock is taken before the rows are read that the new table will repeat: another writer's records
    // committed in between would be lost.
    let change = session.engine().catalogue().map(Catalogue::begin).transpose()?;
    if change.is_some() {
        tables::register(session).await?;
    }
    let existing = existing(session).await?;
    let schema = sharps::schema(session.models())?;
    let keys: BTreeSet<(i64, i64)> = rows.iter().map(key).collect();
    let mut replaced = BTreeSet::new();
    let mut batches = Vec::new();
    for batch in existing {
        batches.push(without(&batch, &keys, &mut replaced)?);
    }
    for line in &mut report {
        if line.key.is_some_and(|key| replaced.contains(&key)) {
            line.outcome = "replaced";
        }
    }
    batches.push(sharps_batch(&schema, &rows)?);
    store(session, &schema, change, batches).await?;
    answer(session, report_batch(&report)?)
}

/// The row of a record whose segments are in memory, as if it had been imported.
pub(crate) fn row_of(models: &Handle, record: &Record) -> Result<SharpRow> {
    Ok(record::row_of(models, record, &Settings::default())?.row)
}

/// A script must not go on as if it had records.
fn nothing_imported(report: &[Line]) -> Error {
    const SHOWN: usize = 10;
    let mut diagnostic = Diagnostic::error(format!("no record was imported, {} skipped", report.len()));
    for line in report.iter().take(SHOWN) {
        diagnostic = diagnostic.with_note(format!("{}: {}", line.record, line.detail));
    }
    if report.len() > SHOWN {
        diagnostic = diagnostic.with_note(format!("and {} more", report.len() - SHOWN));
    }
    diagnostic.into()
}

/// One line of the answer.
struct Line {
    key: Option<(i64, i64)>,
    record: String,
    outcome: &'static str,
    detail: String,
    header_difference: Option<f64>,
}

fn read(models: &Handle, patterns: &[String], settings: &Settings) -> Result<(Vec<SharpRow>, Vec<Line>)> {
    let found = find_records(patterns, settings.harpnum)?;
    let mut report: Vec<Line> = found
        .rejected
        .iter()
        .map(|rejected| Line {
            key: None,
            record: rejected.path.display().to_string(),
            outcome: "skipped",
            detail: rejected.reason.to_string(),
            header_difference: None,
        })
        .collect();
    let mut rows = Vec::new();
    for (done, chunk) in found.records.chunks(CHUNK).enumerate() {
        models.check_cancelled()?;
        let read: Vec<_> = chunk
            .par_iter()
            .map(|files| (files, row(models, files, settings)))
            .collect();
        for (files, outcome) in read {
            let record = files.id.to_string();
            match outcome {
                Ok(made) => {
                    report.push(Line {
                        key: Some(key(&made.row)),
                        record,
                        outcome: "imported",
                        detail: made.detail,
                        header_difference: made.header_difference,
                    });
                    rows.push(made.row);
                }
                Err(error) => report.push(Line {
                    key: None,
                    record,
                    outcome: "skipped",
                    detail: error.to_string(),
                    header_difference: None,
                }),
            }
        }
        models.report(&Progress {
            task: "importing SHARPs".to_owned(),
            step: (done * CHUNK + chunk.len()) as u64,
            steps: found.records.len() as u64,
            metrics: Vec::new(),
        });
    }
    Ok((rows, report))
}

fn key(row: &SharpRow) -> (i64, i64) {
    (row.id.harpnum, row.id.t_rec.to_unix_micros())
}

/// All rows of `sharps` as they are.
async fn existing(session: &Session) -> Result<Vec<RecordBatch>> {
    let frame = session.context().table(sharps::SHARPS).await?;
    Ok(frame.collect().await?)
}

/// The rows whose key is not among `keys`; those that are go to `replaced`.
fn without(
    batch: &RecordBatch,
    keys: &BTreeSet<(i64, i64)>,
    replaced: &mut BTreeSet<(i64, i64)>,
) -> Result<RecordBatch> {
    let column = |name: &str| {
        batch
            .column_by_name(name)
            .ok_or_else(|| Error::Unsupported(format!("internal: `sharps` has no column `{name}`")))
    };
    let harpnums = column("harpnum")?.as_primitive::<Int64Type>();
    let times = column("t_rec")?.as_primitive::<TimestampMicrosecondType>();
    let keep: BooleanArray = (0..batch.num_rows())
        .map(|row| {
            let key = (harpnums.value(row), times.value(row));
            let again = keys.contains(&key);
            if again {
                replaced.insert(key);
            }
            Some(!again)
        })
        .collect();
    Ok(filter_record_batch(batch, &keep)?)
}

/// Commits the table, or puts it in memory where there is no catalogue on disk.
async fn store(
    session: &Session,
    schema: &SchemaRef,
    change: Option<Transaction>,
    batches: Vec<RecordBatch>,
) -> Result<()> {
    let batches = batches
        .iter()
        .map(|batch| of_schema(session.models(), schema, batch))
        .collect::<Result<Vec<_>>>()?;
    match change {
        Some(mut change) => {
            change.write_table(sharps::SHARPS, Arc::clone(schema), batches)?;
            change.commit()?;
            tables::register(session).await
        }
        None => {
            let table = MemTable::try_new(Arc::clone(schema), vec![batches])?;
            session.context().deregister_table(sharps::SHARPS)?;
            session
                .context()
                .register_table(sharps::SHARPS, Arc::new(table))?;
            Ok(())
        }
    }
}

/// A batch with the table's schema. Columns that an older version did not have are NULL. Rows that another
/// encoder has embedded, such as that of an older version, are embedded again, so that all of a table can be
/// compared.
fn of_schema(models: &Handle, schema: &SchemaRef, batch: &RecordBatch) -> Result<RecordBatch> {
    let mut columns: Vec<ArrayRef> = schema
        .fields()
        .iter()
        .map(|field| match batch.column_by_name(field.name()) {
            Some(column) => Arc::clone(column),
            None => new_null_array(field.data_type(), batch.num_rows()),
        })
        .collect();
    let (patch, embedding) = (schema.index_of("patch")?, schema.index_of("embedding")?);
    let there = batch.schema();
    let (from, onto) = (there.field_with_name("embedding")?, schema.field(embedding));
    if encoder_of(from) != encoder_of(onto) {
        let patches = PatchColumn::new(&columns[patch], there.field_with_name("patch")?)?;
        let encoder = models.encoder(DEFAULT_ENCODER)?;
        let embedded = (0..batch.num_rows())
            .map(|row| {
                models.check_cancelled()?;
                Ok(match patches.get(row) {
                    Some(patch) => encoder.embed(&[&patch])?.pop(),
                    None => None,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        columns[embedding] = vector_array(onto, embedded.iter().map(Option::as_deref))?;
    }
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

fn report_batch(report: &[Line]) -> Result<RecordBatch> {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let schema = Schema::new(vec![
        text("record"),
        text("outcome"),
        Field::new("harpnum", DataType::Int64, true),
        Field::new("header_difference", DataType::Float64, true),
        text("detail"),
    ]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(
            report
                .iter()
                .map(|line| Some(line.record.as_str()))
                .collect::<StringArray>(),
        ),
        Arc::new(
            report
                .iter()
                .map(|line| Some(line.outcome))
                .collect::<StringArray>(),
        ),
        Arc::new(
            report
                .iter()
                .map(|line| line.key.map(|(harpnum, _)| harpnum))
                .collect::<Int64Array>(),
        ),
        Arc::new(
            report
                .iter()
                .map(|line| line.header_difference)
                .collect::<Float64Array>(),
        ),
        Arc::new(
            report
                .iter()
                .map(|line| Some(line.detail.as_str()))
                .collect::<StringArray>(),
        ),
    ];
    Ok(RecordBatch::try_new(Arc::new(schema), columns)?)
}
