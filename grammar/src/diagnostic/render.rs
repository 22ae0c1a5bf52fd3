//! Draws a diagnostic over its source: plain text without colour, a caret under the place.
//!
//! ```text
//! error: GENERATE has no argument `usflx`
//!  --> line 1, column 17
//!   |
//! 1 | SELECT GENERATE(usflx => 1e22Mx)
//!   |                 ^^^^^ expected one of usflux, psep, …
//! hint: did you mean `usflux`?
//! ```
//!
//! Only the first line of a span is drawn, of a long line only the part around the caret, and of many diagnostics
//! only the first, each a paragraph of its own.

use crate::{
    diagnostic::Diagnostic,
    span::{LineIndex, Span},
};

/// How many of the diagnostics of one text are drawn: more would push the first off the screen.
const MOST: usize = 8;
/// Cells a tab is drawn as: the caret must not depend on where the terminal has its tab stops.
const TAB: usize = 4;
/// A line wider than this is cut, so that the caret stays beside its text on any terminal.
const WIDEST_LINE: usize = 200;
/// Cells kept on the left and on the right of the caret in a line that is cut.
const MARGIN: usize = 60;

impl Diagnostic {
    /// The diagnostic and those beside it as text, without colour and without a final newline.
    ///
    /// `source` is the text that the span counts in; `file` is its name, if it has one.
    pub fn render(&self, source: &str, file: Option<&str>) -> String {
        let drawn = self.all().take(MOST).map(|one| one.render_alone(source, file));
        let more = self.all().count().saturating_sub(MOST);
        let more = (more > 0).then(|| format!("and {more} more"));
        drawn.chain(more).collect::<Vec<_>>().join("\n\n")
    }

    fn render_alone(&self, source: &str, file: Option<&str>) -> String {
        let mut lines = vec![format!("{}: {}", self.severity, self.message)];
        match self.span {
            Some(span) => lines.extend(excerpt(source, file, span, self.label.as_deref())),
            None => lines.extend(self.label.iter().map(|label| format!("note: {label}"))),
        }
        lines.extend(self.notes.iter().map(|note| format!("note: {note}")));
        lines.extend(self.hints.iter().map(|hint| format!("hint: {hint}")));
        lines.join("\n")
    }
}

fn excerpt(source: &str, file: Option<&str>, span: Span, label: Option<&str>) -> Vec<String> {
    let (line, column) = (span.start.line, span.start.column.max(1));
    let number = line.to_string();
    let gutter = " ".repeat(number.len());
    let place = match file {
        Some(file) => format!("{file}:{line}:{column}"),
        None => format!("line {line}, column {column}"),
    };
    let mut lines = vec![format!("{gutter}--> {place}")];
    if let Some(text) = LineIndex::new(source).line(line) {
        let Drawn { text, indent, width } = draw(text, column, span);
        let label = label.map(|label| format!(" {label}")).unwrap_or_default();
        lines.push(format!("{gutter} |"));
        lines.push(format!("{number} | {text}"));
        lines.push(format!(
            "{gutter} | {}{}{label}",
            " ".repeat(indent),
            "^".repeat(width)
        ));
    }
    lines
}

/// A source line as it is shown, and the cells that the caret stands under.
struct Drawn {
    text: String,
    indent: usize,
    width: usize,
}

fn draw(line: &str, column: u64, span: Span) -> Drawn {
    let length = line.chars().count();
    let first = usize::try_from(column - 1).unwrap_or(usize::MAX).min(length);
    let last = if span.end.line == span.start.line {
        usize::try_from(span.end.column.saturating_sub(1))
            .unwrap_or(usize::MAX)
            .clamp(first, length)
    } else {
        length
    };
    let (from, to) = if length > WIDEST_LINE {
        (
            first.saturating_sub(MARGIN),
            last.min(first + MARGIN).saturating_add(MARGIN).min(length),
        )
    } else {
        (0, length)
    };

    let mut drawn = Drawn {
        text: String::new(),
        indent: 0,
        width: 0,
    };
    if from > 0 {
        drawn.text.push('…');
        drawn.indent += 1;
    }
    for (at, char) in line.chars().enumerate().take(to).skip(from) {
        let cells = push_visible(&mut drawn.text, char);
        if at < first {
            drawn.indent += cells;
        } else if at < last {
            drawn.width += cells;
        }
    }
    if to < length {
        drawn.text.push('…');
    }
    // Past the end of the line, or under a character without width, one caret still shows the place.
    drawn.width = drawn.width.max(1);
    drawn
}

