//! Tables of SHARP keywords: CSV as drms and pandas write it, replies of JSOC in JSON, and Parquet. Columns are
//! named as the cards of a header, in any case; rows are read in pieces, so that what is kept is the result.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
};

use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch},
    compute::cast,
    datatypes::{DataType, Float64Type, Int64Type, Schema, TimeUnit, TimestampMicrosecondType},
};
use helioql_catalog::find_files;
use parquet::{
    arrow::{
        ProjectionMask,
        arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder},
    },
    errors::ParquetError,
};

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
/// More rows than any table has in a byte of Parquet. Equal steps take next to nothing there, so that a kilobyte could
/// hold a billion.
const MOST_ROWS_PER_BYTE: u64 = 16;

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
                Form::Parquet => caught(&name, || parquet(models, &name, file, rows))?,
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

/// Runs the reader of Parquet. It is written to return errors, but a damaged file can meet one of its assertions
/// first, so a panic within it is answered as a damaged file.
fn caught(name: &str, read: impl FnOnce() -> Result<()>) -> Result<()> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|panic| {
        let message = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let message = message.or_else(|| panic.downcast_ref::<String>().cloned());
        let message = message.unwrap_or_else(|| "no reason given".to_owned());
        Err(broken(
            name,
            format!("damaged in a way that the reader of Parquet does not name: {message}"),
        ))
    })
}

fn parquet(models: &Handle, name: &str, file: File, rows: &mut KeywordRows) -> Result<()> {
    let failed = |reason| broken(name, reason);
    let bytes = file.metadata().map_err(|error| failed(error.to_string()))?.len();
    let metadata = metadata(&file).map_err(|error| failed(error.to_string()))?;
    let schema = metadata.schema().clone();
    let layout = rows.layout(schema.fields().iter().map(|field| field.name().as_str()))?;
    let mut read = layout.columns();
    read.retain(|column| is_read(schema.field(*column).data_type()));
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
    let total = builder.metadata().file_metadata().num_rows().max(0) as usize;
    let most = bytes.saturating_mul(MOST_ROWS_PER_BYTE);
    if total as u64 > most {
        return Err(failed(format!(
            "expected at most {MOST_ROWS_PER_BYTE} rows in each of its {bytes} bytes, found {total}"
        )));
    }
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

/// The file's own description, with texts as views: a text that many rows have is then in memory once.
///
/// A schema of Arrow's that stands beside that of Parquet is passed over. It says nothing that keywords need, and arrow
/// panics where it is damaged.
fn metadata(file: &File) -> Result<ArrowReaderMetadata, ParquetError> {
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let plain = ArrowReaderMetadata::load(file, options)?;
    let viewed = plain.schema().fields().iter().map(|field| {
        let field = field.as_ref().clone();
        match field.data_type() {
            DataType::Utf8 => field.with_data_type(DataType::Utf8View),
            _ => field,
        }
    });
    let schema = Arc::new(Schema::new(viewed.collect::<Vec<_>>()));
    ArrowReaderMetadata::try_new(
        Arc::clone(plain.metadata()),
        ArrowReaderOptions::new().with_schema(schema),
    )
}

/// Whether a keyword can be of a type; columns of others are not even decoded.
fn is_read(data_type: &DataType) -> bool {
    data_type.is_numeric() || matches!(data_type, DataType::Utf8View | DataType::Timestamp(..))
}

fn columns(batch: &RecordBatch) -> Result<Vec<Column>, arrow::error::ArrowError> {
    let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
    batch
        .columns()
        .iter()
        .map(|array| {
            Ok(match array.data_type() {
                data_type if data_type.is_integer() => Column::Integer(cast(array, &DataType::Int64)?),
                data_type if data_type.is_numeric() => Column::Real(cast(array, &DataType::Float64)?),
                DataType::Utf8View => Column::Text(Arc::clone(array)),
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
            Self::Text(array) => Cell::Text(array.as_string_view().value(row)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_reader_names_the_file() {
        for number in [None, Some(-1)] {
            let read = || match number {
                None => panic!("a length is negative"),
                Some(number) => panic!("a length is {number}"),
            };
            let message = caught("t.parquet", read).expect_err("a panic").to_string();
            assert!(message.contains("t.parquet"), "{message}");
            assert!(message.contains("does not name: a length is "), "{message}");
        }
    }
}
