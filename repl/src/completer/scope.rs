//! The columns that are known at the cursor: those of the tables, subqueries and functions that the FROM of its
//! query names, under the names that they have there. The tokens are looked at and not parsed, because a query
//! that is being typed is rarely one.

use helioql_grammar::sqlparser::tokenizer::Token;

use super::place::{Cursor, is_any, is_word};
use crate::words::{Table, Words};

/// Words that end the list of sources, so that none of them is taken for an alias.
const CLAUSES: &[&str] = &[
    "WHERE",
    "GROUP",
    "HAVING",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "QUALIFY",
    "WINDOW",
    "SELECT",
    "FROM",
];
/// Words between two sources.
const JOINS: &[&str] = &[
    "JOIN", "LEFT", "RIGHT", "FULL", "INNER", "OUTER", "CROSS", "NATURAL", "LATERAL", "ON", "USING", "SEMI",
    "ANTI",
];
/// Subqueries inside one another that are looked into.
const DEEPEST: usize = 8;

/// What FROM names where the cursor is, each with its columns.
pub(super) fn sources(cursor: &Cursor, words: &Words) -> Vec<Table> {
    let block = block(&cursor.tokens, cursor.at);
    listed(block, &with_tables(&cursor.tokens, words, DEEPEST), DEEPEST)
}

/// The tables that WITH names in the statement.
pub(super) fn ctes(cursor: &Cursor, words: &Words) -> Vec<Table> {
    let known = words.tables.len();
    with_tables(&cursor.tokens, words, DEEPEST)
        .tables
        .split_off(known)
}

/// The tokens of the innermost query around a place.
fn block(tokens: &[Token], at: usize) -> &[Token] {
    let (mut open, mut start) = (Vec::new(), 0);
    for (index, token) in tokens[..at].iter().enumerate() {
        match token {
            Token::LParen => open.push(index),
            Token::RParen => {
                open.pop();
            }
            _ => {}
        }
    }
    let is_query = |index: &&usize| {
        tokens
            .get(**index + 1)
            .is_some_and(|token| is_any(token, &["SELECT", "WITH"]))
    };
    if let Some(index) = open.iter().rev().find(is_query) {
        start = index + 1;
    }
    let length = closing(&tokens[start..]);
    &tokens[start..start + length]
}

/// How many tokens stand before the bracket that closes what is open before the first.
fn closing(tokens: &[Token]) -> usize {
    let mut depth = 0;
    for (index, token) in tokens.iter().enumerate() {
        match token {
            Token::LParen => depth += 1,
            Token::RParen if depth == 0 => return index,
            Token::RParen => depth -= 1,
            _ => {}
        }
    }
    tokens.len()
}

/// The known tables and, behind them, those that WITH names.
fn with_tables(tokens: &[Token], words: &Words, depth: usize) -> Words {
    let mut known = words.clone();
    for (index, pair) in tokens.windows(3).enumerate() {
        if let [Token::Word(name), word, Token::LParen] = pair
            && is_word(word, "AS")
        {
            let inside = &tokens[index + 3..];
            let columns = columns(&inside[..closing(inside)], &known, depth);
            known.tables.push(Table {
                name: name.value.clone(),
                columns,
            });
        }
    }
    known
}

/// The sources of a query, as its own tokens name them.
fn listed(block: &[Token], words: &Words, depth: usize) -> Vec<Table> {
    let mut found = Vec::new();
    let Some(from) = position(block, "FROM") else {
        return found;
    };
    let mut rest = &block[from + 1..];
    while let Some(token) = rest.first() {
        if is_any(token, CLAUSES) {
            break;
        }
        if is_any(token, JOINS) || !matches!(token, Token::Word(_) | Token::LParen) {
            let is_condition = is_any(token, &["ON", "USING"]);
            rest = &rest[1..];
            if is_condition {
                rest = after_condition(rest);
            }
            continue;
        }
        let (mut source, behind) = source(rest, words, depth);
        rest = behind;
        if let Some(token) = rest.first()
            && is_word(token, "AS")
        {
            rest = &rest[1..];
        }
        if let Some(token @ Token::Word(alias)) = rest.first()
            && !is_any(token, CLAUSES)
            && !is_any(token, JOINS)
        {
            source.name.clone_from(&alias.value);
            rest = &rest[1..];
        }
        found.push(source);
    }
    found
}

