//! `IMPORT [OR REPLACE] GENERATOR | ENCODER name FROM 'file' [WITH (name = value, …)]`

use crate::{
    ast::ImportModel,
    diagnostic::Diagnostic,
    parser::{cursor::Cursor, options},
};

pub(crate) fn parse(cursor: &mut Cursor<'_>, object: &str) -> Result<ImportModel, Diagnostic> {
    cursor.expect_word("IMPORT")?;
    let or_replace = cursor.eat_word("OR");
    if or_replace {
        cursor.expect_word("REPLACE")?;
    }
    cursor.expect_word(object)?;
    let name = cursor.name(&format!("the name of the new {}", object.to_lowercase()))?;
    cursor.expect_word("FROM")?;
    let Some((file, file_span)) = cursor.text() else {
        return Err(cursor.expected("a file in single quotes such as 'weights.safetensors'"));
    };
    Ok(ImportModel {
        name,
        or_replace,
        file,
        file_span,
        options: options::parse(cursor)?,
    })
}
