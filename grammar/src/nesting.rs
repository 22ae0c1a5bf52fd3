//! Keeps statements shallow enough for every recursive pass behind the parser, and for a parser and a planner whose
//! work doubles with some kinds of nesting.
//!
//! Parsers, visitors and destructors of syntax trees recurse, and a stack that overflows takes the
//! process with it. Brackets add a level each; a chain of operators, `1+1+1+…`, adds one for each
//! operator, because it becomes a tree as deep as it is long. Both are counted on the tokens, before
//! anything recurses, and so is what is done twice at each level: the parts of a name, CASE, CAST and
//! their like, and subqueries. Unbalanced brackets are found on the way.

use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use crate::{diagnostic::Diagnostic, span::Span};

/// Brackets that may be open at once.
const DEEPEST_BRACKETS: usize = 100;
/// Operators in a chain, those of the chains around it included.
const LONGEST_CHAIN: usize = 1000;

/// Names joined by periods, those around the brackets that follow such a name included. `sqlparser` tries what
/// stands behind a period twice when it fails, and so works twice as long for each of them.
const MOST_PERIODS: usize = 10;

/// Queries that may stand inside one another. DataFusion's planner works twice as long for each of them.
const DEEPEST_QUERIES: usize = 12;

/// Constructs that begin with one of [`TRIED_TWICE`], inside one another. `sqlparser` reads what such a word begins a
/// second time, as a name or a call, when it fails, and so works twice as long for each of them.
const MOST_TRIED_TWICE: usize = 12;

/// Words in front of a bracket that `sqlparser` has a form of its own for. CASE and INTERVAL need no bracket, and are
/// counted where they stand.
const TRIED_TWICE: &[&str] = &[
    "ARRAY",
    "CAST",
    "CEIL",
    "CONVERT",
    "EXTRACT",
    "FLOOR",
    "NOT",
    "OVERLAY",
    "POSITION",
    "ROW",
    "SAFE_CAST",
    "STRUCT",
    "SUBSTR",
    "SUBSTRING",
    "TRIM",
    "TRY_CAST",
    "TRY_CONVERT",
];

/// Words that take more of the stack than an operator, and how many operators they count for: they become relations,
/// which are planned and run inside one another.
const HEAVY_WORDS: &[(&str, usize)] = &[
    ("EXCEPT", 5),
    ("INTERSECT", 5),
    ("JOIN", 5),
    ("MINUS", 5),
    ("UNION", 2),
];

/// Words that join two operands, or bind to one, as an operator does.
const OPERATOR_WORDS: &[&str] = &[
    "AND", "AT", "BETWEEN", "COLLATE", "DIV", "ILIKE", "IN", "INTERVAL", "IS", "ISNULL", "LIKE", "NOT",
    "NOTNULL", "OR", "OVERLAPS", "REGEXP", "RLIKE", "SIMILAR", "XOR",
];

/// How deep a place in a statement is, counted along the brackets around it.
#[derive(Clone, Copy, Default)]
struct Depth {
    /// Operators of the chains around this bracket.
    operators_around: usize,
    /// Operators since the last comma at this level.
    operators: usize,
    /// Periods of the names around this bracket.
    periods_around: usize,
    /// Periods of the name read last.
    periods: usize,
    /// Queries around, this one included, without those of FROM.
    queries: usize,
    /// Constructs around that are read twice when they fail.
    tried_twice: usize,
}

impl Depth {
    /// The depth behind a bracket that opens here.
    fn inside(self) -> Self {
        Self {
            operators_around: self.operators_around + self.operators,
            operators: 0,
            periods_around: self.periods_around + self.periods,
            periods: 0,
            queries: self.queries,
            tried_twice: self.tried_twice,
        }
    }

