//! A Parquet file with Arrow's schema in it, so that patches are read as tensors and units stay with their
//! columns. A row group ends when its rows are large, not when they are many: a patch is 64 kB.

use std::{io::Write, sync::Arc};

use ::parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    errors::ParquetError,
    file::properties::WriterProperties,
};
use arrow::{
    array::RecordBatch,
    datatypes::{DataType, Schema, SchemaRef},
};
use helioql_grammar::Diagnostic;

use super::Renderer;
use crate::error::{Error, Result};

/// Bytes of a row group that wait in memory.
const ROW_GROUP_BYTES: usize = 64 << 20;

/// Parquet's writer over a buffer that is emptied row group by row group.
#[derive(Default)]
pub(crate) struct ParquetFile {
    writer: Option<(SchemaRef, ArrowWriter<Vec<u8>>)>,
}

impl ParquetFile {
    fn flush(&mut self, out: &mut dyn Write) -> Result<()> {
        if let Some((_, writer)) = &mut self.writer {
            let buffer = writer.inner_mut();
            out.write_all(buffer)?;
            buffer.clear();
        }
        Ok(())
    }
}

impl Renderer for ParquetFile {
    fn begin(&mut self, schema: &Schema, _: &mut dyn Write) -> Result<()> {
        if let Some(column) = schema
            .fields()
            .iter()
            .find(|column| has_interval(column.data_type()))
        {
            let name = column.name();
            let mistake = format!("a Parquet file holds no INTERVAL, column `{name}` is one");
            let hint = format!("CAST({name} AS VARCHAR) makes a text of it");
            return Err(Diagnostic::error(mistake).with_hint(hint).into());
        }
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .build();
        let schema = Arc::new(schema.clone());
        let writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&schema), Some(properties))?;
        self.writer = Some((schema, writer));
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<()> {
        if let Some((schema, writer)) = &mut self.writer {
            writer.write(&batch.clone().with_schema(Arc::clone(schema))?)?;
            if writer.in_progress_size() > ROW_GROUP_BYTES {
                writer.flush()?;
            }
        }
        self.flush(out)
    }

    fn end(&mut self, out: &mut dyn Write) -> Result<()> {
        if let Some((_, writer)) = &mut self.writer {
            writer.finish()?;
        }
        self.flush(out)
    }
}

/// Whether a value has months, days and nanoseconds somewhere in it, for which the writer has no form.
fn has_interval(data_type: &DataType) -> bool {
    match data_type {
        DataType::Interval(_) => true,
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            has_interval(item.data_type())
        }
        DataType::Struct(fields) => fields.iter().any(|field| has_interval(field.data_type())),
        _ => false,
    }
}

impl From<ParquetError> for Error {
    fn from(error: ParquetError) -> Self {
        ::arrow::error::ArrowError::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::tests::{batch, bytes};

    #[test]
    fn a_file_is_whole() {
        let file = bytes(ParquetFile::default(), &[batch(), batch()]);
        assert!(file.starts_with(b"PAR1") && file.ends_with(b"PAR1"));
        let length = u32::from_le_bytes(file[file.len() - 8..][..4].try_into().expect("four bytes"));
        assert!((length as usize) < file.len());
    }
}
