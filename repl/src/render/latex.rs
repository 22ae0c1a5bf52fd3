//! A LaTeX `tabular` for a paper: values as in the table for readers, powers of ten as they are set, units behind
//! the names. It needs no package.

use std::io::Write;

use arrow::{
    array::RecordBatch,
    datatypes::{DataType, Schema},
};
use helioql_catalog::types::unit_of;

use super::{
    Renderer,
    value::{cell, is_number},
};
use crate::error::Result;

/// Rows between ampersands.
#[derive(Debug)]
pub(crate) struct Latex;

impl Renderer for Latex {
    fn begin(&mut self, schema: &Schema, out: &mut dyn Write) -> Result<()> {
        let columns = schema
            .fields()
            .iter()
            .map(|field| if is_number(field.data_type()) { 'r' } else { 'l' });
        writeln!(out, "\\begin{{tabular}}{{{}}}", columns.collect::<String>())?;
        writeln!(out, "\\hline")?;
        let names = schema.fields().iter().map(|field| match unit_of(field) {
            Some(unit) => escaped(&format!("{} [{unit}]", field.name())),
            None => escaped(field.name()),
        });
        line(names, out)?;
        writeln!(out, "\\hline")?;
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<()> {
        let schema = batch.schema();
        for row in 0..batch.num_rows() {
            let columns = schema.fields().iter().zip(batch.columns());
            let cells = columns
                .map(|(field, array)| {
                    let text = cell(field, array, row)?;
                    Ok(if array.is_null(row) || *field.data_type() == DataType::Null {
                        "\\ldots".to_owned()
                    } else if is_number(field.data_type()) {
                        number(&text)
                    } else {
                        escaped(&text)
                    })
                })
                .collect::<Result<Vec<_>>>()?;
            line(cells.into_iter(), out)?;
        }
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write) -> Result<()> {
        writeln!(out, "\\hline")?;
        writeln!(out, "\\end{{tabular}}")?;
        Ok(())
    }
}

fn line(cells: impl Iterator<Item = String>, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "{} \\\\", cells.collect::<Vec<_>>().join(" & "))?;
    Ok(())
}

/// `-1.02e22` is $-1.02 \times 10^{22}$: a minus outside of mathematics would be a hyphen.
fn number(text: &str) -> String {
    match text.split_once('e') {
        Some((mantissa, exponent)) => format!("${mantissa} \\times 10^{{{exponent}}}$"),
        None if text.starts_with('-') => format!("${text}$"),
        None => text.to_owned(),
    }
}

/// A cell is one line, and none of its characters is a command.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => safe.extend(['\\', letter]),
            '\\' => safe.push_str("\\textbackslash{}"),
            '~' => safe.push_str("\\textasciitilde{}"),
            '^' => safe.push_str("\\textasciicircum{}"),
            '<' => safe.push_str("\\textless{}"),
            '>' => safe.push_str("\\textgreater{}"),
            '|' => safe.push_str("\\textbar{}"),
            '"' => safe.push_str("\\textquotedbl{}"),
            '\n' => safe.push(' '),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::tests::{batch, written};

    #[test]
    fn a_table_has_units_and_powers_of_ten() {
        let expected = "\
\\begin{tabular}{rrl}
\\hline
harpnum & usflux [Mx] & note \\\\
\\hline
377 & $1.0003 \\times 10^{22}$ & a, \\textquotedbl{}b\\textquotedbl{}\\textbar{}c \\\\
12673 & \\ldots & line 1 line 2 \\\\
\\hline
\\end{tabular}
";
        assert_eq!(written(Latex, &[batch()]), expected);
    }

    #[test]
    fn nothing_in_a_cell_is_a_command() {
        assert_eq!(
            escaped("50% of_{x} \\cmd ~^"),
            "50\\% of\\_\\{x\\} \\textbackslash{}cmd \\textasciitilde{}\\textasciicircum{}"
        );
        assert_eq!(number("-12.5"), "$-12.5$");
        assert_eq!(number("-1.5e-7"), "$-1.5 \\times 10^{-7}$");
        assert_eq!(number("NaN"), "NaN");
    }
}