    /// What is wrong with it, and how it may be mended.
    fn exceeds(self) -> Option<Diagnostic> {
        if self.operators_around + self.operators > LONGEST_CHAIN {
            return Some(
                Diagnostic::error(format!(
                    "the expression is too long: at most {LONGEST_CHAIN} operators may stand in one chain"
                ))
                .with_hint(
                    "a long list of alternatives can be written `x IN (…)`, or as a table to join with",
                ),
            );
        }
        if self.periods_around + self.periods > MOST_PERIODS {
            return Some(Diagnostic::error(format!(
                "the name is too long: at most {MOST_PERIODS} periods may join its parts"
            )));
        }
        if self.tried_twice > MOST_TRIED_TWICE {
            return Some(
                Diagnostic::error(format!(
                    "the expression is nested too deeply: at most {MOST_TRIED_TWICE} of CASE, CAST, NOT (…) and their like may stand inside one another"
                ))
                .with_hint("one CASE can have many WHEN"),
            );
        }
        (self.queries > DEEPEST_QUERIES).then(|| {
            Diagnostic::error(format!(
                "the statement is nested too deeply: at most {DEEPEST_QUERIES} queries may stand inside one another"
            ))
            .with_hint("a CTE, `WITH name AS (SELECT …)`, can hold an inner part")
        })
    }
}

/// An open bracket, what stands before it, and how deep it lies.
struct Open<'t> {
    token: &'t Token,
    span: Span,
    before: Option<&'t Token>,
    depth: Depth,
}

