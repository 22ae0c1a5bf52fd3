//! Colours at the prompt: keywords, strings, numbers with their units, comments. The terminal's own eight
//! colours are used, so that they fit its theme; rustyline leaves them out where colour is not welcome.

use std::borrow::Cow;

use rustyline::highlight::{CmdKind, Highlighter};

use crate::words::is_keyword;

const KEYWORD: &str = "\x1b[1;34m";
const TEXT: &str = "\x1b[32m";
const NUMBER: &str = "\x1b[36m";
const COMMENT: &str = "\x1b[2m";
const RESET: &str = "\x1b[0m";

/// Colours the line as it is typed.
#[derive(Debug, Default)]
pub(crate) struct SqlHighlighter;

impl Highlighter for SqlHighlighter {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        Cow::Owned(highlight(line))
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        Cow::Owned(format!("\x1b[1;33m{prompt}{RESET}"))
    }

    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        kind != CmdKind::MoveCursor
    }
}

fn highlight(line: &str) -> String {
    let mut out = String::with_capacity(2 * line.len());
    let mut rest = line;
    while !rest.is_empty() {
        let (piece, colour) = piece(rest);
        match colour {
            Some(colour) => out.extend([colour, piece, RESET]),
            None => out += piece,
        }
        rest = &rest[piece.len()..];
    }
    out
}

/// The first piece of a text that is not empty, and its colour. What is still open at the end of the line
/// is coloured to the end.
fn piece(text: &str) -> (&str, Option<&'static str>) {
    let upto = |end: Option<usize>| &text[..end.unwrap_or(text.len())];
    if text.starts_with("--") {
        return (upto(text.find('\n')), Some(COMMENT));
    }
    if text.starts_with("/*") {
        return (upto(text.find("*/").map(|end| end + 2)), Some(COMMENT));
    }
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let word = upto(text.find(|letter| !is_word(letter)));
    match text.chars().next() {
        Some('\'') => (upto(text[1..].find('\'').map(|end| end + 2)), Some(TEXT)),
        // `1.5e22Mx` is one piece; a point may stand within it.
        Some(first) if first.is_ascii_digit() => (
            upto(text.find(|letter| !is_word(letter) && letter != '.')),
            Some(NUMBER),
        ),
        Some(first) if is_word(first) => (word, is_keyword(word).then_some(KEYWORD)),
        Some(first) => (&text[..first.len_utf8()], None),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text with `<` and `>` in the place of colours.
    fn marked(line: &str) -> String {
        let reset = highlight(line).replace(RESET, ">");
        [(KEYWORD, "<k:"), (TEXT, "<t:"), (NUMBER, "<n:"), (COMMENT, "<c:")]
            .iter()
            .fold(reset, |text, (colour, mark)| text.replace(colour, mark))
    }

    #[test]
    fn pieces_have_their_colours() {
        for (line, expected) in [
            ("select usflux", "<k:select> usflux"),
            ("usflux > 1.5e22Mx", "usflux > <n:1.5e22Mx>"),
            ("'it''s' x", "<t:'it'><t:'s'> x"),
            ("'open", "<t:'open>"),
            ("a -- note\nFROM", "a <c:-- note>\n<k:FROM>"),
            ("/* a */b", "<c:/* a */>b"),
            ("Φ=$x1", "Φ=$x1"),
        ] {
            assert_eq!(marked(line), expected);
        }
    }
}
