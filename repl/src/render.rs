//! Results as text: a [`Renderer`] for each form, one file each.
//!
//! A form is a type that is told the columns, then the rows as they come, then the end. None of them
//! holds more than a bounded number of rows. A new one is a file and its lines in [`Format`].

mod arrow;
mod csv;
mod html;
mod json;
mod latex;
mod markdown;
mod parquet;
mod plan;
mod table;
mod vertical;

pub(crate) mod magnetogram;
pub(crate) mod report;
pub(crate) mod types;
pub(crate) mod value;

use std::{fmt, io::Write, time::Instant};

use ::arrow::{array::RecordBatch, datatypes::Schema};
use clap::ValueEnum;

use self::{magnetogram::Colours, table::Frame};
use crate::{error::Result, images::Images};

/// The form of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns for a reader, units in the header; patches and vectors in short
    Table,
    /// The same in a frame
    Box,
    /// One column a line, for wide rows
    Vertical,
    /// A Markdown table
    Markdown,
    /// A LaTeX tabular
    Latex,
    /// An HTML table, patches as pictures
    Html,
    /// Comma-separated values with a header
    Csv,
    /// Tab-separated values with a header
    Tsv,
    /// One array of objects for each statement
    Json,
    /// One object a line
    Jsonl,
    /// An Arrow IPC (Feather) file with one result
    Arrow,
    /// A Parquet file with one result
    Parquet,
}

impl Format {
    /// Whether results are bytes for programs: one of them to a file, none to a terminal.
    pub(crate) fn is_binary(self) -> bool {
        matches!(self, Self::Arrow | Self::Parquet)
    }

    /// Whether results are laid out for a reader, and cut to the screen of one.
    pub(crate) fn is_for_readers(self) -> bool {
        matches!(self, Self::Table | Self::Box | Self::Vertical)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_possible_value()
            .map_or(Ok(()), |value| f.write_str(value.get_name()))
    }
}

/// Writes the result of one statement.
pub(crate) trait Renderer {
    /// Called once, before any row.
    fn begin(&mut self, schema: &Schema, out: &mut dyn Write) -> Result<()>;
    /// Called with the rows as they come.
    fn rows(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<()>;
    /// Called once, after the last row.
    fn end(&mut self, out: &mut dyn Write) -> Result<()>;
}

/// How results look.
#[derive(Debug, Clone)]
pub(crate) struct View {
    /// The form of results.
    pub(crate) format: Format,
    /// What fits the screen; nothing is cut where there is none.
    pub(crate) screen: Option<Screen>,
    /// Whether pictures may use colour.
    pub(crate) colour: bool,
    /// The colours of pictures.
    pub(crate) colours: Colours,
    /// How patches are drawn.
    pub(crate) images: Images,
    /// Whether a header has the types of its columns.
    pub(crate) types: bool,
}

/// What a person at the prompt sees at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    /// Cells of a line.
    pub(crate) width: usize,
    /// Lines.
    pub(crate) height: usize,
    /// Rows of a result that are shown; the others are counted.
    pub(crate) rows: usize,
    /// When the statement began, where its time is told.
    pub(crate) since: Option<Instant>,
}

impl Default for Screen {
    fn default() -> Self {
        Self {
            width: 80,
            height: 24,
            rows: 40,
            since: None,
        }
    }
}

impl View {
    /// A view of this format, cut to a screen or whole.
    pub(crate) fn new(format: Format, on_screen: bool, colour: bool) -> Self {
        Self {
            format,
            screen: on_screen.then(Screen::default),
            colour,
            colours: Colours::default(),
            images: Images::Auto,
            types: false,
        }
    }

    /// The renderer of one result, whose statement begins now.
    pub(crate) fn renderer(&self) -> Box<dyn Renderer> {
        let screen = self.screen.map(|screen| Screen {
            since: Some(Instant::now()),
            ..screen
        });
        let table = |frame| {
            let table = table::Table::new(screen, frame, self.types);
            Box::new(plan::PlanOr::new(table))
        };
        match self.format {
            Format::Table => table(Frame::Open),
            Format::Box => table(Frame::Closed),
            Format::Vertical => Box::new(plan::PlanOr::new(vertical::Vertical::new(screen))),
            Format::Markdown => Box::new(markdown::Markdown),
            Format::Latex => Box::new(latex::Latex),
            Format::Html => Box::new(html::Html::default()),
            Format::Csv => Box::new(csv::Separated::by(',')),
            Format::Tsv => Box::new(csv::Separated::by('\t')),
            Format::Json => Box::new(json::array()),
            Format::Jsonl => Box::new(json::lines()),
            Format::Arrow => Box::new(arrow::ArrowFile::default()),
            Format::Parquet => Box::new(parquet::ParquetFile::default()),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use ::arrow::{
        array::{ArrayRef, Float64Array, Int64Array, StringArray},
        datatypes::{DataType, Field},
    };

    use super::*;

    /// Two rows: a whole number, a flux that is missing once, a text that needs care.
    pub(crate) fn batch() -> RecordBatch {
        let unit = [("unit".to_owned(), "Mx".to_owned())].into();
        let schema = Schema::new(vec![
            Field::new("harpnum", DataType::Int64, false),
            Field::new("usflux", DataType::Float64, true).with_metadata(unit),
            Field::new("note", DataType::Utf8, true),
        ]);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(vec![377, 12673])),
            Arc::new(Float64Array::from(vec![Some(1.0003e22), None])),
            Arc::new(StringArray::from(vec!["a, \"b\"|c", "line 1\nline 2"])),
        ];
        RecordBatch::try_new(Arc::new(schema), columns).expect("three columns of two rows")
    }

    /// What a renderer writes for `batches` of one result, as text.
    pub(crate) fn written(renderer: impl Renderer, batches: &[RecordBatch]) -> String {
        String::from_utf8(bytes(renderer, batches)).expect("text")
    }

    /// What a renderer writes for `batches` of one result.
    pub(crate) fn bytes(mut renderer: impl Renderer, batches: &[RecordBatch]) -> Vec<u8> {
        let mut out = Vec::new();
        renderer
            .begin(&batches[0].schema(), &mut out)
            .expect("a vector takes all");
        for batch in batches {
            renderer.rows(batch, &mut out).expect("a vector takes all");
        }
        renderer.end(&mut out).expect("a vector takes all");
        out
    }

    #[test]
    fn only_the_prompt_is_cut() {
        assert!(View::new(Format::Table, false, false).screen.is_none());
        assert!(View::new(Format::Table, true, false).screen.is_some());
    }
}
