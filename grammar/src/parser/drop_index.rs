//! `DROP INDEX [IF EXISTS] name`

use crate::{ast::DropIndex, diagnostic::Diagnostic, parser::cursor::Cursor};

pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Result<DropIndex, Diagnostic> {
    cursor.expect_word("DROP")?;
    cursor.expect_word("INDEX")?;
    let if_exists = cursor.eat_word("IF");
    if if_exists {
        cursor.expect_word("EXISTS")?;
    }
    let name = cursor.name("the name of an index")?;
    Ok(DropIndex { name, if_exists })
}
