//! The rows of a table by their number, from 0 in the order of its files: all of some columns, or some rows.
//!
//! A row costs the decoding of the row group that it lies in, for the columns that are asked for.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    fs::File,
    ops::Range,
    path::Path,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use arrow::{
    array::{Array, ArrayRef, FixedSizeListArray, Float32Array, RecordBatchOptions, new_null_array},
    buffer::NullBuffer,
    compute::{concat_batches, interleave},
    datatypes::{DataType, Schema, SchemaRef},
    record_batch::RecordBatch,
};
use datafusion::parquet::arrow::{
    ProjectionMask,
    arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection},
};
use helioql_catalog::TableFiles;

use super::matching;
use crate::{
    Error, Result,
    index::Vectors,
    memory::{Held, Keep, Shelf},
    progress::Observer,
    types::VectorColumn,
};

/// Rows of a batch.
const BATCH: usize = 8192;
/// The most bytes of columns of numbers, and of a column of vectors, that are kept of a table.
const MOST_KEPT: usize = 256 << 20;
/// The most bytes of columns of numbers that are read as a whole where only some rows were asked for, which takes a few
/// hundredths of a second.
const MOST_READ_AHEAD: usize = 32 << 20;

/// The files of a table as of one commit, which somebody must hold.
#[derive(Debug)]
pub(crate) struct StoredRows {
    schema: SchemaRef,
    stored: TableFiles,
    files: Vec<StoredFile>,
    /// What is kept lies there.
    pub(super) shelf: Arc<Shelf>,
    /// Columns of numbers that were asked for as a whole, batch by batch.
    kept: Keep<usize, Batches>,
    /// Columns of which some rows were asked for.
    asked: Mutex<BTreeSet<usize>>,
    /// Columns of vectors, each from some file on.
    vectors: Keep<(usize, usize), Vectors>,
    /// Which rows fulfilled the last predicates.
    pub(super) matching: matching::Answers,
}

/// A column.
type Batches = Vec<ArrayRef>;

/// A row group: its file and its place there, and its rows in the table.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) file: usize,
    pub(crate) number: usize,
    pub(crate) rows: Range<usize>,
}

#[derive(Debug)]
struct StoredFile {
    /// Its place among the files.
    number: usize,
    /// The number of its first row.
    first: u64,
    rows: u64,
    /// Whether it is known to be what was written.
    compared: AtomicBool,
    metadata: OnceLock<ArrowReaderMetadata>,
}

impl StoredRows {
    pub(crate) fn new(stored: TableFiles, schema: SchemaRef, shelf: Arc<Shelf>) -> Self {
        let mut first = 0;
        let files = (0..stored.len())
            .map(|number| {
                let file = StoredFile {
                    number,
                    first,
                    rows: stored.rows(number),
                    compared: AtomicBool::new(false),
                    metadata: OnceLock::new(),
                };
                first += file.rows;
                file
            })
            .collect();
        Self {
            schema,
            stored,
            files,
            shelf,
            kept: Keep::default(),
            asked: Mutex::default(),
            vectors: Keep::default(),
            matching: matching::Answers::default(),
        }
    }

