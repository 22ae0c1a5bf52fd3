//! JSON: one array of row objects for each statement, or one object a line. NaN and infinities are null,
//! because JSON has no other word for them; times are ISO 8601, binary is hexadecimal.

use std::{collections::BTreeSet, io::Write, sync::Arc};

use arrow::{
    array::RecordBatch,
    datatypes::{Field, Schema, SchemaRef},
    error::ArrowError,
    json::{
        Writer, WriterBuilder,
        writer::{JsonFormat, LineDelimited},
    },
};

use super::Renderer;
use crate::error::Result;

/// One array.
pub(crate) fn array() -> impl Renderer {
    Json::<Rows>::new()
}

/// One object a line.
pub(crate) fn lines() -> impl Renderer {
    Json::<LineDelimited>::new()
}

/// An array with a row on each line.
#[derive(Debug, Default)]
struct Rows;

impl JsonFormat for Rows {
    fn start_stream<W: Write>(&self, out: &mut W) -> Result<(), ArrowError> {
        Ok(out.write_all(b"[")?)
    }

    fn start_row<W: Write>(&self, out: &mut W, is_first: bool) -> Result<(), ArrowError> {
        Ok(out.write_all(if is_first { b"\n" } else { b",\n" })?)
    }

    fn end_stream<W: Write>(&self, out: &mut W) -> Result<(), ArrowError> {
        Ok(out.write_all(b"\n]\n")?)
    }
}

/// Arrow's writer over a buffer that is emptied batch by batch.
struct Json<F: JsonFormat> {
    writer: Writer<Vec<u8>, F>,
    schema: SchemaRef,
}

impl<F: JsonFormat> Json<F> {
    fn new() -> Self {
        let writer = WriterBuilder::new().with_explicit_nulls(true).build(Vec::new());
        Self {
            writer,
            schema: Arc::new(Schema::empty()),
        }
    }

    fn flush(&mut self, out: &mut dyn Write) -> Result<()> {
        let buffer = self.writer.get_mut();
        out.write_all(buffer)?;
        buffer.clear();
        Ok(())
    }
}

impl<F: JsonFormat> Renderer for Json<F> {
    fn begin(&mut self, schema: &Schema, _: &mut dyn Write) -> Result<()> {
        self.schema = distinct(schema);
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<()> {
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), batch.columns().to_vec())?;
        self.writer.write(&batch)?;
        self.flush(out)
    }

    fn end(&mut self, out: &mut dyn Write) -> Result<()> {
        self.writer.finish()?;
        self.flush(out)
    }
}

/// Columns of one name, such as a join may return, become `name`, `name_1`, …: an object would keep only
/// one of them.
fn distinct(schema: &Schema) -> SchemaRef {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let fields = schema.fields().iter().map(|field| {
        let numbered = (1..).map(|number| format!("{}_{number}", field.name()));
        let mut names = std::iter::once(field.name().clone()).chain(numbered);
        let name = names
            .find(|name| !taken.contains(name))
            .expect("the numbers do not end");
        taken.insert(name.clone());
        Field::clone(field).with_name(name).with_nullable(true)
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use arrow::{
        array::{ArrayRef, Float64Array, TimestampMicrosecondArray},
        datatypes::DataType,
    };

    use super::*;
    use crate::render::tests::{batch, written};

    #[test]
    fn rows_are_objects_with_every_column() {
        let first = r#"{"harpnum":377,"usflux":1.0003e22,"note":"a, \"b\"|c"}"#;
        let second = r#"{"harpnum":12673,"usflux":null,"note":"line 1\nline 2"}"#;
        assert_eq!(
            written(array(), &[batch()]),
            format!("[\n{first},\n{second}\n]\n")
        );
        assert_eq!(written(lines(), &[batch()]), format!("{first}\n{second}\n"));
    }

    #[test]
    fn batches_and_their_absence_make_one_array() {
        for (batches, rows) in [(vec![batch(), batch()], 4), (vec![batch().slice(0, 0)], 0)] {
            let text = written(array(), &batches);
            let value: serde_json::Value = serde_json::from_str(&text).expect("valid JSON");
            assert_eq!(value.as_array().map(Vec::len), Some(rows), "{text}");
        }
    }

    #[test]
    fn what_json_cannot_say_is_null() {
        let columns: [(&str, ArrayRef); 2] = [
            ("x", Arc::new(Float64Array::from(vec![f64::NAN, f64::INFINITY]))),
            (
                "t",
                Arc::new(TimestampMicrosecondArray::from(vec![0, 1_297_735_166_000_000])),
            ),
        ];
        let batch = RecordBatch::try_from_iter(columns).expect("two columns of two rows");
        let expected =
            "{\"x\":null,\"t\":\"1970-01-01T00:00:00\"}\n{\"x\":null,\"t\":\"2011-02-15T01:59:26\"}\n";
        assert_eq!(written(lines(), &[batch]), expected);
    }

    #[test]
    fn columns_of_one_name_are_told_apart() {
        let field = |name: &str| Field::new(name, DataType::Int64, false);
        let schema = distinct(&Schema::new(vec![
            field("a"),
            field("a"),
            field("a_1"),
            field("a"),
        ]));
        let names: Vec<_> = schema
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect();
        assert_eq!(names, ["a", "a_1", "a_1_1", "a_2"]);
    }
}
