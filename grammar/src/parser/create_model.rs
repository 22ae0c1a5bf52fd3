//! `CREATE [OR REPLACE] GENERATOR | ENCODER name [WITH (name = value, …)] AS query`

use sqlparser::tokenizer::Token;

use crate::{
    ast::CreateModel,
    desugar::desugar,
    diagnostic::Diagnostic,
    parser::{cursor::Cursor, options},
    span::LineIndex,
};

/// Words that a query may begin with.
const QUERY_OPENINGS: [&str; 5] = ["SELECT", "WITH", "VALUES", "TABLE", "FROM"];

pub(crate) fn parse(
    cursor: &mut Cursor<'_>,
    object: &str,
    lines: &LineIndex<'_>,
) -> Result<CreateModel, Diagnostic> {
    cursor.expect_word("CREATE")?;
    let or_replace = cursor.eat_word("OR");
    if or_replace {
        cursor.expect_word("REPLACE")?;
    }
    cursor.expect_word(object)?;
    let name = cursor.name(&format!("the name of the new {}", object.to_lowercase()))?;
    let options = options::parse(cursor)?;
    cursor.expect_word("AS")?;
    if !QUERY_OPENINGS.iter().any(|word| cursor.is_word(0, word)) && !cursor.is(&Token::LParen) {
        return Err(cursor.expected("a query"));
    }
    let tokens = cursor.remainder();
    let query_text = match (tokens.first(), tokens.last()) {
        (Some(first), Some(last)) => lines.slice(first.span.union(&last.span)).to_owned(),
        _ => String::new(),
    };
    Ok(CreateModel {
        name,
        or_replace,
        options,
        query: desugar(tokens)?,
        query_text,
    })
}
