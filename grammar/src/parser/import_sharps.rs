//! `IMPORT SHARPS FROM 'files' [, …] [INTO table] [WITH (name = value, …)]`

use sqlparser::tokenizer::Token;

use crate::{
    ast::{ImportSharps, Pattern},
    diagnostic::Diagnostic,
    parser::{cursor::Cursor, options},
};

pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Result<ImportSharps, Diagnostic> {
    cursor.expect_word("IMPORT")?;
    cursor.expect_word("SHARPS")?;
    cursor.expect_word("FROM")?;
    let mut patterns = Vec::new();
    loop {
        let Some((glob, span)) = cursor.text() else {
            return Err(cursor.expected("a path in single quotes such as 'data/*.fits'"));
        };
        patterns.push(Pattern { glob, span });
        if !cursor.eat(&Token::Comma) {
            break;
        }
    }
    let into = if cursor.eat_word("INTO") {
        Some(cursor.name("the name of a table")?)
    } else {
        None
    };
    let options = options::parse(cursor)?;
    Ok(ImportSharps {
        patterns,
        into,
        options,
    })
}
