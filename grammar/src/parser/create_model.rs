//! `CREATE [OR REPLACE] GENERATOR | ENCODER name [WITH (name = value, …)] AS query`

use crate::{
    ast::CreateModel,
    desugar::desugar,
    diagnostic::Diagnostic,
    parser::{cursor::Cursor, options, query},
    span::LineIndex,
};

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
    query::check(cursor)?;
    let tokens = cursor.remainder();
    Ok(CreateModel {
        name,
        or_replace,
        options,
        query: desugar(tokens)?,
        query_text: query::text(tokens, lines),
    })
}
