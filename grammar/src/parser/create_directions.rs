//! `CREATE [OR REPLACE] DIRECTIONS FOR GENERATOR name (keyword, …) [WITH (name = value, …)]`

use sqlparser::{ast::Ident, tokenizer::Token};

use crate::{
    ast::CreateDirections,
    diagnostic::Diagnostic,
    parser::{cursor::Cursor, options},
};

pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Result<CreateDirections, Diagnostic> {
    cursor.expect_word("CREATE")?;
    let or_replace = cursor.eat_word("OR");
    if or_replace {
        cursor.expect_word("REPLACE")?;
    }
    cursor.expect_word("DIRECTIONS")?;
    cursor.expect_word("FOR")?;
    cursor.expect_word("GENERATOR")?;
    let generator = cursor.name("the name of a generator")?;
    cursor.expect(&Token::LParen)?;
    let mut keywords: Vec<Ident> = Vec::new();
    loop {
        let keyword = cursor.name("a keyword such as usflux")?;
        if keywords.contains(&keyword) {
            return Err(
                Diagnostic::error(format!("keyword `{}` is given twice", keyword.value))
                    .with_span(keyword.span),
            );
        }
        keywords.push(keyword);
        if !cursor.eat(&Token::Comma) {
            break;
        }
    }
    cursor.expect(&Token::RParen)?;
    let options = options::parse(cursor)?;
    Ok(CreateDirections {
        generator,
        keywords,
        or_replace,
        options,
    })
}
