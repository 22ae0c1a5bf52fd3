//! `ALTER TABLE name RENAME TO new_name`

use crate::{ast::RenameTable, diagnostic::Diagnostic, parser::cursor::Cursor};

/// Whether the statement is of this form; others that begin with ALTER TABLE are SQL's.
pub(crate) fn begins(cursor: &Cursor<'_>) -> bool {
    cursor.is_word(1, "TABLE") && cursor.is_word(3, "RENAME") && cursor.is_word(4, "TO")
}

pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Result<RenameTable, Diagnostic> {
    cursor.expect_word("ALTER")?;
    cursor.expect_word("TABLE")?;
    let name = cursor.name("the name of a table")?;
    cursor.expect_word("RENAME")?;
    cursor.expect_word("TO")?;
    let new_name = cursor.name("its new name")?;
    Ok(RenameTable { name, new_name })
}
