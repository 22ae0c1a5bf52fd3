//! Keeps statements shallow enough for every recursive pass behind the parser.
//!
//! Parsers, visitors and destructors of syntax trees recurse, and a stack that overflows takes the
//! process with it. Brackets add a level each; a chain of operators, `1+1+1+…`, adds one for each
//! operator, because it becomes a tree as deep as it is long. Both are counted on the tokens, before
//! anything recurses, and unbalanced brackets are found on the way.

use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use crate::{diagnostic::Diagnostic, span::Span};

/// Brackets that may be open at once.
const DEEPEST_BRACKETS: usize = 100;
/// Operators in a chain, those of the chains around it included.
const LONGEST_CHAIN: usize = 1000;

/// Names joined by periods, those around the brackets that follow such a name included. `sqlparser` tries what
/// stands behind a period twice when it fails, and so works twice as long for each of them.
const MOST_PERIODS: usize = 10;

/// Words that join two operands, or bind to one, as an operator does.
const OPERATOR_WORDS: &[&str] = &[
    "AND",
    "AT",
    "BETWEEN",
    "COLLATE",
    "DIV",
    "EXCEPT",
    "ILIKE",
    "IN",
    "INTERSECT",
    "INTERVAL",
    "IS",
    "ISNULL",
    "JOIN",
    "LIKE",
    "MINUS",
    "NOT",
    "NOTNULL",
    "OR",
    "OVERLAPS",
    "REGEXP",
    "RLIKE",
    "SIMILAR",
    "UNION",
    "XOR",
];

/// An open bracket, and the chain it stands in.
struct Open<'t> {
    token: &'t Token,
    span: Span,
    /// Operators of the chains around this bracket.
    around: usize,
    /// Operators since the last comma at this level.
    chain: usize,
    /// Periods of the names around this bracket.
    periods_around: usize,
    /// Periods of the name that it follows.
    periods: usize,
}

/// Checks the brackets and chains of one statement.
pub(crate) fn check(statement: &[TokenWithSpan]) -> Result<(), Diagnostic> {
    let mut open: Vec<Open<'_>> = Vec::new();
    let (mut around, mut chain) = (0, 0);
    let (mut periods_around, mut periods, mut after_period) = (0, 0, false);
    for TokenWithSpan { token, span } in statement {
        match token {
            Token::Whitespace(_) => continue,
            Token::Period => periods += 1,
            token if is_bracket(token) || after_period => {}
            _ => periods = 0,
        }
        after_period = *token == Token::Period;
        if periods_around + periods > MOST_PERIODS {
            return Err(Diagnostic::error(format!(
                "the name is too long: at most {MOST_PERIODS} periods may join its parts"
            ))
            .with_span(*span));
        }
        match token {
            Token::Comma => chain = 0,
            Token::RParen | Token::RBracket | Token::RBrace => {
                let Some(opened) = open.pop() else {
                    return Err(Diagnostic::error(format!("`{token}` closes nothing")).with_span(*span));
                };
                if closing(opened.token) != *token {
                    return Err(Diagnostic::error(format!(
                        "expected `{}`, found `{token}`",
                        closing(opened.token)
                    ))
                    .with_span(*span)
                    .with_note(format!(
                        "`{}` was opened at line {}, column {}",
                        opened.token, opened.span.start.line, opened.span.start.column
                    )));
                }
                (around, chain) = (opened.around, opened.chain);
                (periods_around, periods) = (opened.periods_around, opened.periods);
            }
            Token::LParen | Token::LBracket | Token::LBrace => {
                // A chain of brackets, `x[1][1][1]…`, is as deep as a chain of operators.
                chain += 1;
                open.push(Open {
                    token,
                    span: *span,
                    around,
                    chain,
                    periods_around,
                    periods,
                });
                (around, chain) = (around + chain, 0);
                (periods_around, periods) = (periods_around + periods, 0);
                if open.len() > DEEPEST_BRACKETS {
                    return Err(Diagnostic::error(format!(
                        "the statement is nested too deeply: at most {DEEPEST_BRACKETS} brackets may be open at once"
                    ))
                    .with_span(*span)
                    .with_hint("a CTE, `WITH name AS (SELECT …)`, can hold an inner part"));
                }
            }
            token if is_operator(token) => chain += 1,
            _ => {}
        }
        if around + chain > LONGEST_CHAIN {
            return Err(Diagnostic::error(format!(
                "the expression is too long: at most {LONGEST_CHAIN} operators may stand in one chain"
            ))
            .with_span(*span)
            .with_hint("a long list of alternatives can be written `x IN (…)`, or as a table to join with"));
        }
    }
    match open.pop() {
        Some(Open { token, span, .. }) => Err(Diagnostic::error(format!("`{token}` is never closed"))
            .with_span(span)
            .with_label(format!(
                "expected `{}` before the end of the statement",
                closing(token)
            ))),
        None => Ok(()),
    }
}

