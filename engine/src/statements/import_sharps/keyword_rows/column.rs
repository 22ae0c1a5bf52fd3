//! A column of keywords: values by row, of which the last ones may be missing.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, Float64Array, Int64Array, StringArray},
    compute::{is_not_null, kernels::zip::zip},
    datatypes::{DataType, Field},
    error::ArrowError,
};

use super::super::cell::{Cell, integer, real, text};

/// A column of `sharps` that keywords fill.
pub(super) struct Column {
    pub(super) name: String,
    cells: Cells,
}

enum Cells {
    Real(Vec<Option<f64>>),
    Integer(Vec<Option<i64>>),
    Text(Vec<Option<Box<str>>>),
}

impl Column {
    /// A column without values; `None` for a field of a type that no keyword has.
    pub(super) fn of(field: &Field) -> Option<Self> {
        let cells = match field.data_type() {
            DataType::Float64 => Cells::Real(Vec::new()),
            DataType::Int64 => Cells::Integer(Vec::new()),
            DataType::Utf8 => Cells::Text(Vec::new()),
            _ => return None,
        };
        Some(Self {
            name: field.name().clone(),
            cells,
        })
    }

    /// Takes a value; whether it is one of the column's type.
    pub(super) fn set(&mut self, row: usize, cell: &Cell<'_>) -> bool {
        fn put<T>(cells: &mut Vec<Option<T>>, row: usize, value: Option<T>) -> bool {
            let Some(value) = value else { return false };
            if cells.len() <= row {
                cells.resize_with(row + 1, || None);
            }
            cells[row] = Some(value);
            true
        }
        match &mut self.cells {
            // Where no region matches, JSOC writes 0.
            Cells::Integer(_) if self.name == "noaa_ar" && integer(cell) == Some(0) => true,
            Cells::Real(cells) => put(cells, row, real(cell)),
            Cells::Integer(cells) => put(cells, row, integer(cell)),
            Cells::Text(cells) => put(cells, row, text(cell)),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        match &self.cells {
            Cells::Real(cells) => cells.is_empty(),
            Cells::Integer(cells) => cells.is_empty(),
            Cells::Text(cells) => cells.is_empty(),
        }
    }

    /// The values of some rows; NULL for `None`, and where a row has none.
    pub(super) fn values(&self, rows: &[Option<usize>]) -> ArrayRef {
        fn value<T>(cells: &[Option<T>], row: Option<usize>) -> Option<&T> {
            cells.get(row?)?.as_ref()
        }
        let rows = rows.iter().copied();
        match &self.cells {
            Cells::Real(cells) => Arc::new(
                rows.map(|row| value(cells, row))
                    .map(Option::<&f64>::copied)
                    .collect::<Float64Array>(),
            ),
            Cells::Integer(cells) => Arc::new(
                rows.map(|row| value(cells, row))
                    .map(Option::<&i64>::copied)
                    .collect::<Int64Array>(),
            ),
            Cells::Text(cells) => Arc::new(rows.map(|row| value(cells, row)).collect::<StringArray>()),
        }
    }
}

/// The values of `new`, and where it has none those of `old`.
pub(super) fn over(new: &ArrayRef, old: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    zip(&is_not_null(new)?, new, old)
}
