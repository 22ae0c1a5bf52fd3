//! The table `sharps` of this engine: its grid, its encoder, and so its schema; and its key.

use arrow::{
    array::{AsArray, PrimitiveArray, RecordBatch},
    datatypes::{ArrowPrimitiveType, Int64Type, SchemaRef, TimestampMicrosecondType},
};
use helioql_catalog::schema::sharps_schema;

use crate::{DEFAULT_ENCODER, DEFAULT_GENERATOR, Error, Result, models::Handle, patch::Grid};

/// The table of SHARP records.
pub(crate) const SHARPS: &str = "sharps";

/// The grid of the patches: that of the shipped generator, so that both are measured at one scale.
pub(crate) fn grid(models: &Handle) -> Result<Grid> {
    models.grid(DEFAULT_GENERATOR)
}

/// The columns of `sharps` with the shipped encoder's embeddings.
pub(crate) fn schema(models: &Handle) -> Result<SchemaRef> {
    let (dim, identity) = models.embeddings(DEFAULT_ENCODER)?;
    Ok(sharps_schema(grid(models)?, dim, &identity))
}

/// The rows of a batch that is written: a row group of a table of patches.
pub(crate) const BATCH_ROWS: usize = 512;

/// HARPNUM, and the microseconds of `T_REC` in Unix time.
pub(crate) type Key = (i64, i64);

/// The keys of a batch's rows.
pub(crate) fn keys(batch: &RecordBatch) -> Result<Vec<Key>> {
    let harpnums = primitive::<Int64Type>(batch, "harpnum")?;
    let times = primitive::<TimestampMicrosecondType>(batch, "t_rec")?;
    Ok((0..batch.num_rows())
        .map(|row| (harpnums.value(row), times.value(row)))
        .collect())
}

fn primitive<'b, T: ArrowPrimitiveType>(batch: &'b RecordBatch, name: &str) -> Result<&'b PrimitiveArray<T>> {
    let column = batch.column_by_name(name);
    column
        .and_then(|column| column.as_primitive_opt::<T>())
        .ok_or_else(|| {
            Error::Unsupported(format!(
                "`sharps` needs a column `{name}` of type {}",
                T::DATA_TYPE
            ))
        })
}
