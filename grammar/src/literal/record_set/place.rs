//! Where a part of a string's text stands in the source, quotes being doubled there.

use std::ops::Range;

use crate::span::{Location, Span};

/// The place of some bytes of `text`, the value of the string literal at `literal`. Where the literal does
/// not hold that text, as behind a parameter, it is the literal's own place.
pub(super) fn within(text: &str, literal: Span, bytes: Range<usize>) -> Span {
    let place = |at: usize| location(text, literal.start, at);
    // Behind the text stands the closing quote.
    let end = place(text.len());
    if (end.line, end.column + 1) != (literal.end.line, literal.end.column) {
        return literal;
    }
    let (start, end) = (place(bytes.start), place(bytes.end));
    // An end that was expected is pointed at where it should stand.
    if start == end {
        Span::new(start, Location::new(start.line, start.column + 1))
    } else {
        Span::new(start, end)
    }
}

fn location(text: &str, quote: Location, at: usize) -> Location {
    let before = text.get(..at).unwrap_or(text);
    let width = |part: &str| part.chars().map(|c| if c == '\'' { 2 } else { 1 }).sum::<u64>();
    match before.rsplit_once('\n') {
        None => Location::new(quote.line, quote.column + 1 + width(before)),
        Some((lines, last)) => {
            let lines = lines.matches('\n').count() as u64 + 1;
            Location::new(quote.line + lines, 1 + width(last))
        }
    }
}
