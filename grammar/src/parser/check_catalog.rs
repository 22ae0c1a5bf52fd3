//! `CHECK CATALOG`

use crate::{diagnostic::Diagnostic, parser::cursor::Cursor};

pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Result<(), Diagnostic> {
    cursor.expect_word("CHECK")?;
    cursor.expect_word("CATALOG")
}
