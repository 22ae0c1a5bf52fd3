//! `EVALUATE GENERATOR | ENCODER name ON (query) [WITH (name = value, …)]`

use sqlparser::tokenizer::Token;

use crate::{
    ast::{Evaluate, ModelKind},
    desugar::desugar,
    diagnostic::Diagnostic,
    parser::{cursor::Cursor, options, query},
    span::LineIndex,
};

pub(crate) fn parse(
    cursor: &mut Cursor<'_>,
    kind: ModelKind,
    lines: &LineIndex<'_>,
) -> Result<Evaluate, Diagnostic> {
    cursor.expect_word("EVALUATE")?;
    cursor.expect_word(&kind.to_string())?;
    let name = cursor.name(match kind {
        ModelKind::Encoder => "the name of an encoder",
        ModelKind::Generator | ModelKind::Directions => "the name of a generator",
    })?;
    cursor.expect_word("ON")?;
    if cursor.is(&Token::LParen) {
        query::check(&cursor.skip(1))?;
    }
    let tokens = cursor.parenthesised("a query in parentheses")?;
    let options = options::parse(cursor)?;
    Ok(Evaluate {
        kind,
        name,
        query: desugar(tokens)?,
        query_text: query::text(tokens, lines),
        options,
    })
}