/// Checks the brackets and chains of one statement.
pub(crate) fn check(statement: &[TokenWithSpan]) -> Result<(), Diagnostic> {
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut depth = Depth::default();
    let mut before: Option<&Token> = None;
    for TokenWithSpan { token, span } in statement {
        match token {
            Token::Whitespace(_) => continue,
            Token::Period => depth.periods += 1,
            token if is_bracket(token) || before == Some(&Token::Period) => {}
            _ => depth.periods = 0,
        }
        // An interval of anything but a text, `INTERVAL - INTERVAL …`, is tried twice as well.
        if before.is_some_and(|before| is_word(before, "INTERVAL")) && weight(token) > 0 {
            depth.tried_twice += 1;
        }
        match token {
            Token::Comma => depth.operators = 0,
            Token::RParen | Token::RBracket | Token::RBrace => {
                let Some(opened) = open.pop() else {
                    return Err(Diagnostic::error(format!("`{token}` closes nothing")).with_span(*span));
                };
                if closing(opened.token) != *token {
                    return Err(mismatched(&opened, token).with_span(*span));
                }
                depth = opened.depth;
            }
            Token::LParen | Token::LBracket | Token::LBrace => {
                // A chain of brackets, `x[1][1][1]…`, is as deep as a chain of operators.
                depth.operators += 1;
                open.push(Open {
                    token,
                    span: *span,
                    before,
                    depth,
                });
                depth = depth.inside();
                let is_tried_twice =
                    before.is_some_and(|before| TRIED_TWICE.iter().any(|word| is_word(before, word)));
                depth.tried_twice += usize::from(is_tried_twice);
                if open.len() > DEEPEST_BRACKETS {
                    return Err(Diagnostic::error(format!(
                        "the statement is nested too deeply: at most {DEEPEST_BRACKETS} brackets may be open at once"
                    ))
                    .with_span(*span)
                    .with_hint("a CTE, `WITH name AS (SELECT …)`, can hold an inner part"));
                }
            }
            token if is_word(token, "CASE") => depth.tried_twice += 1,
            token if is_word(token, "END") => depth.tried_twice = depth.tried_twice.saturating_sub(1),
            token if begins_a_query(token) && before == Some(&Token::LParen) => {
                let place = open.last().and_then(|open| open.before);
                depth.queries += usize::from(!is_flattened(place, token));
            }
            token => depth.operators += weight(token),
        }
        if let Some(diagnostic) = depth.exceeds() {
            return Err(diagnostic.with_span(*span));
        }
        before = Some(token);
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

fn mismatched(opened: &Open<'_>, found: &Token) -> Diagnostic {
    let start = opened.span.start;
    Diagnostic::error(format!("expected `{}`, found `{found}`", closing(opened.token))).with_note(format!(
        "`{}` was opened at line {}, column {}",
        opened.token, start.line, start.column
    ))
}

fn begins_a_query(token: &Token) -> bool {
    is_word(token, "SELECT") || is_word(token, "WITH")
}

/// Whether a query in a bracket behind `place` costs the planner no more than its text: one of FROM, or a CTE
/// without CTEs of its own.
fn is_flattened(place: Option<&Token>, begin: &Token) -> bool {
    place.is_some_and(|place| {
        ["FROM", "JOIN", "LATERAL"]
            .iter()
            .any(|word| is_word(place, word))
            || (is_word(place, "AS") && is_word(begin, "SELECT"))
    })
}

fn is_word(token: &Token, word: &str) -> bool {
    matches!(token, Token::Word(found) if found.quote_style.is_none() && found.value.eq_ignore_ascii_case(word))
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

/// For how many operators a token counts. Everything that is no operand counts: a new kind of operator is then never
/// forgotten.
fn weight(token: &Token) -> usize {
    match token {
        Token::Word(Word {
            value,
            quote_style: None,
            ..
        }) => {
            let word = value.to_ascii_uppercase();
            let heavy = HEAVY_WORDS.iter().find(|(heavy, _)| *heavy == word);
            heavy.map_or_else(
                || usize::from(OPERATOR_WORDS.binary_search(&word.as_str()).is_ok()),
                |(_, weight)| *weight,
            )
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
        | Token::Placeholder(_)
        | Token::Word(_) => 0,
        _ => 1,
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

    fn nested(open: &str, core: &str, close: &str, depth: usize) -> String {
        open.repeat(depth) + core + &close.repeat(depth)
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
    fn queries_are_limited_where_the_planner_repeats_them() {
        let too_deep = "the statement is nested too deeply: at most 12 queries may stand inside one another";
        for (open, close, depth, fits) in [
            ("(SELECT ", ")", 12, true),
            ("(SELECT ", ")", 13, false),
            ("EXISTS (SELECT 1 WHERE ", ")", 13, false),
            ("NEAREST(x, within => (SELECT * FROM ", "))", 13, false),
            ("(WITH a AS (SELECT 1) SELECT ", ")", 13, false),
            ("WITH a AS (", ") SELECT 1", 14, false),
            ("(SELECT * FROM ", ")", 90, true),
            ("(SELECT 1), ", "", 1000, true),
            ("a AS (SELECT 1), ", "", 1000, true),
        ] {
            let source = nested(open, "SELECT 1", close, depth);
            let found = message(&source).map(|(text, _)| text);
            assert_eq!(found, (!fits).then(|| too_deep.to_owned()), "{open}");
        }
    }

    #[test]
    fn what_is_tried_twice_is_limited_inside_one_another() {
        for (open, close, depth, fits) in [
            ("CASE WHEN a THEN 1 ELSE ", " END", 12, true),
            ("CASE WHEN a THEN 1 ELSE ", " END", 13, false),
            ("CAST(", " AS INT)", 12, true),
            ("CAST(", " AS INT)", 13, false),
            ("not (", ")", 13, false),
            ("INTERVAL ", "", 14, false),
            ("INTERVAL - ", "", 14, false),
            ("INTERVAL (", ")", 13, false),
            ("INTERVAL '1 day' + ", "", 300, true),
            ("CASE WHEN a THEN 1 END + ", "", 300, true),
            ("CAST(a AS INT) + ", "", 300, true),
            ("NOT a AND ", "", 300, true),
            ("abs(", ")", 90, true),
        ] {
            let source = nested(open, "1", close, depth);
            assert_eq!(message(&source).is_none(), fits, "{open} × {depth}");
        }
    }

    #[test]
    fn depth_is_limited() {
        assert_eq!(message(&nested("(", "1", ")", 100)), None);
        let (text, column) = message(&nested("(", "1", ")", 101)).expect("too deep");
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
            ("SELECT 1 UNION ", 500, true),
            ("SELECT 1 UNION ", 501, false),
            ("SELECT 1 except ", 201, false),
            ("a JOIN ", 200, true),
            ("a JOIN ", 201, false),
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
