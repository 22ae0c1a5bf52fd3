//! `IMPORT SHARPS FROM 'files' [, …] | JSOC 'record set' [INTO table] [WITH (name = value, …)]`

use sqlparser::tokenizer::Token;

use crate::{
    ast::{ImportSharps, Pattern, SharpSource},
    diagnostic::Diagnostic,
    literal::{RecordSet, RecordSetError},
    parser::{cursor::Cursor, options},
};

pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Result<ImportSharps, Diagnostic> {
    cursor.expect_word("IMPORT")?;
    cursor.expect_word("SHARPS")?;
    cursor.expect_word("FROM")?;
    let from = if cursor.eat_word("JSOC") {
        SharpSource::Jsoc(record_set(cursor)?)
    } else {
        SharpSource::Files(patterns(cursor)?)
    };
    let into = if cursor.eat_word("INTO") {
        Some(cursor.name("the name of a table")?)
    } else {
        None
    };
    let options = options::parse(cursor)?;
    Ok(ImportSharps { from, into, options })
}

fn patterns(cursor: &mut Cursor<'_>) -> Result<Vec<Pattern>, Diagnostic> {
    let mut patterns = Vec::new();
    loop {
        let Some((glob, span)) = cursor.text() else {
            return Err(cursor.expected("a path in single quotes such as 'data/*.fits'"));
        };
        patterns.push(Pattern { glob, span });
        if !cursor.eat(&Token::Comma) {
            return Ok(patterns);
        }
    }
}

fn record_set(cursor: &mut Cursor<'_>) -> Result<RecordSet, Diagnostic> {
    let Some((text, span)) = cursor.text() else {
        return Err(cursor.expected("a record set in single quotes such as 'hmi.sharp_cea_720s[377]'"));
    };
    text.parse()
        .map_err(|error: RecordSetError| error.diagnostic(&text, span))
}
