//! Tables as Parquet files.
//!
//! Patches and embeddings are 32-bit floats that hardly repeat: a dictionary makes them larger and their
//! minimum and maximum tell nothing. `BYTE_STREAM_SPLIT` puts the bytes of one significance together, and
//! zstd then packs the exponents. Row groups of a table with such columns are kept to 512 rows (8 MB for
//! patches of 64 × 64), so that a query which needs a few rows decodes a few megabytes.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::commit::Transaction;
use super::file::NewFile;
use crate::error::StoreError;

/// Rows of a row group in a table of numbers and text.
const ROWS_PER_GROUP: usize = 64 * 1024;
/// Rows of a row group in a table of patches.
const VECTOR_ROWS_PER_GROUP: usize = 512;

/// A table that is being written, batch by batch.
pub struct TableWriter<'a> {
    change: &'a mut Transaction,
    name: String,
    schema: SchemaRef,
    out: ArrowWriter<NewFile>,
    rows: u64,
    /// Whether its rows come beside those that the table has.
    added: bool,
}

impl<'a> TableWriter<'a> {
    pub(super) fn new(
        change: &'a mut Transaction,
        name: &str,
        schema: SchemaRef,
        file: NewFile,
        added: bool,
    ) -> Result<Self, StoreError> {
        let out = ArrowWriter::try_new(file, schema.clone(), Some(properties(&schema)))
            .map_err(|source| parquet("write", name, source))?;
        Ok(Self {
            change,
            name: name.to_owned(),
            schema,
            out,
            rows: 0,
            added,
        })
    }

    /// Adds rows. Field metadata are the table's; the batch's own do not matter.
    ///
    /// # Errors
    /// When the batch does not fit the schema, or the file cannot be written.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        let batch =
            RecordBatch::try_new(self.schema.clone(), batch.columns().to_vec()).map_err(|source| {
                StoreError::Schema {
                    table: self.name.clone(),
                    source,
                }
            })?;
        self.out
            .write(&batch)
            .map_err(|source| parquet("write", &self.name, source))?;
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    /// Ends the table and takes it into the change. Returns its number of rows.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(self) -> Result<u64, StoreError> {
        let file = self
            .out
            .into_inner()
            .map_err(|source| parquet("write", &self.name, source))?;
        self.change.add_part(&self.name, self.rows, file, self.added)?;
        Ok(self.rows)
    }
}

/// The schema of a table's file, with the metadata of its fields.
pub(super) fn read_schema(name: &str, path: &Path) -> Result<SchemaRef, StoreError> {
    Ok(open(name, path)?.schema().clone())
}

/// How many rows a table's file says that it has.
pub(super) fn read_rows(name: &str, path: &Path) -> Result<u64, StoreError> {
    Ok(open(name, path)?.metadata().file_metadata().num_rows() as u64)
}

fn open(name: &str, path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>, StoreError> {
    let file = File::open(path).map_err(|source| super::file::io("open", path, source))?;
    ParquetRecordBatchReaderBuilder::try_new(file).map_err(|source| parquet("read", name, source))
}

/// The rows of several files, one after the other.
pub(super) struct Rows {
    name: String,
    schema: SchemaRef,
    reader: ParquetRecordBatchReader,
    left: std::vec::IntoIter<PathBuf>,
}

impl Rows {
    /// The rows of `paths`, of which there is one.
    pub(super) fn open(name: &str, paths: Vec<PathBuf>) -> Result<Self, StoreError> {
        let mut left = paths.into_iter();
        let first = left.next().ok_or_else(|| StoreError::Unknown {
            kind: "table",
            name: name.to_owned(),
            closest: None,
        })?;
        let first = open(name, &first)?;
        let schema = first.schema().clone();
        Ok(Self {
            name: name.to_owned(),
            schema,
            reader: built(name, first)?,
            left,
        })
    }

    pub(super) fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    pub(super) fn next(&mut self) -> Result<Option<RecordBatch>, StoreError> {
        loop {
            if let Some(batch) = self.reader.next() {
                return batch.map(Some).map_err(|source| StoreError::Schema {
                    table: self.name.clone(),
                    source,
                });
            }
            let Some(path) = self.left.next() else {
                return Ok(None);
            };
            self.reader = built(&self.name, open(&self.name, &path)?)?;
        }
    }
}

fn built(
    name: &str,
    file: ParquetRecordBatchReaderBuilder<File>,
) -> Result<ParquetRecordBatchReader, StoreError> {
    file.with_batch_size(VECTOR_ROWS_PER_GROUP)
        .build()
        .map_err(|source| parquet("read", name, source))
}

fn properties(schema: &Schema) -> WriterProperties {
    let vectors: Vec<_> = schema
        .fields()
        .iter()
        .filter_map(|field| match field.data_type() {
            DataType::FixedSizeList(item, _) if *item.data_type() == DataType::Float32 => {
                Some(ColumnPath::new(vec![
                    field.name().clone(),
                    "list".to_owned(),
                    item.name().clone(),
                ]))
            }
            _ => None,
        })
        .collect();
    let rows = if vectors.is_empty() {
        ROWS_PER_GROUP
    } else {
        VECTOR_ROWS_PER_GROUP
    };
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(rows));
    vectors
        .into_iter()
        .fold(properties, |properties, column| {
            properties
                .set_column_dictionary_enabled(column.clone(), false)
                .set_column_encoding(column.clone(), Encoding::BYTE_STREAM_SPLIT)
                .set_column_statistics_enabled(column, EnabledStatistics::None)
        })
        .build()
}

fn parquet(action: &'static str, name: &str, source: ParquetError) -> StoreError {
    StoreError::Parquet {
        action,
        table: name.to_owned(),
        source,
    }
}
