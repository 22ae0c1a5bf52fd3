//! Columns for a reader, with names and units above them:
//!
//! ```text
//!  harpnum │ t_rec               │    usflux
//!          │                     │        Mx
//! ─────────┼─────────────────────┼───────────
//!      377 │ 2011-02-15 01:58:12 │ 1.0003e22
//! ```
//!
//! On a screen a result is cut to what fits, and says so. Elsewhere it is whole, in bounded memory: the
//! first rows decide the widths, and a wider value that comes later only breaks its own line's alignment.

use std::io::Write;

use arrow::{array::RecordBatch, datatypes::Schema};
use helioql_catalog::types::unit_of;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{
    Renderer, Screen,
    types::type_name,
    value::{cell, is_number},
};
use crate::error::Result;

/// Rows that decide the widths of the columns.
const SAMPLED: usize = 1000;
/// The widest column on a screen where not all columns fit.
const WIDEST: usize = 48;
/// How narrow the wide columns may become so that all fit.
const NARROWEST: usize = 24;
/// Stands for the columns that do not fit.
const MORE: &str = "…";

/// What stands around a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frame {
    /// Nothing.
    Open,
    /// Lines on all sides.
    Closed,
}

/// Rows below a header.
#[derive(Debug)]
pub(crate) struct Table {
    screen: Option<Screen>,
    frame: Frame,
    /// Whether the header has types.
    types: bool,
    columns: Vec<Column>,
    /// Rows that wait for the widths.
    waiting: Vec<Row>,
    /// How many columns are shown, once that is decided.
    shown: Option<usize>,
    rows: usize,
}

#[derive(Debug)]
struct Column {
    name: String,
    unit: Option<String>,
    data_type: String,
    flush_right: bool,
    width: usize,
}

/// The lines of each cell of a row.
type Row = Vec<Vec<String>>;

impl Table {
    /// A table that is cut to a screen, or whole.
    pub(crate) fn new(screen: Option<Screen>, frame: Frame, types: bool) -> Self {
        Self {
            screen,
            frame,
            types,
            columns: Vec::new(),
            waiting: Vec::new(),
            shown: None,
            rows: 0,
        }
    }

    /// Decides the widths by the rows that wait, and writes the header and them.
    fn lay_out(&mut self, out: &mut dyn Write) -> Result<usize> {
        for (index, column) in self.columns.iter_mut().enumerate() {
            let cells = self
                .waiting
                .iter()
                .flat_map(|row| &row[index])
                .map(|line| width(line));
            let header = [
                width(&column.name),
                column.unit.as_deref().map_or(0, width),
                if self.types { width(&column.data_type) } else { 0 },
            ];
            column.width = cells.chain(header).max().unwrap_or_default();
        }
        if let Some(screen) = self.screen {
            let widest = self.widest(screen.width);
            for column in &mut self.columns {
                column.width = column.width.min(widest);
            }
        }
        let shown = self
            .screen
            .map_or(self.columns.len(), |screen| self.fitting(screen.width));
        self.shown = Some(shown);
        self.write_rule(shown, ["┌", "┬", "┐"], out)?;
        self.write_row(shown, &self.header(|column| column.name.clone()), out)?;
        if self.columns[..shown].iter().any(|column| column.unit.is_some()) {
            let units = self.header(|column| column.unit.clone().unwrap_or_default());
            self.write_row(shown, &units, out)?;
        }
        if self.types {
            self.write_row(shown, &self.header(|column| column.data_type.clone()), out)?;
        }
        self.write_rule(shown, ["├", "┼", "┤"], out)?;
        for row in std::mem::take(&mut self.waiting) {
            self.write_row(shown, &row, out)?;
        }
        Ok(shown)
    }