    /// Compares files with what was written, as far as that was not done before. Every read does, but without
    /// listening to `is_cancelled`.
    pub(crate) fn compare(&self, files: Range<usize>, is_cancelled: impl Fn() -> bool) -> Result<()> {
        let files = self.files[files].iter();
        for file in files.filter(|file| !file.compared.load(Ordering::Acquire)) {
            if !self.stored.compare(file.number, &is_cancelled)? {
                return Err(Error::Cancelled);
            }
            file.compared.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// Whether all files are known to be what was written.
    pub(crate) fn are_compared(&self) -> bool {
        self.files
            .iter()
            .all(|file| file.compared.load(Ordering::Acquire))
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// How many files there are.
    pub(crate) fn files(&self) -> usize {
        self.files.len()
    }

    /// How many rows the files from `files.start` to before `files.end` have.
    pub(crate) fn len(&self, files: Range<usize>) -> usize {
        self.files[files].iter().map(|file| file.rows as usize).sum()
    }

    /// Where a file lies.
    pub(crate) fn path(&self, file: usize) -> &Path {
        self.stored.path(file)
    }

    /// The row groups in the order of the rows.
    pub(crate) fn groups(&self) -> Result<Vec<Group>> {
        let mut groups = Vec::new();
        for (number, file) in self.files.iter().enumerate() {
            let reader = self.open(file, &[])?;
            let mut first = file.first as usize;
            for (group, metadata) in reader.metadata().row_groups().iter().enumerate() {
                let end = first + metadata.num_rows() as usize;
                groups.push(Group {
                    file: number,
                    number: group,
                    rows: first..end,
                });
                first = end;
            }
        }
        Ok(groups)
    }

    /// Shows the columns at `columns` of all rows of some files, batch by batch in their order.
    pub(crate) fn read(
        &self,
        files: Range<usize>,
        columns: &[usize],
        mut visit: impl FnMut(RecordBatch) -> Result<()>,
    ) -> Result<()> {
        for file in &self.files[files] {
            let rows = self.open(file, columns)?.with_batch_size(BATCH).build();
            for batch in rows.map_err(|error| self.unreadable(file, &error))? {
                let batch = batch.map_err(|error| self.unreadable(file, &error))?;
                visit(self.typed(&batch, columns)?)?;
            }
        }
        Ok(())
    }

    /// Shows the columns at `columns` of all rows, batch by batch in their order. Columns of numbers are kept in memory, so
    /// that they are decoded once for every commit of the table, where they are not too many and there is memory for them.
    pub(crate) fn read_kept(
        &self,
        columns: &[usize],
        mut visit: impl FnMut(RecordBatch) -> Result<()>,
    ) -> Result<()> {
        let all = 0..self.files.len();
        if columns.is_empty() || self.kept_bytes(columns) == 0 {
            return self.read(all, columns, visit);
        }
        let mut kept = Vec::with_capacity(columns.len());
        for column in columns {
            match self.whole(*column)? {
                Some(whole) => kept.push(whole),
                None => return self.read(all, columns, visit),
            }
        }
        let schema = Arc::new(self.schema.project(columns)?);
        for batch in 0..kept[0].len() {
            let arrays = kept.iter().map(|column| Arc::clone(&column[batch])).collect();
            visit(RecordBatch::try_new(Arc::clone(&schema), arrays)?)?;
        }
        Ok(())
    }

    /// How many bytes [`read_kept`](Self::read_kept) keeps of these columns; 0 where one of them is not of numbers, or they
    /// are too many, and none is kept.
    fn kept_bytes(&self, columns: &[usize]) -> usize {
        let widths = columns
            .iter()
            .map(|column| self.schema.field(*column).data_type());
        let width: Option<usize> = widths.map(DataType::primitive_width).sum();
        let bytes = width.map_or(0, |width| width * self.len(0..self.files.len()));
        if bytes <= MOST_KEPT { bytes } else { 0 }
    }

    /// The length of the vectors in a column.
    pub(crate) fn dimension(&self, column: usize) -> Result<usize> {
        let field = self.schema.field(column);
        match field.data_type() {
            DataType::FixedSizeList(_, dimension) => Ok(*dimension as usize),
            other => Err(Error::Unsupported(format!(
                "`{}` is not a column of vectors but {other}",
                field.name()
            ))),
        }
    }

    /// Whether the vectors in a column are few enough to be kept in memory without being asked.
    pub(crate) fn may_keep_vectors(&self, column: usize) -> bool {
        let dimension = self.dimension(column).unwrap_or(usize::MAX);
        let rows = self.len(0..self.files.len());
        rows.saturating_mul(dimension).saturating_mul(size_of::<f32>()) <= MOST_KEPT
    }

    /// The vectors in a column of some files to the last, which are read once for every commit of the table; `None` where
    /// there is no memory for them.
    pub(crate) fn vectors(
        &self,
        column: usize,
        files: Range<usize>,
        observer: &dyn Observer,
    ) -> Result<Option<Arc<Held<Vectors>>>> {
        let key = (column, files.start);
        // Those of the latest question, lest they pile up.
        self.vectors.retain(|(other, _)| *other == column);
        let bytes = Vectors::bytes_needed(self.len(files.clone()), self.dimension(column)?);
        self.vectors
            .get_or_make(&self.shelf, key, "vectors of a table", bytes, || {
                self.read_vectors(column, files, observer)
            })
    }

    /// Whether [`vectors`](Self::vectors) has them in memory.
    pub(crate) fn has_vectors(&self, column: usize, files: &Range<usize>) -> bool {
        files.is_empty() || self.vectors.get(&(column, files.start)).is_some()
    }

    /// Whether [`read_kept`](Self::read_kept) has all of these columns in memory.
    pub(crate) fn has_kept(&self, columns: &[usize]) -> bool {
        columns.iter().all(|column| self.kept.get(column).is_some())
    }

    /// Reads the vectors in a column of some files.
    pub(crate) fn read_vectors(
        &self,
        column: usize,
        files: Range<usize>,
        observer: &dyn Observer,
    ) -> Result<Vectors> {
        self.compare(files.clone(), || observer.is_cancelled())?;
        let mut vectors = Vectors::new(self.dimension(column)?);
        vectors.reserve(self.len(files.clone()));
        self.read(files, &[column], |batch| {
            if observer.is_cancelled() {
                return Err(Error::Cancelled);
            }
            let column = VectorColumn::new(batch.column(0))?;
            for row in 0..column.len() {
                vectors.push(column.get(row));
            }
            Ok(())
        })?;
        Ok(vectors)
    }

    /// A column of numbers; `None` where there is no memory for it.
    fn whole(&self, column: usize) -> Result<Option<Arc<Held<Batches>>>> {
        if let Some(whole) = self.kept.get(&column) {
            return Ok(Some(whole));
        }
        let mut all = self.kept.names();
        all.push(column);
        if self.kept_bytes(&all) == 0 {
            self.kept.retain(|_| false);
        }
        let bytes = self.kept_bytes(&[column]);
        self.kept
            .get_or_make(&self.shelf, column, "column of a table", bytes, || {
                let mut batches = Vec::new();
                self.read(0..self.files.len(), &[column], |batch| {
                    batches.push(Arc::clone(batch.column(0)));
                    Ok(())
                })?;
                Ok(batches)
            })
    }

    /// The columns at `columns` of `rows`, which are in rising order.
    pub(crate) fn take(&self, rows: &[usize], columns: &[usize]) -> Result<RecordBatch> {
        let schema = Arc::new(self.schema.project(columns)?);
        let mut batches = Vec::new();
        let mut rest = rows;
        for file in &self.files {
            let end = (file.first + file.rows) as usize;
            let (here, later) = rest.split_at(rest.partition_point(|row| *row < end));
            rest = later;
            if here.is_empty() {
                continue;
            }
            batches.extend(self.some(file, here, columns)?);
        }
        if columns.is_empty() {
            let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
            return Ok(RecordBatch::try_new_with_options(schema, Vec::new(), &options)?);
        }
        Ok(concat_batches(&schema, &batches)?)
    }

    /// [`take`](Self::take) for questions that come again and again: a column of numbers that is asked for the second time is
    /// read as a whole and kept, since a few rows all over a table lie in as many row groups.
    pub(crate) fn take_again(&self, rows: &[usize], columns: &[usize]) -> Result<RecordBatch> {
        let mut kept = BTreeMap::new();
        for column in columns {
            if self.is_to_be_kept(*column)
                && let Some(whole) = self.whole(*column)?
            {
                kept.insert(*column, whole);
            }
        }
        if kept.is_empty() {
            return self.take(rows, columns);
        }
        let read: Vec<usize> = columns
            .iter()
            .copied()
            .filter(|column| !kept.contains_key(column))
            .collect();
        let batch = if read.is_empty() {
            None
        } else {
            Some(self.take(rows, &read)?)
        };
        let mut read = batch.iter().flat_map(RecordBatch::columns);
        let arrays = columns.iter().map(|column| match kept.get(column) {
            Some(whole) => gathered(whole, rows),
            None => read
                .next()
                .cloned()
                .ok_or_else(|| Error::Unsupported("internal: a column was not read".to_owned())),
        });
        let arrays = arrays.collect::<Result<Vec<_>>>()?;
        let schema = Arc::new(self.schema.project(columns)?);
        Ok(RecordBatch::try_new(schema, arrays)?)
    }

    /// Whether a column is kept, or is one of numbers that was asked for before and not too large.
    fn is_to_be_kept(&self, column: usize) -> bool {
        let mut all = self.kept.names();
        if all.contains(&column) {
            return true;
        }
        let is_first = self
            .asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(column);
        all.push(column);
        !is_first && (1..=MOST_READ_AHEAD).contains(&self.kept_bytes(&all))
    }

    /// The columns at `columns` of `rows` of one file: only the row groups that they lie in are decoded, and of these no vectors
    /// that are all NULL, each of which would have the size of one that is there.
    fn some(&self, file: &StoredFile, rows: &[usize], columns: &[usize]) -> Result<Vec<RecordBatch>> {
        let reader = self.open(file, &[])?;
        let (mut groups, mut ranges) = (Vec::new(), Vec::<Range<usize>>::new());
        // Places count from the first row of the groups that are read.
        let (mut first, mut before, mut rest) = (file.first as usize, 0, rows);
        for (group, metadata) in reader.metadata().row_groups().iter().enumerate() {
            let count = metadata.num_rows() as usize;
            let (here, later) = rest.split_at(rest.partition_point(|row| *row < first + count));
            rest = later;
            if !here.is_empty() {
                groups.push(group);
                for row in here {
                    let place = before + row - first;
                    match ranges.last_mut() {
                        Some(range) if range.end == place => range.end += 1,
                        _ => ranges.push(place..place + 1),
                    }
                }
                before += count;
            }
            first += count;
        }
        let parquet = reader.parquet_schema();
        let is_null = |column: &usize| {
            let is_vector = matches!(
                self.schema.field(*column).data_type(),
                DataType::FixedSizeList(_, 2..)
            );
            is_vector
                && (0..parquet.num_columns())
                    .filter(|leaf| parquet.get_column_root_idx(*leaf) == *column)
                    .all(|leaf| {
                        let of = |group: &usize| reader.metadata().row_group(*group);
                        // A vector has a value for each of its numbers, and NULL one that says so.
                        groups
                            .iter()
                            .all(|group| of(group).column(leaf).num_values() == of(group).num_rows())
                    })
        };
        let read: Vec<usize> = columns
            .iter()
            .copied()
            .filter(|column| !is_null(column))
            .collect();
        let selection = RowSelection::from_consecutive_ranges(ranges.into_iter(), before);
        let mask = ProjectionMask::roots(parquet, read.iter().copied());
        let reader = reader
            .with_projection(mask)
            .with_row_groups(groups)
            .with_row_selection(selection)
            .with_batch_size(rows.len().max(1))
            .build()
            .map_err(|error| self.unreadable(file, &error))?;
        reader
            .map(|batch| {
                let batch = batch.map_err(|error| self.unreadable(file, &error))?;
                self.widened(&self.typed(&batch, &read)?, &read, columns)
            })
            .collect()
    }

    /// A batch of the columns at `columns`, of which those that are not among `read` are NULL.
    fn widened(&self, batch: &RecordBatch, read: &[usize], columns: &[usize]) -> Result<RecordBatch> {
        if read.len() == columns.len() {
            return Ok(batch.clone());
        }
        let mut there = batch.columns().iter();
        let arrays = columns.iter().filter_map(|column| {
            if read.contains(column) {
                there.next().cloned()
            } else {
                Some(nulls(self.schema.field(*column).data_type(), batch.num_rows()))
            }
        });
        let arrays = arrays.collect();
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let schema = Arc::new(self.schema.project(columns)?);
        Ok(RecordBatch::try_new_with_options(schema, arrays, &options)?)
    }

    /// A reader of the columns at `columns`.
    fn open(&self, file: &StoredFile, columns: &[usize]) -> Result<ParquetRecordBatchReaderBuilder<File>> {
        let unreadable = |error: &dyn fmt::Display| self.unreadable(file, error);
        self.compare(file.number..file.number + 1, || false)?;
        let opened = File::open(self.stored.path(file.number)).map_err(|error| unreadable(&error))?;
        let metadata = match file.metadata.get() {
            Some(metadata) => metadata.clone(),
            None => {
                let metadata = ArrowReaderMetadata::load(&opened, ArrowReaderOptions::new())
                    .map_err(|error| unreadable(&error))?;
                file.metadata.get_or_init(|| metadata).clone()
            }
        };
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(opened, metadata);
        let mask = ProjectionMask::roots(reader.parquet_schema(), columns.iter().copied());
        Ok(reader.with_projection(mask))
    }

    fn unreadable(&self, file: &StoredFile, error: &dyn fmt::Display) -> Error {
        let path = self.stored.path(file.number);
        Error::Unsupported(format!("cannot read `{}`: {error}", path.display()))
    }

    /// A batch of the columns at `columns` in that order, which may be another than that of the file.
    fn typed(&self, batch: &RecordBatch, columns: &[usize]) -> Result<RecordBatch> {
        let schema: Schema = self.schema.project(columns)?;
        let mut sorted = columns.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let arrays = columns
            .iter()
            .filter_map(|column| sorted.binary_search(column).ok())
            .map(|place| Arc::clone(batch.column(place)))
            .collect();
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(
            Arc::new(schema),
            arrays,
            &options,
        )?)
    }
}

/// The values of `rows`, which are in rising order, in a column that is kept.
fn gathered(column: &[ArrayRef], rows: &[usize]) -> Result<ArrayRef> {
    let mut places = Vec::with_capacity(rows.len());
    let mut batches = column.iter().enumerate();
    let (mut batch, mut first, mut end) = (0, 0, 0);
    for row in rows {
        while *row >= end {
            let Some((next, array)) = batches.next() else {
                return Err(Error::Unsupported(format!("internal: there is no row {row}")));
            };
            (batch, first, end) = (next, end, end + array.len());
        }
        places.push((batch, row - first));
    }
    let arrays: Vec<&dyn Array> = column.iter().map(AsRef::as_ref).collect();
    Ok(interleave(&arrays, &places)?)
}

/// So many NULLs. Those of vectors share zeros that nobody has written, and so take no memory until somebody does.
fn nulls(data_type: &DataType, rows: usize) -> ArrayRef {
    match data_type {
        DataType::FixedSizeList(item, length) if *item.data_type() == DataType::Float32 => {
            let numbers = Float32Array::from(vec![0.0; rows * *length as usize]);
            let none = Some(NullBuffer::new_null(rows));
            Arc::new(FixedSizeListArray::new(
                Arc::clone(item),
                *length,
                Arc::new(numbers),
                none,
            ))
        }
        other => new_null_array(other, rows),
    }
}
