//! Writes out, in SQL's own tokens, the literals that SQL lacks.
//!
//! | typed | becomes |
//! |---|---|
//! | `1e22Mx`, no space between | `quantity(1e22, 'Mx', line, first column, column after)` |
//! | `QUANTITY '1e22 Mx'` | the same |
//! | `T_REC '2011.02.15_02:00:00_TAI'` | `TIMESTAMP '2011-02-15T01:59:26'`, in UTC |
//! | `a <-> b` | `a && b`, which SQL's parser takes as an operator and our planner as the distance |
//!
//! Every new token carries the span of the whole literal, so that a parser's error points at what was
//! typed; the call repeats the span in its arguments, so that an error found after planning can
//! point there too. Working on tokens leaves strings, comments and quoted names alone.

use sqlparser::{
    dialect::GenericDialect,
    keywords::ALL_KEYWORDS,
    tokenizer::{Token, TokenWithSpan, Tokenizer, Word},
};

use crate::{
    diagnostic::{Diagnostic, from_sql_error},
    literal::{Quantity, QuantityError, TRec},
    span::Span,
    unit::{self, UnknownUnit},
};

/// Name of the function that a quantity is written out as.
pub const QUANTITY_FUNCTION: &str = "quantity";

/// Cuts a text into tokens, white space and comments included.
///
/// # Errors
/// On a string, quoted name or comment that does not end, and on characters that SQL does not know.
pub fn tokenize(source: &str) -> Result<Vec<TokenWithSpan>, Diagnostic> {
    Tokenizer::new(&GenericDialect {}, source)
        .tokenize_with_location()
        .map_err(|error| from_sql_error(&error.to_string()))
}

/// Replaces quantities and typed strings; everything else passes unchanged.
///
/// # Errors
/// On a word written against a number that is no unit, and on a typed string that cannot be read; on all of them at
/// once.
///
/// # Examples
/// ```
/// use helioql_grammar::desugar::{desugar, tokenize};
///
/// let tokens = desugar(&tokenize("1e22Mx")?)?;
/// let sql: String = tokens.iter().map(|token| token.to_string()).collect();
/// assert_eq!(sql, "quantity(1e22,'Mx',1,1,7)");
/// # Ok::<(), helioql_grammar::Diagnostic>(())
/// ```
pub fn desugar(tokens: &[TokenWithSpan]) -> Result<Vec<TokenWithSpan>, Diagnostic> {
    let mut out = Vec::with_capacity(tokens.len());
    let mut mistakes = Vec::new();
    let mut rest = tokens;
    let mut after_period = false;
    while let Some((first, others)) = rest.split_first() {
        // Behind a period the word is a column: `sharps.t_rec`.
        let typed = typed_string(first, others).filter(|_| !after_period);
        let (written, others) = if let Some((kind, string, others)) = typed {
            (
                kind.write_out(string, first.span.union(&string.span), &mut out),
                others,
            )
        } else if let Some(literal) = quantity(rest).transpose() {
            (literal.map(|literal| literal.write_out(&mut out)), &rest[2..])
        } else if let Some((operator, others)) = distance(first, others) {
            out.push(operator);
            (Ok(()), others)
        } else if let Some(mistake) = power_of_ten(rest) {
            out.push(first.clone());
            (Err(mistake), others)
        } else if first.token == Token::Overlap {
            let mistake = Diagnostic::error("an operator was expected, found `&&`")
                .with_span(first.span)
                .with_hint("conditions are joined by AND");
            (Err(mistake), others)
        } else {
            out.push(first.clone());
            (Ok(()), others)
        };
        mistakes.extend(written.err());
        after_period = first.token == Token::Period;
        rest = others;
    }
    match Diagnostic::of_all(mistakes) {
        Some(mistakes) => Err(mistakes),
        None => Ok(out),
    }
}

/// Whether nothing, not even white space, stands between two tokens.
pub(crate) fn adjacent(first: &TokenWithSpan, second: &TokenWithSpan) -> bool {
    first.span.end == second.span.start
}

