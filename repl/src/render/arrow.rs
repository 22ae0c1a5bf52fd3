//! An Arrow IPC file (Feather 2): every column with its type and metadata, so that a patch arrives as a
//! tensor, a unit as its field's metadata. The first of the binary forms, which hold one result each.

use std::{io::Write, sync::Arc};

use ::arrow::{
    array::RecordBatch,
    datatypes::{Schema, SchemaRef},
};
use arrow_ipc::writer::FileWriter;

use super::Renderer;
use crate::error::Result;

/// Arrow's writer over a buffer that is emptied batch by batch.
#[derive(Default)]
pub(crate) struct ArrowFile {
    writer: Option<(SchemaRef, FileWriter<Vec<u8>>)>,
}

impl ArrowFile {
    fn flush(&mut self, out: &mut dyn Write) -> Result<()> {
        if let Some((_, writer)) = &mut self.writer {
            let buffer = writer.get_mut();
            out.write_all(buffer)?;
            buffer.clear();
        }
        Ok(())
    }
}

impl Renderer for ArrowFile {
    fn begin(&mut self, schema: &Schema, out: &mut dyn Write) -> Result<()> {
        self.writer = Some((Arc::new(schema.clone()), FileWriter::try_new(Vec::new(), schema)?));
        self.flush(out)
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<()> {
        if let Some((schema, writer)) = &mut self.writer {
            writer.write(&batch.clone().with_schema(Arc::clone(schema))?)?;
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

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use arrow_ipc::reader::FileReader;

    use super::*;
    use crate::render::tests::{batch, bytes};

    #[test]
    fn what_is_written_is_read_again() {
        let file = bytes(ArrowFile::default(), &[batch(), batch()]);
        let reader = FileReader::try_new(Cursor::new(file), None).expect("an Arrow file");
        let read: Vec<RecordBatch> = reader.collect::<Result<_, _>>().expect("two batches");
        assert_eq!(read, [batch(), batch()]);
    }
}
