//! `SHOW GENERATORS | ENCODERS | DIRECTIONS | INDEXES | KEYWORDS | FUNCTIONS | STATEMENTS | UNITS`

use crate::{ast::Show, diagnostic::Diagnostic, parser::cursor::Cursor};

pub(crate) fn parse(cursor: &mut Cursor<'_>, show: Show) -> Result<Show, Diagnostic> {
    cursor.expect_word("SHOW")?;
    cursor.expect_word(show.word())?;
    Ok(show)
}