/// The operator `<->`. SQL's parser has it only for a dialect that changes other operators too, so it is written as
/// one that binds as `PostgreSQL`'s `<->` does, closer than comparisons and looser than sums, and that nothing else
/// uses.
pub(crate) fn distance<'t>(
    first: &TokenWithSpan,
    others: &'t [TokenWithSpan],
) -> Option<(TokenWithSpan, &'t [TokenWithSpan])> {
    let (second, others) = others.split_first()?;
    let is_distance = first.token == Token::Lt && second.token == Token::Arrow && adjacent(first, second);
    is_distance.then(|| {
        (
            TokenWithSpan::new(Token::Overlap, first.span.union(&second.span)),
            others,
        )
    })
}

/// `10^22`, which SQL reads as the bits that 10 and 22 do not share, and nobody means so.
fn power_of_ten(tokens: &[TokenWithSpan]) -> Option<Diagnostic> {
    let mut significant = tokens
        .iter()
        .filter(|token| !matches!(token.token, Token::Whitespace(_)));
    let [base, operator, exponent] = [significant.next()?, significant.next()?, significant.next()?];
    let (Token::Number(ten, _), Token::Caret, Token::Number(power, _)) =
        (&base.token, &operator.token, &exponent.token)
    else {
        return None;
    };
    (ten == "10").then(|| {
        Diagnostic::error("a number was expected, found `^`, which combines the bits of two numbers")
            .with_span(base.span.union(&exponent.span))
            .with_hint(format!("a power of ten is 1e{power}"))
    })
}

/// A number written against a unit.
pub(crate) struct QuantityTokens {
    pub(crate) quantity: Quantity,
    /// The number as typed.
    number: String,
    pub(crate) span: Span,
}

/// Reads a quantity at the start of `tokens`, where it takes two of them: a number and a word.
pub(crate) fn quantity(tokens: &[TokenWithSpan]) -> Result<Option<QuantityTokens>, Diagnostic> {
    let [first, second, ..] = tokens else {
        return Ok(None);
    };
    let (Token::Number(number, long), Token::Word(word)) = (&first.token, &second.token) else {
        return Ok(None);
    };
    if word.quote_style.is_some() || !adjacent(first, second) {
        return Ok(None);
    }
    // The tokenizer takes an `L` behind a number as a suffix of it.
    let symbol = if *long {
        format!("L{}", word.value)
    } else {
        word.value.clone()
    };
    let span = first.span.union(&second.span);
    let value = number
        .parse()
        .map_err(|_| Diagnostic::error(format!("`{number}` is no number")).with_span(span))?;
    match Quantity::new(value, &symbol) {
        Ok(quantity) => Ok(Some(QuantityTokens {
            quantity,
            number: number.clone(),
            span,
        })),
        Err(QuantityError::Unit(error)) => Err(unknown_unit(&error, number, word, second.span)),
        Err(error) => Err(Diagnostic::error(error.to_string()).with_span(span)),
    }
}

fn unknown_unit(error: &UnknownUnit, number: &str, word: &Word, span: Span) -> Diagnostic {
    let diagnostic = Diagnostic::error(error.to_string()).with_span(span);
    let upper = word.value.to_ascii_uppercase();
    if ALL_KEYWORDS.binary_search(&upper.as_str()).is_ok() && !error.is_wrong_case() {
        return diagnostic
            .with_label("a word written against a number is its unit")
            .with_hint(format!(
                "with a space between, `{number} {}`, the word is SQL's",
                word.value
            ));
    }
    let label = if error.is_wrong_case() {
        "units are case-sensitive"
    } else {
        "no unit has this symbol"
    };
    diagnostic
        .with_label(label)
        .with_note(format!("the units are {}", unit::symbols()))
        .with_suggestion(error.closest.map(|symbol| format!("{number}{symbol}")))
}

