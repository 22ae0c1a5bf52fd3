//! The query that a statement of ours takes: how it may begin, and its text.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::{diagnostic::Diagnostic, parser::cursor::Cursor, span::LineIndex};

/// Words that a query may begin with.
const OPENINGS: [&str; 5] = ["SELECT", "WITH", "VALUES", "TABLE", "FROM"];

/// Refuses what does not begin as a query does.
pub(crate) fn check(cursor: &Cursor<'_>) -> Result<(), Diagnostic> {
    if OPENINGS.iter().any(|word| cursor.is_word(0, word)) || cursor.is(&Token::LParen) {
        Ok(())
    } else {
        Err(cursor.expected("a query"))
    }
}

/// The tokens as they were typed.
pub(crate) fn text(tokens: &[TokenWithSpan], lines: &LineIndex<'_>) -> String {
    match (tokens.first(), tokens.last()) {
        (Some(first), Some(last)) => lines.slice(first.span.union(&last.span)).to_owned(),
        _ => String::new(),
    }
}
