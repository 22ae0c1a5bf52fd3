//! `CREATE [OR REPLACE] INDEX [IF NOT EXISTS] name ON table USING HNSW (column) [WITH (name = value, …)]`

use sqlparser::tokenizer::Token;

use crate::{
    ast::CreateIndex,
    diagnostic::Diagnostic,
    parser::{cursor::Cursor, options},
};

pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Result<CreateIndex, Diagnostic> {
    cursor.expect_word("CREATE")?;
    let or_replace = cursor.eat_word("OR");
    if or_replace {
        cursor.expect_word("REPLACE")?;
    }
    cursor.expect_word("INDEX")?;
    let if_not_exists = cursor.eat_word("IF");
    if if_not_exists {
        cursor.expect_word("NOT")?;
        cursor.expect_word("EXISTS")?;
    }
    let name = cursor.name("the name of the index")?;
    cursor.expect_word("ON")?;
    let table = cursor.name("the name of a table")?;
    cursor.expect_word("USING")?;
    cursor.expect_word("HNSW")?;
    cursor.expect(&Token::LParen)?;
    let column = cursor.name("a column of vectors such as embedding")?;
    cursor.expect(&Token::RParen)?;
    let options = options::parse(cursor)?;
    Ok(CreateIndex {
        name,
        table,
        column,
        or_replace,
        if_not_exists,
        options,
    })
}