fn is_bracket(token: &Token) -> bool {
    matches!(
        token,
        Token::LParen | Token::LBracket | Token::LBrace | Token::RParen | Token::RBracket | Token::RBrace
    )
}

fn closing(open: &Token) -> Token {
    match open {
        Token::LBracket => Token::RBracket,
        Token::LBrace => Token::RBrace,
        _ => Token::RParen,
    }
}

/// Everything that is no operand counts: a new kind of operator is then never forgotten.
fn is_operator(token: &Token) -> bool {
    match token {
        Token::Word(Word {
            value, quote_style, ..
        }) => {
            quote_style.is_none()
                && OPERATOR_WORDS
                    .binary_search(&value.to_ascii_uppercase().as_str())
                    .is_ok()
        }
        Token::EOF
        | Token::Number(..)
        | Token::Whitespace(_)
        | Token::Period
        | Token::SemiColon
        | Token::SingleQuotedString(_)
        | Token::DoubleQuotedString(_)
        | Token::NationalStringLiteral(_)
        | Token::EscapedStringLiteral(_)
        | Token::UnicodeStringLiteral(_)
        | Token::HexStringLiteral(_)
        | Token::DollarQuotedString(_)
        | Token::Placeholder(_) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desugar::tokenize;

    fn message(source: &str) -> Option<(String, u64)> {
        let tokens = tokenize(source).expect("valid tokens");
        check(&tokens)
            .err()
            .map(|error| (error.message, error.span.map_or(0, |span| span.start.column)))
    }

    #[test]
    fn the_operator_words_are_sorted() {
        assert!(OPERATOR_WORDS.is_sorted());
    }

    #[test]
    fn brackets_must_match() {
        for (source, expected) in [
            ("(a[1])", None),
            ("SELECT (1", Some(("`(` is never closed", 8))),
            ("SELECT 1)", Some(("`)` closes nothing", 9))),
            ("SELECT [1)", Some(("expected `]`, found `)`", 10))),
            ("'('", None),
        ] {
            assert_eq!(
                message(source),
                expected.map(|(text, column)| (text.to_owned(), column)),
                "{source}"
            );
        }
    }

    #[test]
    fn periods_are_limited_along_a_name() {
        let too_long = Some("the name is too long: at most 10 periods may join its parts".to_owned());
        for (source, fits) in [
            ("a.".repeat(10) + "a", true),
            ("a.".repeat(11) + "a", false),
            ("a .\n".repeat(11) + "a", false),
            ("a.f(".repeat(11) + "1" + &")".repeat(11), false),
            ("a[1].".repeat(11) + "a", false),
            ("a.b, ".repeat(1000) + "a.b", true),
            ("f(a.b + ".repeat(50) + "1" + &")".repeat(50), true),
            ("a.b = a.b AND ".repeat(300) + "a.b", true),
        ] {
            let found = message(&source).map(|(text, _)| text);
            assert_eq!(found, if fits { None } else { too_long.clone() }, "{source}");
        }
    }

    #[test]
    fn depth_is_limited() {
        let nested = |depth: usize| "(".repeat(depth) + "1" + &")".repeat(depth);
        assert_eq!(message(&nested(100)), None);
        let (text, column) = message(&nested(101)).expect("too deep");
        assert_eq!(
            text,
            "the statement is nested too deeply: at most 100 brackets may be open at once"
        );
        assert_eq!(column, 101);
    }

    #[test]
    fn chains_are_limited_wherever_they_stand() {
        let too_long = "the expression is too long: at most 1000 operators may stand in one chain";
        for (link, links, fits) in [
            ("1+", 1000, true),
            ("1+", 1001, false),
            ("a OR ", 1001, false),
            ("SELECT 1 UNION ", 1001, false),
            ("[1]", 1001, false),
            ("::INT", 1001, false),
            ("-1, ", 100_000, true),
            ("(1), ", 100_000, true),
            ("'a' ", 100_000, true),
        ] {
            let source = link.repeat(links) + "1";
            assert_eq!(
                message(&source).map(|(text, _)| text),
                (!fits).then(|| too_long.to_owned()),
                "{link}"
            );
        }
        let split = "1+".repeat(600) + "(" + &"1+".repeat(600) + "1)";
        assert!(message(&split).is_some(), "chains inside one another add up");
    }
}