/// What stands behind the condition of a join.
fn after_condition(tokens: &[Token]) -> &[Token] {
    let mut depth = 0;
    let end = tokens.iter().position(|token| {
        match token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            _ => {}
        }
        depth == 0 && (*token == Token::Comma || is_any(token, CLAUSES) || is_any(token, &JOINS[..8]))
    });
    &tokens[end.unwrap_or(tokens.len())..]
}

/// The source at the start of the tokens, and what stands behind it.
fn source<'t>(tokens: &'t [Token], words: &Words, depth: usize) -> (Table, &'t [Token]) {
    let named = |name: String, columns: Vec<String>| Table { name, columns };
    let inside = |from: usize| {
        let length = closing(&tokens[from..]);
        let behind = (from + length + 1).min(tokens.len());
        (&tokens[from..from + length], &tokens[behind..])
    };
    match tokens {
        [Token::LParen, ..] => {
            let (query, behind) = inside(1);
            (named(String::new(), columns(query, words, depth)), behind)
        }
        [Token::Word(name), Token::LParen, ..] => {
            let (arguments, behind) = inside(2);
            let function = words
                .functions
                .iter()
                .find(|function| function.in_from && function.name.eq_ignore_ascii_case(&name.value));
            let mut columns = function
                .map(|function| function.columns.clone())
                .unwrap_or_default();
            // NEAREST has the columns of the rows that it ranks.
            if let Some(deeper) = depth.checked_sub(1)
                && let Some(within) = position(arguments, "WITHIN")
                && let Some(from) = arguments.get(within + 2..)
            {
                columns.extend(source(from, words, deeper).0.columns);
            }
            (named(name.value.clone(), columns), behind)
        }
        [Token::Word(schema), Token::Period, Token::Word(name), behind @ ..] => {
            let full = format!("{}.{}", schema.value, name.value);
            (named(name.value.clone(), table(&full, words)), behind)
        }
        [Token::Word(name), behind @ ..] => (named(name.value.clone(), table(&name.value, words)), behind),
        _ => (
            named(String::new(), Vec::new()),
            tokens.get(1..).unwrap_or_default(),
        ),
    }
}

/// A table's columns; the last of two that have a name, because WITH hides what it names.
fn table(name: &str, words: &Words) -> Vec<String> {
    let found = words
        .tables
        .iter()
        .rfind(|table| table.name.eq_ignore_ascii_case(name));
    found.map(|table| table.columns.clone()).unwrap_or_default()
}

/// The columns that a query gives: aliases, names, and for a star those of its sources.
fn columns(query: &[Token], words: &Words, depth: usize) -> Vec<String> {
    let (Some(select), Some(depth)) = (position(query, "SELECT"), depth.checked_sub(1)) else {
        return Vec::new();
    };
    let list = &query[select + 1..];
    let list = &list[..position(list, "FROM").unwrap_or(list.len())];
    let mut columns = Vec::new();
    // Once, however many stars there are: each of them would look into all subqueries again.
    let mut all = None;
    for item in items(list) {
        match item {
            [.., Token::Mul] => {
                let sources = all.get_or_insert_with(|| listed(query, words, depth));
                columns.extend(sources.iter().flat_map(|source| source.columns.clone()));
            }
            [.., Token::Word(name)] => columns.push(name.value.clone()),
            _ => {}
        }
    }
    columns
}

/// The parts of a list between its own commas.
fn items(list: &[Token]) -> Vec<&[Token]> {
    let (mut depth, mut start, mut items) = (0, 0, Vec::new());
    for (index, token) in list.iter().enumerate() {
        match token {
            Token::LParen | Token::LBracket => depth += 1,
            Token::RParen | Token::RBracket => depth -= 1,
            Token::Comma if depth == 0 => {
                items.push(&list[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    items.push(&list[start..]);
    items
}

/// Where a word stands outside of all brackets.
fn position(tokens: &[Token], word: &str) -> Option<usize> {
    let mut depth = 0;
    tokens.iter().position(|token| {
        match token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            _ => {}
        }
        depth == 0 && is_word(token, word)
    })
}