impl QuantityTokens {
    fn write_out(self, out: &mut Vec<TokenWithSpan>) {
        let Span { start, end } = self.span;
        let last = if end.line == start.line {
            end.column
        } else {
            start.column + 1
        };
        let number = |number: String| Token::Number(number, false);
        let tokens = [
            Token::make_word(QUANTITY_FUNCTION, None),
            Token::LParen,
            number(self.number),
            Token::Comma,
            Token::SingleQuotedString(self.quantity.unit.symbol.to_owned()),
            Token::Comma,
            number(start.line.to_string()),
            Token::Comma,
            number(start.column.to_string()),
            Token::Comma,
            number(last.to_string()),
            Token::RParen,
        ];
        out.extend(
            tokens
                .into_iter()
                .map(|token| TokenWithSpan::new(token, self.span)),
        );
    }
}

/// What a word in front of a string makes of it.
#[derive(Clone, Copy)]
enum TypedString {
    Quantity,
    TRec,
}

fn typed_string<'t>(
    first: &TokenWithSpan,
    others: &'t [TokenWithSpan],
) -> Option<(TypedString, &'t TokenWithSpan, &'t [TokenWithSpan])> {
    let Token::Word(Word {
        value,
        quote_style: None,
        ..
    }) = &first.token
    else {
        return None;
    };
    let kind = if value.eq_ignore_ascii_case("QUANTITY") {
        TypedString::Quantity
    } else if value.eq_ignore_ascii_case("T_REC") {
        TypedString::TRec
    } else {
        return None;
    };
    let at = others
        .iter()
        .position(|token| !matches!(token.token, Token::Whitespace(_)))?;
    let string = &others[at];
    matches!(string.token, Token::SingleQuotedString(_)).then(|| (kind, string, &others[at + 1..]))
}

impl TypedString {
    fn write_out(
        self,
        string: &TokenWithSpan,
        span: Span,
        out: &mut Vec<TokenWithSpan>,
    ) -> Result<(), Diagnostic> {
        let Token::SingleQuotedString(text) = &string.token else {
            return Ok(());
        };
        match self {
            Self::Quantity => {
                let quantity: Quantity = text
                    .parse()
                    .map_err(|error| quantity_error(&error).with_span(string.span))?;
                write_quantity(quantity, span, out);
            }
            Self::TRec => {
                let t_rec: TRec = text.parse().map_err(|error: crate::literal::TRecError| {
                    Diagnostic::error(error.to_string())
                        .with_span(string.span)
                        .with_note(
                            "a T_REC counts in TAI; a UTC time is written TIMESTAMP '2011-02-15 01:59:26'",
                        )
                })?;
                write_time(t_rec, span, out);
            }
        }
        Ok(())
    }
}

/// Appends the tokens of a quantity that stands at `span`.
pub(crate) fn write_quantity(quantity: Quantity, span: Span, out: &mut Vec<TokenWithSpan>) {
    if quantity.value.is_sign_negative() {
        out.push(TokenWithSpan::new(Token::Minus, span));
    }
    let number = format!("{:?}", quantity.value.abs());
    QuantityTokens {
        quantity,
        number,
        span,
    }
    .write_out(out);
}

/// Appends the tokens of a time that stands at `span`.
pub(crate) fn write_time(time: TRec, span: Span, out: &mut Vec<TokenWithSpan>) {
    let tokens = [
        Token::make_word("TIMESTAMP", None),
        Token::SingleQuotedString(time.to_utc()),
    ];
    out.extend(tokens.into_iter().map(|token| TokenWithSpan::new(token, span)));
}

