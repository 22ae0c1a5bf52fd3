//! Separated values (RFC 4180, `\n` line ends): all digits, times as ISO 8601, NULL as nothing, lists and
//! structs as JSON. An empty text is `""`, so that it is not taken for NULL.

use std::io::Write;

use arrow::{
    array::{Array, RecordBatch},
    datatypes::{DataType, Schema},
    error::ArrowError,
    json::writer::{EncoderOptions, NullableEncoder, make_encoder},
    util::display::{ArrayFormatter, FormatOptions},
};

use super::Renderer;
use crate::error::Result;

/// Values with a separator between them.
#[derive(Debug)]
pub(crate) struct Separated {
    separator: char,
}

impl Separated {
    /// `,` or a tab.
    pub(crate) fn by(separator: char) -> Self {
        Self { separator }
    }

    /// Quotes what could be taken for more than one value, or for none.
    fn quoted(&self, text: &str) -> String {
        let special = |letter: char| letter == self.separator || matches!(letter, '"' | '\n' | '\r');
        if text.is_empty() || text.contains(special) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.to_owned()
        }
    }

    fn line(&self, values: impl Iterator<Item = String>, out: &mut dyn Write) -> Result<()> {
        let values: Vec<String> = values.collect();
        writeln!(out, "{}", values.join(&self.separator.to_string()))?;
        Ok(())
    }
}

impl Renderer for Separated {
    fn begin(&mut self, schema: &Schema, out: &mut dyn Write) -> Result<()> {
        self.line(schema.fields().iter().map(|field| self.quoted(field.name())), out)
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<()> {
        let schema = batch.schema();
        let (plain, nested) = (
            FormatOptions::new(),
            EncoderOptions::default().with_explicit_nulls(true),
        );
        let columns = schema.fields().iter().zip(batch.columns());
        let mut columns = columns
            .map(|(field, array)| {
                Ok(match array.data_type() {
                    DataType::List(_)
                    | DataType::LargeList(_)
                    | DataType::FixedSizeList(..)
                    | DataType::Struct(_)
                    | DataType::Map(..) => Column::Nested(make_encoder(field, array, &nested)?),
                    _ => Column::Plain(array.as_ref(), ArrayFormatter::try_new(array, &plain)?),
                })
            })
            .collect::<Result<Vec<_>, ArrowError>>()?;
        for row in 0..batch.num_rows() {
            let texts = columns
                .iter_mut()
                .map(|column| column.text(row))
                .collect::<Result<Vec<_>, _>>()?;
            self.line(
                texts
                    .into_iter()
                    .map(|text| text.map_or_else(String::new, |text| self.quoted(&text))),
                out,
            )?;
        }
        Ok(())
    }

    fn end(&mut self, _: &mut dyn Write) -> Result<()> {
        Ok(())
    }
}

/// A column and the way its values become text.
enum Column<'a> {
    Plain(&'a dyn Array, ArrayFormatter<'a>),
    Nested(NullableEncoder<'a>),
}

impl Column<'_> {
    /// The text of a row; `None` for NULL.
    fn text(&mut self, row: usize) -> Result<Option<String>, ArrowError> {
        match self {
            // A column of nothing but NULL has no bits to say so.
            Self::Plain(array, _) if array.is_null(row) || *array.data_type() == DataType::Null => Ok(None),
            Self::Plain(_, formatter) => formatter.value(row).try_to_string().map(Some),
            Self::Nested(encoder) if encoder.is_null(row) => Ok(None),
            Self::Nested(encoder) => {
                let mut json = Vec::new();
                encoder.encode(row, &mut json);
                Ok(Some(String::from_utf8_lossy(&json).into_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::{
        array::{ArrayRef, Float32Array, ListArray, StringArray},
        datatypes::Float32Type,
    };

    use super::*;
    use crate::render::tests::{batch, written};

    #[test]
    fn values_are_whole_and_quoted_where_needed() {
        let expected = "harpnum,usflux,note\n377,1.0003e22,\"a, \"\"b\"\"|c\"\n12673,,\"line 1\nline 2\"\n";
        assert_eq!(written(Separated::by(','), &[batch()]), expected);
        let expected =
            "harpnum\tusflux\tnote\n377\t1.0003e22\t\"a, \"\"b\"\"|c\"\n12673\t\t\"line 1\nline 2\"\n";
        assert_eq!(written(Separated::by('\t'), &[batch()]), expected);
    }

    #[test]
    fn vectors_are_number_lists() {
        let pixels = [Some([1.5_f32, f32::NAN].map(Some)), None];
        let columns: [(&str, ArrayRef); 3] = [
            (
                "patch",
                Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(pixels)),
            ),
            ("x", Arc::new(Float32Array::from(vec![f32::NAN, 0.1]))),
            ("t", Arc::new(StringArray::from(vec!["", "a"]))),
        ];
        let batch = RecordBatch::try_from_iter(columns).expect("three columns of two rows");
        assert_eq!(
            written(Separated::by(','), &[batch]),
            "patch,x,t\n\"[1.5,null]\",NaN,\"\"\n,0.1,a\n"
        );
    }
}