    /// A line between rows, or around them, which a table without a frame does not have.
    fn write_rule(&self, shown: usize, [left, cross, right]: [&str; 3], out: &mut dyn Write) -> Result<()> {
        let rules = self.columns[..shown]
            .iter()
            .map(|column| "─".repeat(column.width + 2));
        let more = (shown < self.columns.len()).then(|| "───".to_owned());
        let rule = rules.chain(more).collect::<Vec<_>>().join(cross);
        match self.frame {
            Frame::Closed => writeln!(out, "{left}{rule}{right}")?,
            Frame::Open if cross == "┼" => writeln!(out, "{rule}")?,
            Frame::Open => {}
        }
        Ok(())
    }

    /// How wide a column may be: as wide as lets all of them fit into a line of `width`, if that is not too narrow.
    fn widest(&self, width: usize) -> usize {
        let natural = self.columns.iter().map(|column| column.width).max();
        let all = |widest: &usize| self.total(self.columns.len(), *widest) <= width;
        let most = natural.unwrap_or_default().max(NARROWEST);
        // The first column and the sign for the others fit into any line.
        let more = self::width(MORE) + 3;
        let alone = width.saturating_sub(more + self.total(1, 0)).max(1);
        (NARROWEST..=most).rev().find(all).unwrap_or(WIDEST.min(alone))
    }

    /// How many columns fit into a line of `width`; one always does.
    fn fitting(&self, width: usize) -> usize {
        let all = self.columns.len();
        if self.total(all, usize::MAX) <= width {
            return all;
        }
        let more = self::width(MORE) + 3;
        let fits = |count: &usize| self.total(*count, usize::MAX) + more <= width;
        (1..all).rev().find(fits).unwrap_or(1)
    }

    /// The width of a line with so many columns, none of them wider than `widest`.
    fn total(&self, count: usize, widest: usize) -> usize {
        let cells = self.columns[..count]
            .iter()
            .map(|column| column.width.min(widest) + 3);
        let sides = if self.frame == Frame::Closed { 2 } else { 0 };
        (cells.sum::<usize>() + sides).saturating_sub(1)
    }

    fn header(&self, text: impl Fn(&Column) -> String) -> Row {
        self.columns.iter().map(|column| vec![text(column)]).collect()
    }

    fn write_row(&self, shown: usize, row: &Row, out: &mut dyn Write) -> Result<()> {
        let height = row[..shown].iter().map(Vec::len).max().unwrap_or_default();
        for line in 0..height {
            let mut cells: Vec<String> = self.columns[..shown]
                .iter()
                .zip(row)
                .map(|(column, cell)| self.cell(column, cell.get(line).map_or("", String::as_str)))
                .collect();
            if shown < self.columns.len() {
                cells.push(format!(" {MORE} "));
            }
            let cells = cells.join("│");
            match self.frame {
                Frame::Open => writeln!(out, "{}", cells.trim_end())?,
                Frame::Closed => writeln!(out, "│{cells}│")?,
            }
        }
        Ok(())
    }

    fn cell(&self, column: &Column, text: &str) -> String {
        let Column {
            width, flush_right, ..
        } = *column;
        let text = if self.screen.is_some() {
            clipped(text, width)
        } else {
            text.to_owned()
        };
        // A format's own padding counts characters, and not the cells that they take.
        let gap = " ".repeat(width.saturating_sub(self::width(&text)));
        if flush_right {
            format!(" {gap}{text} ")
        } else {
            format!(" {text}{gap} ")
        }
    }
}