fn quantity_error(error: &QuantityError) -> Diagnostic {
    let diagnostic = Diagnostic::error(error.to_string());
    match error {
        QuantityError::Unit(unknown) => diagnostic
            .with_note(format!("the units are {}", unit::symbols()))
            .with_suggestion(unknown.closest),
        QuantityError::Form { .. } | QuantityError::OutOfRange => diagnostic,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(source: &str) -> Result<String, Diagnostic> {
        Ok(desugar(&tokenize(source)?)?
            .iter()
            .map(ToString::to_string)
            .collect())
    }

    #[test]
    fn literals_are_written_out() {
        for (source, expected) in [
            ("60Mm", "quantity(60,'Mm',1,1,5)"),
            ("5e7km", "quantity(5e7,'km',1,1,6)"),
            ("2arcsec", "quantity(2,'arcsec',1,1,8)"),
            ("3Mm2", "quantity(3,'Mm2',1,1,5)"),
            (".2T", "quantity(.2,'T',1,1,4)"),
            ("a<->b", "a&&b"),
            ("1E3G", "quantity(1E3,'G',1,1,5)"),
            ("a>-12kG", "a>-quantity(12,'kG',1,4,8)"),
            ("f(x => 3e14Wb)", "f(x => quantity(3e14,'Wb',1,8,14))"),
            ("QUANTITY '1e22 Mx'", "quantity(1e22,'Mx',1,1,19)"),
            ("quantity\n'-60Mm'", "-quantity(60.0,'Mm',1,1,2)"),
            (
                "t > T_REC '2011.02.15_02:00:00_TAI'",
                "t > TIMESTAMP '2011-02-15T01:59:26'"
                    .replace("P '", "P'")
                    .as_str(),
            ),
        ] {
            assert_eq!(written(source).as_deref(), Ok(expected), "{source}");
        }
    }

    #[test]
    fn every_literal_that_is_wrong_is_told() {
        let mistakes = written("1mx + 2Mx + QUANTITY '3' && 4Gs").expect_err("four mistakes");
        let columns: Vec<_> = mistakes
            .all()
            .map(|one| one.span.map(|span| span.start.column))
            .collect();
        assert_eq!(columns, [Some(2), Some(22), Some(26), Some(30)]);
    }

    #[test]
    fn everything_else_is_left_alone() {
        for source in [
            "'1e22Mx'",
            "a < -b",
            "'a <-> b'",
            "\"1e22Mx\"",
            "-- 1e22mx",
            "/* 12Gs */",
            "SELECT 60 Mm",
            "SELECT 1\"Mm\"",
            "a1e22Mx",
            "x'1F'",
            "$1Mm",
            "t_rec IN ('2011')",
            "s.t_rec '2011'",
            "quantity(1,'Mx')",
        ] {
            let expected: String = tokenize(source)
                .expect("valid tokens")
                .iter()
                .map(ToString::to_string)
                .collect();
            assert_eq!(written(source), Ok(expected), "{source}");
        }
    }

    #[test]
    fn mistakes_are_pointed_at() {
        for (source, columns, message, hint) in [
            (
                "1e22mx",
                (5, 7),
                "unknown unit `mx`",
                Some("did you mean `1e22Mx`?"),
            ),
            ("12Gs", (3, 5), "unknown unit `Gs`", Some("did you mean `12G`?")),
            (
                "12gauss",
                (3, 8),
                "unknown unit `gauss`",
                Some("did you mean `12G`?"),
            ),
            ("7lightyear", (2, 11), "unknown unit `lightyear`", None),
            (
                "5OFFSET",
                (2, 8),
                "unknown unit `OFFSET`",
                Some("with a space between, `5 OFFSET`, the word is SQL's"),
            ),
            ("1e", (2, 3), "unknown unit `e`", None),
            ("7Lx", (3, 4), "unknown unit `Lx`", Some("did you mean `7Mx`?")),
            (
                "1e400Mx",
                (1, 8),
                "the quantity is out of range: its largest magnitude is 1.8e308 in the base unit",
                None,
            ),
            (
                "QUANTITY '1 mx'",
                (10, 16),
                "unknown unit `mx`",
                Some("did you mean `Mx`?"),
            ),
            (
                "T_REC '2011.02.30'",
                (7, 19),
                "the day must be between 1 and 28, found 30",
                None,
            ),
        ] {
            let diagnostic = written(source).expect_err("a mistake");
            let span = diagnostic.span.expect("a place");
            assert_eq!((span.start.column, span.end.column), columns, "{source}");
            assert_eq!(diagnostic.message, message);
            assert_eq!(diagnostic.hints.first().map(String::as_str), hint, "{source}");
        }
    }
}
