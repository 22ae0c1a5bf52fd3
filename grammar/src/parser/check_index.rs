//! `CHECK INDEX name [WITH (name = value, …)]`

use crate::{
    ast::CheckIndex,
    diagnostic::Diagnostic,
    parser::{cursor::Cursor, options},
};

pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Result<CheckIndex, Diagnostic> {
    cursor.expect_word("CHECK")?;
    cursor.expect_word("INDEX")?;
    let name = cursor.name("the name of an index")?;
    let options = options::parse(cursor)?;
    Ok(CheckIndex { name, options })
}
