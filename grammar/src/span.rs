//! Places in a text: lines and columns, and how they map to bytes.
//!
//! `sqlparser` counts lines and columns from one, a column being one `char`, and only `\n` ending a
//! line. Everything here keeps to that, so that its spans and ours are the same thing.

pub use sqlparser::tokenizer::{Location, Span};

/// Finds the bytes of a line, or of a span, in a source text.
///
/// # Examples
/// ```
/// use helioql_grammar::{LineIndex, Location, Span};
///
/// let lines = LineIndex::new("SELECT 'Φ',\n       usflux");
/// let span = Span::new(Location::new(2, 8), Location::new(2, 14));
/// assert_eq!(lines.slice(span), "usflux");
/// ```
#[derive(Debug, Clone)]
pub struct LineIndex<'s> {
    source: &'s str,
    lines: Vec<Line>,
}

/// Where a line starts and ends in bytes; on an ASCII line a column is a byte.
#[derive(Debug, Clone, Copy)]
struct Line {
    start: usize,
    end: usize,
    ascii: bool,
}

impl<'s> LineIndex<'s> {
    /// Reads `source` once.
    pub fn new(source: &'s str) -> Self {
        let mut start = 0;
        let lines = source
            .split('\n')
            .map(|text| {
                let line = Line {
                    start,
                    end: start + text.len(),
                    ascii: text.is_ascii(),
                };
                start = line.end + 1;
                line
            })
            .collect();
        Self { source, lines }
    }

    /// The text of a line counted from one, without its end; `None` past the last.
    pub fn line(&self, number: u64) -> Option<&'s str> {
        let line = self.lines.get(usize::try_from(number.checked_sub(1)?).ok()?)?;
        self.source
            .get(line.start..line.end)
            .map(|text| text.strip_suffix('\r').unwrap_or(text))
    }

    /// The byte at which a place lies; places outside the text are moved to its nearest end.
    pub fn offset(&self, place: Location) -> usize {
        let Some(number) = place.line.checked_sub(1) else {
            return 0;
        };
        let Some(line) = usize::try_from(number)
            .ok()
            .and_then(|number| self.lines.get(number))
        else {
            return self.source.len();
        };
        let column = usize::try_from(place.column.saturating_sub(1)).unwrap_or(usize::MAX);
        let text = &self.source[line.start..line.end];
        let within = if line.ascii {
            column.min(text.len())
        } else {
            text.char_indices().nth(column).map_or(text.len(), |(at, _)| at)
        };
        line.start + within
    }

    /// The text under a span; empty when the span is empty or upside down.
    pub fn slice(&self, span: Span) -> &'s str {
        self.source
            .get(self.offset(span.start)..self.offset(span.end))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_outside_the_text_move_to_its_ends() {
        let lines = LineIndex::new("ab\r\ncΦd");
        assert_eq!(lines.line(1), Some("ab"));
        assert_eq!(lines.line(3), None);
        assert_eq!(lines.line(0), None);
        assert_eq!(lines.offset(Location::empty()), 0);
        assert_eq!(lines.offset(Location::new(2, 3)), 7);
        assert_eq!(lines.offset(Location::new(2, 99)), 8);
        assert_eq!(lines.offset(Location::new(9, 1)), 8);
        assert_eq!(
            lines.slice(Span::new(Location::new(2, 3), Location::new(1, 1))),
            ""
        );
    }
}
