//! Colours at the prompt: keywords, strings, numbers with their units, comments. The terminal's own eight
//! colours are used, so that they fit its theme; rustyline leaves them out where colour is not welcome.

use std::borrow::Cow;

use rustyline::highlight::{CmdKind, Highlighter};

use crate::words::is_keyword;

const KEYWORD: &str = "\x1b[1;34m";
const TEXT: &str = "\x1b[32m";
const NUMBER: &str = "\x1b[36m";
const COMMENT: &str = "\x1b[2m";
const BRACKET: &str = "\x1b[1;7m";
const RESET: &str = "\x1b[0m";

/// Colours the line as it is typed.
#[derive(Debug, Default)]
pub(crate) struct SqlHighlighter;

impl Highlighter for SqlHighlighter {
    fn highlight<'l>(&self, line: &'l str, position: usize) -> Cow<'l, str> {
        Cow::Owned(highlight(line, position))
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(format!("{COMMENT}{hint}{RESET}"))
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        Cow::Owned(format!("\x1b[1;33m{prompt}{RESET}"))
    }

    fn highlight_char(&self, line: &str, position: usize, kind: CmdKind) -> bool {
        // Moving the cursor changes the brackets that are marked, and nothing else.
        kind != CmdKind::MoveCursor || line.contains(['(', '[']) && position <= line.len()
    }
}

fn highlight(line: &str, position: usize) -> String {
    let marked = brackets(line, position);
    let mut out = String::with_capacity(2 * line.len());
    for (at, piece, colour) in pieces(line) {
        let colour = if marked.is_some_and(|pair| pair.contains(&at)) {
            Some(BRACKET)
        } else {
            colour
        };
        match colour {
            Some(colour) => out.extend([colour, piece, RESET]),
            None => out += piece,
        }
    }
    out
}

/// The pieces of a line with their places and colours.
fn pieces(line: &str) -> impl Iterator<Item = (usize, &str, Option<&'static str>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &line[at..];
        let (piece, colour) = piece(rest);
        let start = at;
        at += piece.len();
        (!piece.is_empty()).then_some((start, piece, colour))
    })
}

/// The bracket at the cursor, or before it, and the one that belongs to it.
fn brackets(line: &str, position: usize) -> Option<[usize; 2]> {
    let mut open = Vec::new();
    let mut pairs = Vec::new();
    for (at, piece, _) in pieces(line) {
        match piece {
            "(" | "[" => open.push((at, piece)),
            ")" | "]" => {
                let (start, opening) = open.pop()?;
                if (opening == "(") == (piece == ")") {
                    pairs.push([start, at]);
                }
            }
            _ => {}
        }
    }
    let touched = |place: usize| pairs.iter().find(|pair| pair.contains(&place)).copied();
    touched(position).or_else(|| touched(position.checked_sub(1)?))
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
        let reset = highlight(line, usize::MAX).replace(RESET, ">");
        [(KEYWORD, "<k:"), (TEXT, "<t:"), (NUMBER, "<n:"), (COMMENT, "<c:")]
            .iter()
            .fold(reset, |text, (colour, mark)| text.replace(colour, mark))
    }

    #[test]
    fn brackets_find_each_other() {
        for (line, position, expected) in [
            ("f(a, (b))", 1, Some([1, 8])),
            ("f(a, (b))", 9, Some([1, 8])),
            ("f(a, (b))", 6, Some([5, 7])),
            ("f('(', b)", 9, Some([1, 8])),
            ("f([1)", 5, None),
            ("f(a", 1, None),
            (")", 0, None),
        ] {
            assert_eq!(brackets(line, position), expected, "{line} at {position}");
        }
        assert_eq!(
            highlight("(x)", 0),
            format!("{BRACKET}({RESET}x{BRACKET}){RESET}")
        );
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
