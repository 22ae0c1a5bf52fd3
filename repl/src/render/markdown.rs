//! A Markdown table: values as in the table for readers, units behind the names.

use std::io::Write;

use arrow::{array::RecordBatch, datatypes::Schema};
use helioql_catalog::types::unit_of;

use super::{
    Renderer,
    value::{cell, is_number},
};
use crate::error::Result;

/// Rows between pipes.
#[derive(Debug)]
pub(crate) struct Markdown;

impl Renderer for Markdown {
    fn begin(&mut self, schema: &Schema, out: &mut dyn Write) -> Result<()> {
        let names = schema.fields().iter().map(|field| match unit_of(field) {
            Some(unit) => escaped(&format!("{} [{unit}]", field.name())),
            None => escaped(field.name()),
        });
        line(names, out)?;
        let rules = schema.fields().iter().map(|field| {
            if is_number(field.data_type()) {
                "---:"
            } else {
                "---"
            }
        });
        line(rules.map(str::to_owned), out)
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<()> {
        let schema = batch.schema();
        for row in 0..batch.num_rows() {
            let columns = schema.fields().iter().zip(batch.columns());
            let cells = columns
                .map(|(field, array)| cell(field, array, row))
                .collect::<Result<Vec<_>, _>>()?;
            line(cells.iter().map(|text| escaped(text)), out)?;
        }
        Ok(())
    }

    fn end(&mut self, _: &mut dyn Write) -> Result<()> {
        Ok(())
    }
}

fn line(cells: impl Iterator<Item = String>, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "| {} |", cells.collect::<Vec<_>>().join(" | "))?;
    Ok(())
}

/// A cell is one line, and a pipe in it is no border.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', "<br>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::tests::{batch, written};

    #[test]
    fn a_table_has_units_and_escapes() {
        let expected = "\
| harpnum | usflux [Mx] | note |
| ---: | ---: | --- |
| 377 | 1.0003e22 | a, \"b\"\\|c |
| 12673 | NULL | line 1<br>line 2 |
";
        assert_eq!(written(Markdown, &[batch()]), expected);
    }
}
