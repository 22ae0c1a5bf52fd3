//! What IMPORT SHARPS answers: one row for every record, and for every file that could not be used.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray},
    datatypes::{DataType, Field, Schema},
};
use helioql_grammar::Diagnostic;

use crate::{Error, Result, tables::sharps::Key};

/// One line of the answer.
pub(super) struct Line {
    pub(super) key: Option<Key>,
    pub(super) record: String,
    pub(super) outcome: &'static str,
    pub(super) detail: String,
    pub(super) header_difference: Option<f64>,
}

impl Line {
    /// A line on something that is no single record.
    pub(super) fn about(record: &str, outcome: &'static str, detail: String) -> Self {
        Self {
            key: None,
            record: record.to_owned(),
            outcome,
            detail,
            header_difference: None,
        }
    }
}

/// A script must not go on as if it had records.
pub(super) fn nothing_imported(report: &[Line]) -> Error {
    const SHOWN: usize = 10;
    let mut diagnostic = Diagnostic::error(format!("no record was imported, {} skipped", report.len()));
    for line in report.iter().take(SHOWN) {
        diagnostic = diagnostic.with_note(format!("{}: {}", line.record, line.detail));
    }
    if report.len() > SHOWN {
        diagnostic = diagnostic.with_note(format!("and {} more", report.len() - SHOWN));
    }
    diagnostic.into()
}

pub(super) fn report_batch(report: &[Line]) -> Result<RecordBatch> {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let schema = Schema::new(vec![
        text("record"),
        text("outcome"),
        Field::new("harpnum", DataType::Int64, true),
        Field::new("header_difference", DataType::Float64, true),
        text("detail"),
    ]);
    let texts = |text: fn(&Line) -> &str| -> ArrayRef {
        Arc::new(
            report
                .iter()
                .map(|line| Some(text(line)))
                .collect::<StringArray>(),
        )
    };
    let harpnums: Int64Array = report
        .iter()
        .map(|line| line.key.map(|(harpnum, _)| harpnum))
        .collect();
    let differences: Float64Array = report.iter().map(|line| line.header_difference).collect();
    let columns: Vec<ArrayRef> = vec![
        texts(|line| &line.record),
        texts(|line| line.outcome),
        Arc::new(harpnums),
        Arc::new(differences),
        texts(|line| &line.detail),
    ];
    Ok(RecordBatch::try_new(Arc::new(schema), columns)?)
}