impl Renderer for Table {
    fn begin(&mut self, schema: &Schema, _: &mut dyn Write) -> Result<()> {
        let column = |field: &arrow::datatypes::FieldRef| Column {
            name: lines(field.name()).join(" "),
            // A patch tells its unit in its cell.
            unit: unit_of(field)
                .filter(|_| is_number(field.data_type()))
                .map(str::to_owned),
            data_type: type_name(field),
            flush_right: is_number(field.data_type()),
            width: 0,
        };
        self.columns = schema.fields().iter().map(column).collect();
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<()> {
        let schema = batch.schema();
        let limit = self.screen.map_or(usize::MAX, |screen| screen.rows);
        for index in 0..batch.num_rows() {
            self.rows += 1;
            if self.rows > limit {
                continue;
            }
            let columns = schema.fields().iter().zip(batch.columns());
            let row = columns.map(|(field, array)| Ok(lines(&cell(field, array, index)?)));
            let row = row.collect::<Result<Row>>()?;
            match self.shown {
                Some(shown) => self.write_row(shown, &row, out)?,
                None => self.waiting.push(row),
            }
            if self.waiting.len() == SAMPLED {
                self.lay_out(out)?;
            }
        }
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write) -> Result<()> {
        let shown = match self.shown {
            Some(shown) => shown,
            None => self.lay_out(out)?,
        };
        self.write_rule(shown, ["└", "┴", "┘"], out)?;
        if let Some(screen) = self.screen {
            writeln!(out, "{}", footer(self.rows, screen))?;
            if shown < self.columns.len() {
                let all = self.columns.len();
                writeln!(
                    out,
                    "({shown} of {all} columns fit the screen; `.mode vertical` shows all)"
                )?;
            }
        }
        Ok(())
    }
}

/// `(3 rows, 0.012 s)`, or `(2000 rows, the first 40 shown, 0.012 s)`.
pub(super) fn footer(rows: usize, screen: Screen) -> String {
    let mut parts = vec![match rows {
        1 => "1 row".to_owned(),
        _ => format!("{rows} rows"),
    }];
    if rows > screen.rows {
        parts.push(format!("the first {} shown, `.last` shows all", screen.rows));
    }
    if let Some(since) = screen.since {
        parts.push(format!("{:.3} s", since.elapsed().as_secs_f64()));
    }
    format!("({})", parts.join(", "))
}

/// The lines of a text. A control character could move the cursor or change the terminal's colours, so it
/// is replaced.
pub(super) fn lines(text: &str) -> Vec<String> {
    let visible = |letter: char| if letter.is_control() { '\u{fffd}' } else { letter };
    text.replace('\t', "    ")
        .split('\n')
        .map(|line| line.chars().map(visible).collect())
        .collect()
}

/// Cells that a text takes on a screen.
fn width(text: &str) -> usize {
    text.width()
}

fn clipped(text: &str, limit: usize) -> String {
    if width(text) <= limit {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut taken = width(MORE);
    for letter in text.chars() {
        taken += letter.width().unwrap_or_default();
        if taken > limit {
            break;
        }
        kept.push(letter);
    }
    kept + MORE
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;
    use crate::render::tests::{batch, written};

    fn whole() -> Table {
        Table::new(None, Frame::Open, false)
    }

    fn on(screen: Screen) -> Table {
        Table::new(Some(screen), Frame::Open, false)
    }

    #[test]
    fn a_frame_and_types_stand_around_the_same_cells() {
        let expected = "
┌─────────┬───────────┬──────────┐
│ harpnum │    usflux │ note     │
│         │        Mx │          │
│  BIGINT │    DOUBLE │ TEXT     │
├─────────┼───────────┼──────────┤
│     377 │ 1.0003e22 │ a, \"b\"|c │
│   12673 │      NULL │ line 1   │
│         │           │ line 2   │
└─────────┴───────────┴──────────┘
";
        let table = Table::new(None, Frame::Closed, true);
        assert_eq!(format!("\n{}", written(table, &[batch()])), expected);
    }

    #[test]
    fn wide_letters_take_two_cells() {
        let texts = Arc::new(StringArray::from(vec!["太陽", "sun", "e\u{301}"])) as ArrayRef;
        let batch =
            RecordBatch::try_from_iter([("t", texts), ("n", Arc::new(Int64Array::from(vec![1, 2, 3])))])
                .expect("two columns");
        let expected = " t    │ n\n──────┼───\n 太陽 │ 1\n sun  │ 2\n e\u{301}    │ 3\n";
        assert_eq!(written(whole(), &[batch]), expected);
        assert_eq!(clipped("太陽黒点", 5), "太陽…");
    }

    #[test]
    fn columns_are_aligned_below_names_and_units() {
        let expected = "
 harpnum │    usflux │ note
         │        Mx │
─────────┼───────────┼──────────
     377 │ 1.0003e22 │ a, \"b\"|c
   12673 │      NULL │ line 1
         │           │ line 2
";
        assert_eq!(format!("\n{}", written(whole(), &[batch()])), expected);
    }

    #[test]
    fn a_narrow_screen_shows_what_fits_and_says_so() {
        let expected = "
 harpnum │ …
─────────┼───
     377 │ …
   12673 │ …
(2 rows)
(1 of 3 columns fit the screen; `.mode vertical` shows all)
";
        let screen = Screen {
            width: 20,
            ..Screen::default()
        };
        assert_eq!(format!("\n{}", written(on(screen), &[batch()])), expected);
    }

    #[test]
    fn a_screen_counts_what_it_does_not_show() {
        let numbers = |from: i64| {
            let column = Arc::new(Int64Array::from_iter_values(from..from + 3)) as ArrayRef;
            RecordBatch::try_from_iter([("n", column)]).expect("one column")
        };
        let screen = Screen {
            width: 20,
            rows: 4,
            ..Screen::default()
        };
        let text = written(on(screen), &[numbers(0), numbers(3)]);
        assert_eq!(
            text,
            " n\n───\n 0\n 1\n 2\n 3\n(6 rows, the first 4 shown, `.last` shows all)\n"
        );
    }

    #[test]
    fn long_texts_are_clipped_only_on_a_screen() {
        let text = "x".repeat(100);
        let column = Arc::new(StringArray::from(vec![text.as_str()])) as ArrayRef;
        let batch = RecordBatch::try_from_iter([("t", column)]).expect("one column");
        assert!(written(whole(), std::slice::from_ref(&batch)).contains(&text));
        let cut = written(on(Screen::default()), &[batch]);
        // A line of 80 has one space before the text and one behind it.
        assert!(cut.contains(&format!(" {}…\n", "x".repeat(77))), "{cut}");
    }

    #[test]
    fn wide_columns_make_room_for_the_others() {
        let text = "x".repeat(100);
        let columns = ["a", "b", "c"].map(|name| {
            let values = Arc::new(StringArray::from(vec![text.as_str()])) as ArrayRef;
            (name, values)
        });
        let lines = |columns_of_screen: usize| {
            let batch = RecordBatch::try_from_iter(columns.clone()).expect("three columns");
            let screen = Screen {
                width: columns_of_screen,
                ..Screen::default()
            };
            written(on(screen), &[batch])
                .lines()
                .map(width)
                .collect::<Vec<_>>()
        };
        let width_of_row = |width: usize| lines(width)[2];
        // All three as wide as fits, then as many of the usual width as fit. The space at the end of a line is cut.
        assert_eq!(width_of_row(100), 3 * (30 + 3) - 2);
        assert_eq!(width_of_row(80), 3 * (NARROWEST + 3) - 2);
        assert_eq!(width_of_row(79), WIDEST + 5);
        for narrow in [8, 20, 40] {
            assert!(
                lines(narrow)[..3].iter().all(|line| *line <= narrow),
                "{:?}",
                lines(narrow)
            );
        }
    }

    #[test]
    fn a_wide_value_after_the_sampled_rows_is_whole() {
        let values = (0..=SAMPLED).map(|row| if row == SAMPLED { "a longer text" } else { "a" });
        let column = Arc::new(StringArray::from_iter_values(values)) as ArrayRef;
        let batch = RecordBatch::try_from_iter([("t", column)]).expect("one column");
        let text = written(whole(), &[batch]);
        assert!(text.ends_with(" a\n a longer text\n"), "{text}");
        assert_eq!(text.lines().count(), SAMPLED + 3);
    }

    #[test]
    fn control_characters_cannot_reach_the_terminal() {
        assert_eq!(
            lines("a\x1b[31m\tb\r\n\x07c"),
            ["a\u{fffd}[31m    b\u{fffd}", "\u{fffd}c"]
        );
    }
}
