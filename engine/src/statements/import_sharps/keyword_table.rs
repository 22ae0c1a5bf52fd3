//! Tables of SHARP keywords: CSV as drms and pandas write it, replies of JSOC in JSON, and Parquet. Columns are
//! named as the cards of a header, in any case; rows are read in pieces, so that what is kept is the result.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch},
    compute::cast,
    datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType},
};
use helioql_catalog::find_files;
use parquet::arrow::{ProjectionMask, arrow_reader::ParquetRecordBatchReaderBuilder};

use super::{cell::Cell, keyword_rows::KeywordRows, rs_list::RsList};
use crate::{
    Error, Result,
    models::Handle,
    progress::{Observer, Progress},
};

/// What the rows of a table are called in the column `source`.
const SOURCE: &str = "keywords";
/// Rows between two looks at the cancel flag.
const CHUNK: usize = 8192;

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Csv,
    Json,
    Parquet,
}

/// Whether a pattern names tables of keywords and no FITS files: by its ending or, where it names one file
/// with another ending, by how the file begins.
pub(super) fn is_table(pattern: &str) -> bool {
    form_of_name(pattern).is_some()
        || matches!(first_bytes(Path::new(pattern)), Ok(bytes) if form_of_bytes(&bytes).is_some())
}

fn form_of_name(name: &str) -> Option<Form> {
    let ending = name
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_ascii_lowercase());
    match ending.as_deref() {
        Some("csv" | "tsv" | "txt") => Some(Form::Csv),
        Some("json") => Some(Form::Json),
        Some("parquet" | "pq") => Some(Form::Parquet),
        _ => None,
    }
}

fn form_of_bytes(bytes: &[u8]) -> Option<Form> {
    if bytes.starts_with(b"PAR1") {
        Some(Form::Parquet)
    } else if bytes.trim_ascii_start().starts_with(b"{") {
        Some(Form::Json)
    } else {
        None
    }
}

fn first_bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads every table that the patterns name.
///
/// # Errors
/// When a pattern matches nothing, or a file is no table of keywords or breaks off.
pub(super) fn read(models: &Handle, patterns: &[String], rows: &mut KeywordRows) -> Result<()> {
    for pattern in patterns {
        for path in find_files(pattern)? {
            let name = path.display().to_string();
            let failed = |reason| broken(&name, reason);
            let bytes = first_bytes(&path).map_err(|error| failed(error.to_string()))?;
            let form = form_of_bytes(&bytes)
                .or_else(|| form_of_name(&name))
                .unwrap_or(Form::Csv);
            let file = File::open(&path).map_err(|error| failed(error.to_string()))?;
            rows.begin(&name, SOURCE);
            match form {
                Form::Csv => csv(models, &name, file, rows)?,
                Form::Json => {
                    let reply: RsList = serde_json::from_reader(BufReader::new(file))
                        .map_err(|error| failed(format!("no reply of JSOC's rs_list: {error}")))?;
                    reply.check(&name)?;
                    reply.add_to(rows, &name)?;
                }
                Form::Parquet => parquet(models, &name, file, rows)?,
            }
        }
    }
    Ok(())
}

fn csv(models: &Handle, name: &str, file: File, rows: &mut KeywordRows) -> Result<()> {
    let failed = |error: csv::Error| broken(name, error.to_string());
    let mut file = BufReader::with_capacity(1 << 16, file);
    let head = file.fill_buf().map_err(|error| broken(name, error.to_string()))?;
    let separator = separator(head);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .flexible(true)
        .from_reader(file);
    let header = reader.byte_headers().map_err(failed)?.clone();
    let names: Vec<String> = header
        .iter()
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect();
    let layout = rows.layout(names.iter().map(String::as_str))?;
    let mut record = csv::ByteRecord::new();
    let mut done = 0;
    while reader.read_byte_record(&mut record).map_err(failed)? {
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() == names.len() {
            rows.add(&layout, line, |column| {
                let bytes = record.get(column).unwrap_or_default();
                // A keyword is ASCII; other bytes are no value.
                std::str::from_utf8(bytes).map_or(Cell::Missing, Cell::Text)
            });
        } else {
            rows.skip_broken(line);
        }
        done += 1;
        if done % CHUNK == 0 {
            models.check_cancelled()?;
            report(models, name, done, 0);
        }
    }
    Ok(())
}

