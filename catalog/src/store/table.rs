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
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use super::commit::Transaction;
use super::file::NewFile;
use crate::error::StoreError;

/// Rows of a row group in a table of numbers and text.
const ROWS_PER_GROUP: usize = 64 * 1024;
/// Rows of a row group in a table of patches.
const VECTOR_ROWS_PER_GROUP: usize = 512;

/// A table that is being written, batch by batch, or row group by row group of another file.
pub struct TableWriter<'a> {
    change: &'a mut Transaction,
    name: String,
    schema: SchemaRef,
    out: SerializedFileWriter<NewFile>,
    encoders: ArrowRowGroupWriterFactory,
    /// The columns of the row group that is being filled; none between two of them.
    group: Vec<ArrowColumnWriter>,
    /// The rows in it, and how many it takes.
    filled: usize,
    most: usize,
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
        let properties = properties(&schema);
        let most = properties.max_row_group_row_count().unwrap_or(ROWS_PER_GROUP);
        let (out, encoders) = ArrowWriter::try_new(file, schema.clone(), Some(properties))
            .and_then(ArrowWriter::into_serialized_writer)
            .map_err(|source| parquet("write", name, source))?;
        Ok(Self {
            change,
            name: name.to_owned(),
            schema,
            out,
            encoders,
            group: Vec::new(),
            filled: 0,
            most,
            rows: 0,
            added,
        })
    }

    /// Adds rows. Field metadata are the table's; the batch's own do not matter.
    ///
    /// # Errors
    /// When the batch does not fit the schema, or the file cannot be written.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        let mut rest =
            RecordBatch::try_new(self.schema.clone(), batch.columns().to_vec()).map_err(|source| {
                StoreError::Schema {
                    table: self.name.clone(),
                    source,
                }
            })?;
        while rest.num_rows() > 0 {
            let rows = rest.num_rows().min(self.most - self.filled);
            let written = self.encode(&rest.slice(0, rows));
            written.map_err(|source| parquet("write", &self.name, source))?;
            rest = rest.slice(rows, rest.num_rows() - rows);
        }
        Ok(())
    }

    /// Adds row group `group` of a file of a table with the same columns. Where it was written in the same form its bytes
    /// are copied, which costs what copying a file does; else its rows are decoded and written anew.
    ///
    /// # Errors
    /// When the file cannot be read or has other columns, or the new one cannot be written.
    pub fn copy(&mut self, from: &TableFile, group: usize) -> Result<(), StoreError> {
        if from.is_like(&self.out) {
            return self
                .copy_bytes(from, group)
                .map_err(|source| parquet("write", &self.name, source));
        }
        for batch in from.read(&self.name, group)? {
            let batch = batch.map_err(|source| StoreError::Schema {
                table: self.name.clone(),
                source,
            })?;
            self.write(&batch)?;
        }
        Ok(())
    }

    /// Ends the table and takes it into the change. Returns its number of rows.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(mut self) -> Result<u64, StoreError> {
        let file = self
            .end_group()
            .and_then(|()| self.out.into_inner())
            .map_err(|source| parquet("write", &self.name, source))?;
        self.change.add_part(&self.name, self.rows, file, self.added)?;
        Ok(self.rows)
    }

    /// Adds rows to the row group that is being filled, which has room for them.
    fn encode(&mut self, batch: &RecordBatch) -> Result<(), ParquetError> {
        if self.group.is_empty() {
            let number = self.out.flushed_row_groups().len();
            self.group = self.encoders.create_column_writers(number)?;
        }
        let mut columns = self.group.iter_mut();
        for (field, array) in self.schema.fields().iter().zip(batch.columns()) {
            // A list is a column of its elements, a struct a column for each child.
            for (leaf, column) in compute_leaves(field, array)?.iter().zip(&mut columns) {
                column.write(leaf)?;
            }
        }
        self.filled += batch.num_rows();
        self.rows += batch.num_rows() as u64;
        if self.filled == self.most {
            self.end_group()?;
        }
        Ok(())
    }

    fn end_group(&mut self) -> Result<(), ParquetError> {
        self.filled = 0;
        if self.group.is_empty() {
            return Ok(());
        }
        let mut out = self.out.next_row_group()?;
        for column in std::mem::take(&mut self.group) {
            column.close()?.append_to_row_group(&mut out)?;
        }
        out.close()?;
        Ok(())
    }

    fn copy_bytes(&mut self, from: &TableFile, group: usize) -> Result<(), ParquetError> {
        self.end_group()?;
        let metadata = from.metadata.metadata();
        let rows = metadata.row_group(group);
        let mut out = self.out.next_row_group()?;
        for (column, chunk) in rows.columns().iter().enumerate() {
            let close = ColumnCloseResult {
                bytes_written: chunk.compressed_size() as u64,
                rows_written: rows.num_rows() as u64,
                metadata: chunk.clone(),
                bloom_filter: None, // none is written
                column_index: metadata
                    .column_index()
                    .map(|indexes| indexes[group][column].clone()),
                offset_index: metadata
                    .offset_index()
                    .map(|indexes| indexes[group][column].clone()),
            };
            out.append_column(&from.file, close)?;
        }
        out.close()?;
        self.rows += rows.num_rows() as u64;
        Ok(())
    }
}

/// A file of a table, whose row groups can be copied into another.
#[derive(Debug)]
pub struct TableFile {
    path: PathBuf,
    file: File,
    metadata: ArrowReaderMetadata,
}

impl TableFile {
    /// Opens a file of the table `name`.
    ///
    /// # Errors
    /// When it cannot be opened or is no Parquet file.
    pub fn open(name: &str, path: &Path) -> Result<Self, StoreError> {
        let file = File::open(path).map_err(|source| super::file::io("open", path, source))?;
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let metadata =
            ArrowReaderMetadata::load(&file, options).map_err(|source| parquet("read", name, source))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            metadata,
        })
    }

    /// Whether `out` has the same columns in the same form.
    fn is_like(&self, out: &SerializedFileWriter<NewFile>) -> bool {
        self.metadata.metadata().file_metadata().schema() == out.schema_descr().root_schema()
    }

    fn read(&self, name: &str, group: usize) -> Result<ParquetRecordBatchReader, StoreError> {
        let file = File::open(&self.path).map_err(|source| super::file::io("open", &self.path, source))?;
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        built(name, reader.with_row_groups(vec![group]))
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
