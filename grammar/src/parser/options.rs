//! `[WITH (name = value, …)]`, where a value is a number, a quantity, a text, a truth value or a list.

use sqlparser::tokenizer::Token;

use crate::{
    ast::{OptionValue, Options},
    diagnostic::Diagnostic,
    literal::Quantity,
    parser::cursor::Cursor,
};

pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Result<Options, Diagnostic> {
    let mut options = Options::default();
    if !cursor.eat_word("WITH") {
        return Ok(options);
    }
    cursor.expect(&Token::LParen)?;
    loop {
        let mut name = cursor.name("the name of an option")?;
        name.value.make_ascii_lowercase();
        if cursor.is(&Token::RArrow) {
            return Err(cursor
                .expected("`=`")
                .with_hint("an option is written `name = value`"));
        }
        cursor.expect(&Token::Eq)?;
        let start = cursor.span(0);
        let value = value(cursor)?;
        options.insert(name, value, cursor.since(start))?;
        if !cursor.eat(&Token::Comma) {
            break;
        }
    }
    cursor.expect(&Token::RParen)?;
    Ok(options)
}

fn value(cursor: &mut Cursor<'_>) -> Result<OptionValue, Diagnostic> {
    if cursor.eat(&Token::LBracket) {
        let mut values = Vec::new();
        while !cursor.is(&Token::RBracket) {
            values.push(scalar(cursor)?);
            if !cursor.eat(&Token::Comma) {
                break;
            }
        }
        cursor.expect(&Token::RBracket)?;
        return Ok(OptionValue::List(values));
    }
    scalar(cursor)
}

fn scalar(cursor: &mut Cursor<'_>) -> Result<OptionValue, Diagnostic> {
    let negative = cursor.eat(&Token::Minus);
    if !negative {
        cursor.eat(&Token::Plus);
    }
    if let Some(literal) = cursor.quantity()? {
        let Quantity { value, unit } = literal.quantity;
        return Ok(OptionValue::Quantity(Quantity {
            value: if negative { -value } else { value },
            unit,
        }));
    }
    if let Some((number, _)) = cursor.number() {
        return Ok(OptionValue::Number(if negative {
            format!("-{number}")
        } else {
            number
        }));
    }
    if negative {
        return Err(cursor.expected("a number"));
    }
    if let Some((text, _)) = cursor.text() {
        return Ok(OptionValue::Text(text));
    }
    for (word, value) in [("TRUE", true), ("FALSE", false)] {
        if cursor.eat_word(word) {
            return Ok(OptionValue::Bool(value));
        }
    }
    let error = cursor.expected("a number, a text, true, false or a list");
    Err(match cursor.word(0) {
        Some(word) => error.with_hint(format!("a text is written in single quotes: '{word}'")),
        None => error,
    })
}
