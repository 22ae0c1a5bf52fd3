//! An HTML table, to be put into a page or opened as one: values as in the table for readers, units below the
//! names, and patches as pictures, all on the scale of the first as on a contact sheet.

use std::io::Write;

use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch},
    datatypes::{Field, Schema},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use helioql::picture;
use helioql_catalog::types::unit_of;

use super::{
    Renderer,
    magnetogram::range_gauss,
    value::{cell, is_number},
};
use crate::{error::Result, patches};

/// Rows of a table.
#[derive(Debug, Default)]
pub(crate) struct Html {
    /// The field at the ends of the grey scale, once a patch was seen.
    range_gauss: Option<f32>,
}

impl Renderer for Html {
    fn begin(&mut self, schema: &Schema, out: &mut dyn Write) -> Result<()> {
        writeln!(out, "<table>")?;
        write!(out, "<thead><tr>")?;
        for field in schema.fields() {
            write!(out, "<th>{}", escaped(field.name()))?;
            if let Some(unit) = unit_of(field) {
                write!(out, "<br><small>{}</small>", escaped(unit))?;
            }
            write!(out, "</th>")?;
        }
        writeln!(out, "</tr></thead>")?;
        writeln!(out, "<tbody>")?;
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<()> {
        let schema = batch.schema();
        for row in 0..batch.num_rows() {
            write!(out, "<tr>")?;
            for (field, array) in schema.fields().iter().zip(batch.columns()) {
                let align = if is_number(field.data_type()) {
                    " style=\"text-align:right\""
                } else {
                    ""
                };
                let text = escaped(&cell(field, array, row)?);
                match self.picture(field, array, row)? {
                    Some(data) => write!(
                        out,
                        "<td><img src=\"data:image/png;base64,{data}\" alt=\"{text}\" title=\"{text}\"></td>"
                    )?,
                    None => write!(out, "<td{align}>{text}</td>")?,
                }
            }
            writeln!(out, "</tr>")?;
        }
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write) -> Result<()> {
        writeln!(out, "</tbody>")?;
        writeln!(out, "</table>")?;
        Ok(())
    }
}

impl Html {
    /// The patch of a PATCH or a SAMPLE as a PNG in base64.
    fn picture(&mut self, field: &Field, array: &ArrayRef, row: usize) -> Result<Option<String>> {
        if array.is_null(row) {
            return Ok(None);
        }
        let patch = match patches::patch_child(field) {
            Some(child) => match array.as_struct().column_by_name(child.name()) {
                Some(inner) => patches::patch_at(child, inner, row)?,
                None => None,
            },
            None => patches::patch_at(field, array, row)?,
        };
        let Some(patch) = patch else {
            return Ok(None);
        };
        let range = *self.range_gauss.get_or_insert_with(|| range_gauss(&patch));
        let png = picture::png(&patch, range)
            .map_err(|error| crate::error::Error::command(format!("the picture cannot be made: {error}")))?;
        Ok(Some(STANDARD.encode(png)))
    }
}

/// Text in which nothing is a tag or ends an attribute.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' => safe.push_str("<br>"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::{
        array::{FixedSizeListArray, Float32Array},
        datatypes::DataType,
    };
    use helioql::patch::Grid;
    use helioql_catalog::types::patch_field;

    use super::*;
    use crate::render::tests::{batch, written};

    #[test]
    fn a_table_has_units_and_escapes() {
        let expected = "\
<table>
<thead><tr><th>harpnum</th><th>usflux<br><small>Mx</small></th><th>note</th></tr></thead>
<tbody>
<tr><td style=\"text-align:right\">377</td><td style=\"text-align:right\">1.0003e22</td><td>a, &quot;b&quot;|c</td></tr>
<tr><td style=\"text-align:right\">12673</td><td style=\"text-align:right\">NULL</td><td>line 1<br>line 2</td></tr>
</tbody>
</table>
";
        assert_eq!(written(Html::default(), &[batch()]), expected);
    }

    #[test]
    fn a_patch_is_a_picture() {
        let grid = Grid {
            height: 1,
            width: 2,
            cell_mm: 1.0,
        };
        let field = patch_field("patch", grid);
        let DataType::FixedSizeList(item, _) = field.data_type() else {
            unreachable!("a patch is a list")
        };
        let pixels = Float32Array::from(vec![-100.0, 100.0]);
        let list = FixedSizeListArray::new(Arc::clone(item), 2, Arc::new(pixels), None);
        let schema = Arc::new(Schema::new(vec![field]));
        let batch = RecordBatch::try_new(schema, vec![Arc::new(list)]).expect("one column");
        let page = written(Html::default(), &[batch]);
        let data = page
            .split_once("base64,")
            .and_then(|(_, rest)| rest.split_once('"'))
            .expect("a picture")
            .0;
        let bytes = STANDARD.decode(data).expect("base64");
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
            .read_info()
            .expect("a PNG");
        let mut pixels = vec![0; reader.output_buffer_size().expect("two pixels")];
        reader.next_frame(&mut pixels).expect("two pixels");
        // Both lie at the ends of the scale: black and white.
        assert_eq!((reader.info().width, reader.info().height), (2, 1));
        assert_eq!(pixels.first(), Some(&0));
        assert_eq!(pixels.last(), Some(&255));
        assert!(page.contains("alt=\"1×2 ±100 G\""), "{page}");
    }
}
