//! What must hold for any text: no panic, every place inside the text, and a statement of ours that is written
//! back reads as itself. The fuzzer, the test of its kept corpus and that of random texts share this file.

use std::collections::BTreeMap;

use helioql_grammar::{
    Constant, Diagnostic, LineIndex, Location, Span, StatementKind, TokenWithSpan, bind_calls,
    bind_placeholders, is_complete, parse, sql_error,
    sqlparser::{dialect::GenericDialect, parser::Parser},
};

#[path = "../signatures.rs"]
mod signatures;

use signatures::signatures;

/// Sends a text through everything that the grammar does with it.
///
/// # Panics
/// When something that must hold does not.
pub(crate) fn check(source: &str) {
    let _ = is_complete(source);
    let lines = lengths(source);
    // What stands in a comment with an exclamation mark is cut into tokens by itself, and counts from its own start.
    let places = !source.contains("/*!");
    match parse(source) {
        Ok(statements) => {
            for statement in statements {
                inside(&lines, statement.span);
                match statement.kind {
                    StatementKind::Sql(tokens) => sql(&tokens, source, &lines, places),
                    own => written_back(&own),
                }
            }
        }
        Err(error) => diagnosed(&error.0, source, &lines),
    }
}

/// A statement for DataFusion: its tokens, its parse, its binding; `places` says whether they are to be looked at.
fn sql(tokens: &[TokenWithSpan], source: &str, lines: &[u64], places: bool) {
    for token in tokens.iter().filter(|_| places) {
        inside(lines, token.span);
    }
    let values = BTreeMap::from([("flux".to_owned(), Constant::Number("1e22".to_owned()))]);
    let tokens = bind_placeholders(tokens, &values);
    let parsed = Parser::new(&GenericDialect {})
        .with_tokens_with_locations(tokens)
        .parse_statement();
    let mut parsed = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            let error = sql_error(&error.to_string(), source);
            if places {
                diagnosed(&error, source, lines);
            }
            return;
        }
    };
    if let Err(error) = bind_calls(&mut parsed, &signatures())
        && places
    {
        diagnosed(&error, source, lines);
    }
}

fn written_back(own: &StatementKind) {
    let text = own.to_string();
    let again = match parse(&text) {
        Ok(statements) => statements,
        Err(error) => panic!("{}", error.0.render(&text, None)),
    };
    let texts: Vec<String> = again.iter().map(|statement| statement.kind.to_string()).collect();
    assert_eq!(texts, [text]);
}

fn diagnosed(error: &Diagnostic, source: &str, lines: &[u64]) {
    assert!(!error.message.is_empty(), "an error that says nothing");
    if let Some(span) = error.span {
        inside(lines, span);
    }
    assert!(error.render(source, Some("f.sql")).starts_with("error: "));
}

/// The length of every line, counted once, since a line may have a hundred thousand tokens.
fn lengths(source: &str) -> Vec<u64> {
    let lines = LineIndex::new(source);
    (1..)
        .map_while(|line| lines.line(line))
        .map(|text| text.chars().count() as u64)
        .collect()
}

/// Both ends lie in the text, or in the cell behind one of its lines, where a caret shows what is missing; and in
/// their order.
fn inside(lines: &[u64], span: Span) {
    for Location { line, column } in [span.start, span.end] {
        let length = line.checked_sub(1).and_then(|line| lines.get(line as usize));
        // A carriage return before the line's end is not part of what is drawn, but a column all the same.
        let fits = length.is_some_and(|length| (1..=length + 3).contains(&column));
        assert!(fits, "{span:?} lies outside the text");
    }
    assert!(span.start <= span.end, "{span:?} is upside down");
}
