//! `EXPLAIN [ANALYZE] [VERBOSE] FORMAT JSON query`, and with its options in parentheses.

use sqlparser::tokenizer::Token;

use crate::{
    ast::Explain,
    desugar::desugar,
    diagnostic::Diagnostic,
    parser::{cursor::Cursor, query},
    span::LineIndex,
};

/// Reads the statement, if it asks for JSON; `None` leaves it to SQL's parser.
pub(crate) fn parse(cursor: &Cursor<'_>, lines: &LineIndex<'_>) -> Result<Option<Explain>, Diagnostic> {
    let mut cursor = cursor.clone();
    if !cursor.eat_word("EXPLAIN") {
        return Ok(None);
    }
    let in_parentheses = cursor.eat(&Token::LParen);
    let (mut analyze, mut json) = (false, false);
    loop {
        if cursor.eat_word("ANALYZE") {
            // Inside parentheses an option may be switched off.
            analyze = !(in_parentheses && (cursor.eat_word("FALSE") || cursor.eat_word("OFF")));
        } else if cursor.eat_word("VERBOSE") {
            // JSON has all there is.
        } else if cursor.eat_word("FORMAT") {
            if !cursor.eat_word("JSON") {
                return Ok(None);
            }
            json = true;
        } else if !(in_parentheses && cursor.eat(&Token::Comma)) {
            break;
        }
    }
    if !json || in_parentheses && !cursor.eat(&Token::RParen) {
        return Ok(None);
    }
    let tokens = cursor.remainder();
    Ok(Some(Explain {
        analyze,
        query: desugar(tokens)?,
        query_text: query::text(tokens, lines),
    }))
}
