//! Results as text, one string a value, as sqllogictest compares them.

use arrow::{
    array::RecordBatch,
    datatypes::DataType,
    error::ArrowError,
    util::display::{ArrayFormatter, FormatOptions},
};

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
