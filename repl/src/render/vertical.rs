//! One column a line: the form for rows that are wider than the screen, such as `SELECT * FROM sharps`.

use std::io::Write;

use arrow::{array::RecordBatch, datatypes::Schema};
use helioql_catalog::types::unit_of;

use super::{
    Renderer, Screen,
    table::{footer, lines},
    value::cell,
};
use crate::error::Result;

/// Rows one below the other, each with its number.
#[derive(Debug)]
pub(crate) struct Vertical {
    screen: Option<Screen>,
    width: usize,
    rows: usize,
}

impl Vertical {
    /// Of a result, the rows that `screen` shows.
    pub(crate) fn new(screen: Option<Screen>) -> Self {
        Self {
            screen,
            width: 0,
            rows: 0,
        }
    }
}

impl Renderer for Vertical {
    fn begin(&mut self, schema: &Schema, _: &mut dyn Write) -> Result<()> {
        self.width = schema
            .fields()
            .iter()
            .map(|field| field.name().chars().count())
            .max()
            .unwrap_or_default();
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<()> {
        let schema = batch.schema();
        for row in 0..batch.num_rows() {
            self.rows += 1;
            if self.screen.is_some_and(|screen| self.rows > screen.rows) {
                continue;
            }
            writeln!(out, "── row {} ──", self.rows)?;
            for (field, array) in schema.fields().iter().zip(batch.columns()) {
                let unit = unit_of(field).filter(|_| array.is_valid(row) && array.data_type().is_numeric());
                let text =
                    lines(&cell(field, array, row)?).join(&format!("\n{}", " ".repeat(self.width + 2)));
                let unit = unit.map(|unit| format!(" {unit}")).unwrap_or_default();
                writeln!(out, "{:>width$}  {text}{unit}", field.name(), width = self.width)?;
            }
        }
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write) -> Result<()> {
        if let Some(screen) = self.screen {
            writeln!(out, "{}", footer(self.rows, screen))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::tests::{batch, written};

    #[test]
    fn each_value_has_its_line_and_unit() {
        let expected = "\
── row 1 ──
harpnum  377
 usflux  1.0003e22 Mx
   note  a, \"b\"|c
── row 2 ──
harpnum  12673
 usflux  NULL
   note  line 1
         line 2
";
        assert_eq!(written(Vertical::new(None), &[batch()]), expected);
        let screen = Screen {
            rows: 1,
            ..Screen::default()
        };
        assert!(
            written(Vertical::new(Some(screen)), &[batch()])
                .ends_with("(2 rows, the first 1 shown, `.last` shows all)\n")
        );
    }
}
