//! `DESCRIBE GENERATOR name | ENCODER name | DIRECTIONS [FOR GENERATOR name]`

use crate::{
    ast::{Describe, ModelKind},
    diagnostic::Diagnostic,
    parser::cursor::Cursor,
};

pub(crate) fn parse(cursor: &mut Cursor<'_>, kind: ModelKind) -> Result<Describe, Diagnostic> {
    if !cursor.eat_word("DESC") {
        cursor.expect_word("DESCRIBE")?;
    }
    cursor.expect_word(&kind.to_string())?;
    Ok(match kind {
        ModelKind::Generator => Describe::Generator(cursor.name("the name of a generator")?),
        ModelKind::Encoder => Describe::Encoder(cursor.name("the name of an encoder")?),
        ModelKind::Directions if cursor.ends_at(0) => Describe::Directions { generator: None },
        ModelKind::Directions => {
            cursor.expect_word("FOR")?;
            cursor.expect_word("GENERATOR")?;
            Describe::Directions {
                generator: Some(cursor.name("the name of a generator")?),
            }
        }
    })
}
