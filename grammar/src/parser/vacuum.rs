//! `VACUUM [table]`

use crate::{ast::Vacuum, diagnostic::Diagnostic, parser::cursor::Cursor};

pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Result<Vacuum, Diagnostic> {
    cursor.expect_word("VACUUM")?;
    let table = if cursor.ends_at(0) {
        None
    } else {
        Some(cursor.name("the name of a table")?)
    };
    Ok(Vacuum { table })
}
