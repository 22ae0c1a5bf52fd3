//! `EXPORT SHARPS TO 'directory' [WITH (name = value, …)] AS query`

use crate::{
    ast::ExportSharps,
    desugar::desugar,
    diagnostic::Diagnostic,
    parser::{cursor::Cursor, options, query},
    span::LineIndex,
};

pub(crate) fn parse(cursor: &mut Cursor<'_>, lines: &LineIndex<'_>) -> Result<ExportSharps, Diagnostic> {
    cursor.expect_word("EXPORT")?;
    cursor.expect_word("SHARPS")?;
    cursor.expect_word("TO")?;
    let Some((directory, directory_span)) = cursor.text() else {
        return Err(cursor.expected("a directory in single quotes such as 'fits'"));
    };
    let options = options::parse(cursor)?;
    cursor.expect_word("AS")?;
    query::check(cursor)?;
    let tokens = cursor.remainder();
    Ok(ExportSharps {
        directory,
        directory_span,
        options,
        query: desugar(tokens)?,
        query_text: query::text(tokens, lines),
    })
}