fn broken(name: &str, reason: String) -> Error {
    Error::KeywordTable {
        name: name.to_owned(),
        reason,
    }
}

/// The separator of a header: the most frequent of those in use.
fn separator(head: &[u8]) -> u8 {
    let line = String::from_utf8_lossy(head.split(|byte| *byte == b'\n').next().unwrap_or_default());
    let count = |separator: u8| line.matches(char::from(separator)).count();
    // Of equals the last, so the comma.
    [b';', b'\t', b',']
        .into_iter()
        .max_by_key(|separator| count(*separator))
        .unwrap_or(b',')
}

fn parquet(models: &Handle, name: &str, file: File, rows: &mut KeywordRows) -> Result<()> {
    let failed = |reason| broken(name, reason);
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| failed(error.to_string()))?;
    let schema = builder.schema().clone();
    let layout = rows.layout(schema.fields().iter().map(|field| field.name().as_str()))?;
    let read = layout.columns();
    let total = builder.metadata().file_metadata().num_rows().max(0) as usize;
    let mask = ProjectionMask::roots(builder.parquet_schema(), read.iter().copied());
    let reader = builder
        .with_projection(mask)
        .with_batch_size(CHUNK)
        .build()
        .map_err(|error| failed(error.to_string()))?;
    let mut done = 0;
    for batch in reader {
        models.check_cancelled()?;
        let batch = batch.map_err(|error| failed(error.to_string()))?;
        let columns = columns(&batch).map_err(|error| failed(error.to_string()))?;
        for row in 0..batch.num_rows() {
            let place = (done + row) as u64 + 1;
            rows.add(&layout, place, |column| {
                let at = read.binary_search(&column).ok();
                at.and_then(|at| columns.get(at))
                    .map_or(Cell::Missing, |column| column.cell(row))
            });
        }
        done += batch.num_rows();
        report(models, name, done, total);
    }
    Ok(())
}

/// A column of a batch as cells are read from it.
enum Column {
    Text(ArrayRef),
    Real(ArrayRef),
    Integer(ArrayRef),
    Time {
        micros: ArrayRef,
        utc: bool,
    },
    /// Of a type that no keyword has.
    Other,
}

fn columns(batch: &RecordBatch) -> Result<Vec<Column>, arrow::error::ArrowError> {
    let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
    batch
        .columns()
        .iter()
        .map(|array| {
            let is_text = |data_type: &DataType| {
                matches!(
                    data_type,
                    DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
                )
            };
            Ok(match array.data_type() {
                data_type if data_type.is_integer() => Column::Integer(cast(array, &DataType::Int64)?),
                data_type if data_type.is_floating() => Column::Real(cast(array, &DataType::Float64)?),
                DataType::Decimal128(..) => Column::Real(cast(array, &DataType::Float64)?),
                data_type if is_text(data_type) => Column::Text(cast(array, &DataType::Utf8)?),
                DataType::Dictionary(_, values) if is_text(values) => {
                    Column::Text(cast(array, &DataType::Utf8)?)
                }
                DataType::Timestamp(_, zone) => Column::Time {
                    micros: cast(array, &micros)?,
                    utc: zone.is_some(),
                },
                _ => Column::Other,
            })
        })
        .collect()
}

impl Column {
    fn cell(&self, row: usize) -> Cell<'_> {
        let (Self::Text(array) | Self::Real(array) | Self::Integer(array) | Self::Time { micros: array, .. }) =
            self
        else {
            return Cell::Missing;
        };
        if array.is_null(row) {
            return Cell::Missing;
        }
        match self {
            Self::Text(array) => Cell::Text(array.as_string::<i32>().value(row)),
            Self::Real(array) => Cell::Real(array.as_primitive::<Float64Type>().value(row)),
            Self::Integer(array) => Cell::Integer(array.as_primitive::<Int64Type>().value(row)),
            Self::Time { micros, utc } => {
                let micros = micros.as_primitive::<TimestampMicrosecondType>().value(row);
                if *utc {
                    Cell::Utc(micros)
                } else {
                    Cell::WallClock(micros)
                }
            }
            Self::Other => Cell::Missing,
        }
    }
}

fn report(models: &Handle, name: &str, step: usize, steps: usize) {
    models.report(&Progress {
        task: format!("reading {name}"),
        step: step as u64,
        steps: steps as u64,
        metrics: Vec::new(),
    });
}
