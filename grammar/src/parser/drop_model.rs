//! `DROP GENERATOR | ENCODER | DIRECTIONS [IF EXISTS] name`

use crate::{
    ast::{DropModel, ModelKind},
    diagnostic::Diagnostic,
    parser::cursor::Cursor,
};

pub(crate) fn parse(cursor: &mut Cursor<'_>, kind: ModelKind) -> Result<DropModel, Diagnostic> {
    cursor.expect_word("DROP")?;
    cursor.expect_word(&kind.to_string())?;
    let if_exists = cursor.eat_word("IF");
    if if_exists {
        cursor.expect_word("EXISTS")?;
    }
    let name = cursor.name(match kind {
        ModelKind::Encoder => "the name of an encoder",
        ModelKind::Generator | ModelKind::Directions => "the name of a generator",
    })?;
    Ok(DropModel {
        kind,
        name,
        if_exists,
    })
}