/// Appends a character and returns the cells it takes. A control character could move the cursor
/// or change the terminal's colours, so it is replaced.
fn push_visible(out: &mut String, char: char) -> usize {
    match char {
        '\t' => {
            out.push_str(&" ".repeat(TAB));
            TAB
        }
        _ if char.is_control() => {
            out.push('\u{fffd}');
            1
        }
        _ => {
            out.push(char);
            cells(char)
        }
    }
}

/// Terminal cells of a printable character, by the large blocks of Unicode's East Asian Width
/// (UAX #11): enough to keep a caret in place beside CJK text, emoji and combining marks.
fn cells(char: char) -> usize {
    match char {
        '\u{300}'..='\u{36f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Location;

    fn caret(source: &str, from: (u64, u64), to: (u64, u64)) -> Vec<String> {
        let span = Span::new(Location::from(from), Location::from(to));
        let text = Diagnostic::error("x")
            .with_span(span)
            .with_label("here")
            .render(source, None);
        text.lines().skip(3).map(str::to_owned).collect()
    }

    #[test]
    fn carets_stand_under_their_text() {
        for (source, from, to, expected) in [
            ("ab cd", (1, 4), (1, 6), ["1 | ab cd", "  |    ^^ here"]),
            ("\tab", (1, 2), (1, 4), ["1 |     ab", "  |     ^^ here"]),
            ("太陽 ab", (1, 4), (1, 6), ["1 | 太陽 ab", "  |      ^^ here"]),
            ("太陽 ab", (1, 1), (1, 3), ["1 | 太陽 ab", "  | ^^^^ here"]),
            ("a(b\nc)", (1, 2), (2, 3), ["1 | a(b", "  |  ^^ here"]),
            ("ab", (1, 3), (1, 3), ["1 | ab", "  |   ^ here"]),
            ("ab", (1, 90), (1, 95), ["1 | ab", "  |   ^ here"]),
            (
                "a\u{1b}[31mb",
                (1, 7),
                (1, 8),
                ["1 | a\u{fffd}[31mb", "  |       ^ here"],
            ),
            ("a\r\nb", (1, 1), (1, 2), ["1 | a", "  | ^ here"]),
        ] {
            assert_eq!(caret(source, from, to), expected, "{source:?}");
        }
    }

    #[test]
    fn several_are_paragraphs_and_many_are_counted() {
        let at = |column| Span::new(Location::new(1, column), Location::new(1, column + 1));
        let wrong = |column| Diagnostic::error(format!("wrong {column}")).with_span(at(column));
        let two = Diagnostic::of_all([wrong(2), wrong(1), wrong(2)]).expect("there are two");
        assert_eq!(
            two.render("ab", None),
            "error: wrong 1\n --> line 1, column 1\n  |\n1 | ab\n  | ^\n\n\
             error: wrong 2\n --> line 1, column 2\n  |\n1 | ab\n  |  ^"
        );
        let many = Diagnostic::of_all((1..=11).map(wrong)).expect("there are eleven");
        let text = many.render("", None);
        assert_eq!(text.matches("error: ").count(), MOST);
        assert!(text.ends_with("\n\nand 3 more"), "{text}");
        assert_eq!(Diagnostic::of_all([]), None);
    }

    #[test]
    fn the_gutter_is_as_wide_as_the_line_number() {
        let source = "\n".repeat(11) + "abc";
        assert_eq!(caret(&source, (12, 2), (12, 3)), ["12 | abc", "   |  ^ here"]);
        assert_eq!(
            caret("a", (7, 1), (7, 2)),
            [""; 0],
            "a line that is not there is not drawn"
        );
    }

    #[test]
    fn a_long_line_is_cut_around_the_caret() {
        let source = "x".repeat(500) + "BAD" + &"y".repeat(500);
        let lines = caret(&source, (1, 501), (1, 504));
        assert_eq!(lines[0], format!("1 | …{}BAD{}…", "x".repeat(60), "y".repeat(60)));
        assert_eq!(lines[1], format!("  | {}^^^ here", " ".repeat(61)));
    }
}
