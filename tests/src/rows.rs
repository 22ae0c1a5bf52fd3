//! Results as text, one string a value, as sqllogictest compares them.

use arrow::{
    array::RecordBatch,
    datatypes::{DataType, Schema},
    error::ArrowError,
    util::display::{ArrayFormatter, FormatOptions},
};
use helioql_catalog::types::unit_of;

/// What stands for a missing value.
pub const NULL: &str = "NULL";
/// What stands for a text without letters, which could not be seen.
pub const EMPTY: &str = "(empty)";

/// Every row of the batches.
///
/// # Errors
/// When a type has no text.
pub fn texts(batches: &[RecordBatch]) -> Result<Vec<Vec<String>>, ArrowError> {
    let options = FormatOptions::new().with_null(NULL);
    let mut rows = Vec::new();
    for batch in batches {
        let columns = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
            .collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            rows.push(
                columns
                    .iter()
                    .map(|column| visible(column.value(row).to_string()))
                    .collect(),
            );
        }
    }
    Ok(rows)
}

/// The rows of an EXPLAIN: one line of the plan each, without its indentation and the checksums of models.
pub fn plan_lines(rows: &[Vec<String>]) -> Vec<Vec<String>> {
    let plans = rows.iter().filter_map(|row| row.last());
    plans
        .flat_map(|plan| plan.lines())
        .map(|line| vec![without_checksums(line.trim())])
        .collect()
}

/// `look#0123abcd` as `look#…`: a model trained anew is no other plan.
fn without_checksums(line: &str) -> String {
    const DIGITS: usize = 8;
    let mut parts = line.split('#');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.chars().take_while(char::is_ascii_hexdigit).count();
        text.push('#');
        text.push_str(if digits == DIGITS { "…" } else { &part[..digits] });
        text.push_str(&part[digits..]);
    }
    text
}

/// The letter by which sqllogictest knows a type: integer, real or text.
pub fn type_letter(data_type: &DataType) -> char {
    match data_type {
        integer if integer.is_integer() => 'I',
        DataType::Float16 | DataType::Float32 | DataType::Float64 => 'R',
        _ => 'T',
    }
}

fn visible(text: String) -> String {
    if text.is_empty() { EMPTY.to_owned() } else { text }
}

/// A result as a reader wants it: names, units, rows, and numbers to six digits.
///
/// # Errors
/// When a type has no text.
pub fn table(schema: &Schema, batches: &[RecordBatch]) -> Result<String, ArrowError> {
    let fields = schema.fields();
    let names = fields.iter().map(|field| field.name().clone()).collect();
    let units: Vec<String> = fields
        .iter()
        .map(|field| unit_of(field).unwrap_or_default().to_owned())
        .collect();
    let mut lines: Vec<Vec<String>> = vec![names];
    if units.iter().any(|unit| !unit.is_empty()) {
        lines.push(units);
    }
    let header = lines.len();
    for row in texts(batches)? {
        let cells = row.into_iter().zip(fields);
        lines.push(
            cells
                .map(|(cell, field)| match type_letter(field.data_type()) {
                    'R' => six_digits(&cell),
                    _ if cell == EMPTY => String::new(),
                    _ => cell,
                })
                .collect(),
        );
    }
    let widths: Vec<usize> = (0..fields.len())
        .map(|column| {
            lines
                .iter()
                .map(|line| line[column].chars().count())
                .max()
                .unwrap_or_default()
        })
        .collect();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        if number == header {
            let rules: Vec<String> = widths.iter().map(|width| "─".repeat(width + 2)).collect();
            text.extend([rules.join("┼").as_str(), "\n"]);
        }
        let cells = line.iter().zip(&widths).zip(fields);
        let cells: Vec<String> = cells
            .map(|((cell, &width), field)| match type_letter(field.data_type()) {
                'T' => format!(" {cell:<width$} "),
                _ => format!(" {cell:>width$} "),
            })
            .collect();
        text.extend([cells.join("│").trim_end(), "\n"]);
    }
    if lines.len() == header {
        text.push_str("(no rows)\n");
    }
    Ok(text)
}

/// A number as the shell shows it; what is none stays as it is.
fn six_digits(cell: &str) -> String {
    let Ok(number) = cell.parse::<f64>() else {
        return cell.to_owned();
    };
    let rounded: f64 = format!("{number:.5e}").parse().unwrap_or(number);
    if rounded == 0.0 || (1e-4..1e6).contains(&rounded.abs()) || !rounded.is_finite() {
        rounded.to_string()
    } else {
        format!("{rounded:e}")
    }
}
