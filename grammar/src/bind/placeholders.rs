//! `$name` ⇒ the value given for it, as the literal that could stand in its place.
//!
//! Values are put in among the tokens, before a statement is parsed, because a quantity and a time are
//! several tokens in SQL. They carry the placeholder's span, so that errors point at what was typed.

use std::collections::BTreeMap;

use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::{
    desugar,
    literal::{Quantity, QuantityError, TRec},
    span::Span,
};

/// The value of a placeholder.
#[derive(Debug, Clone, PartialEq)]
pub enum Constant {
    /// A number, as it is written.
    Number(String),
    /// `TRUE` or `FALSE`.
    Boolean(bool),
    /// A text.
    Text(String),
    /// A number with its unit.
    Quantity(Quantity),
    /// A time.
    Time(TRec),
}

impl Constant {
    /// Reads a value by its form, as it is given outside of a statement: `5`, `1e22`, `true`, `1e22Mx`,
    /// `2011.02.15_02:00:00_TAI`, `2011-02-15 01:59:26`, which is UTC; anything else, and what stands in single
    /// quotes, is a text.
    ///
    /// # Errors
    /// For a number with the symbol of a unit in the wrong case, and for a quantity out of range.
    ///
    /// # Examples
    /// ```
    /// use helioql_grammar::Constant;
    ///
    /// assert_eq!(Constant::read("1e22")?, Constant::Number("1e22".to_owned()));
    /// assert!(matches!(Constant::read("1e22Mx")?, Constant::Quantity(_)));
    /// assert_eq!(Constant::read("'377'")?, Constant::Text("377".to_owned()));
    /// assert!(Constant::read("1e22mx").is_err());
    /// assert_eq!(Constant::read("2011-02-15 02:00:00")?, Constant::read("2011-02-15T02:00:00Z")?);
    /// # Ok::<(), helioql_grammar::literal::QuantityError>(())
    /// ```
    pub fn read(text: &str) -> Result<Self, QuantityError> {
        if let Some(quoted) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            return Ok(Self::Text(quoted.replace("''", "'")));
        }
        match text {
            "true" => return Ok(Self::Boolean(true)),
            "false" => return Ok(Self::Boolean(false)),
            _ => {}
        }
        // `f64` would also read `nan` and `infinity`, which are words here.
        let starts_a_number = text
            .trim_start_matches(['-', '.'])
            .starts_with(|letter: char| letter.is_ascii_digit());
        if !starts_a_number {
            return Ok(Self::Text(text.to_owned()));
        }
        if text.parse::<f64>().is_ok_and(f64::is_finite) {
            return Ok(Self::Number(text.to_owned()));
        }
        // Without a zone it is UTC, as in SQL.
        let iso = || TRec::from_iso(&format!("{text}Z")).or_else(|_| TRec::from_iso(text));
        if let Ok(time) = text.parse::<TRec>().or_else(|_| iso()) {
            return Ok(Self::Time(time));
        }
        match text.parse::<Quantity>() {
            Ok(quantity) => Ok(Self::Quantity(quantity)),
            Err(QuantityError::Unit(unknown)) if !unknown.is_wrong_case() => Ok(Self::Text(text.to_owned())),
            Err(QuantityError::Form { .. }) => Ok(Self::Text(text.to_owned())),
            Err(error) => Err(error),
        }
    }

    /// Appends the tokens that mean this value in SQL. What has a sign stands in brackets, which keep it apart
    /// from an operator before it.
    fn write_out(&self, span: Span, out: &mut Vec<TokenWithSpan>) {
        let signed = match self {
            Self::Number(number) => number.starts_with('-'),
            Self::Quantity(quantity) => quantity.value.is_sign_negative(),
            _ => false,
        };
        if signed {
            out.extend(placed([Token::LParen], span));
        }
        match self {
            Self::Number(number) => {
                if signed {
                    out.extend(placed([Token::Minus], span));
                }
                let digits = number.trim_start_matches('-').to_owned();
                out.extend(placed([Token::Number(digits, false)], span));
            }
            Self::Boolean(value) => {
                let word = if *value { "TRUE" } else { "FALSE" };
                out.extend(placed([Token::make_word(word, None)], span));
            }
            Self::Text(text) => out.extend(placed([Token::SingleQuotedString(text.clone())], span)),
            Self::Quantity(quantity) => desugar::write_quantity(*quantity, span, out),
            Self::Time(time) => desugar::write_time(*time, span, out),
        }
        if signed {
            out.extend(placed([Token::RParen], span));
        }
    }
}

fn placed<const N: usize>(tokens: [Token; N], span: Span) -> impl Iterator<Item = TokenWithSpan> {
    tokens
        .into_iter()
        .map(move |token| TokenWithSpan::new(token, span))
}

/// Puts `values`, by name in lower case and without the `$`, in the place of their placeholders.
/// Placeholders that have no value stay: PREPARE has a use for them.
pub fn bind_placeholders(
    tokens: &[TokenWithSpan],
    values: &BTreeMap<String, Constant>,
) -> Vec<TokenWithSpan> {
    let mut out = Vec::with_capacity(tokens.len());
    for token in tokens {
        let value = match &token.token {
            Token::Placeholder(text) => text
                .strip_prefix('$')
                .and_then(|name| values.get(&name.to_lowercase())),
            _ => None,
        };
        match value {
            Some(value) => value.write_out(token.span, &mut out),
            None => out.push(token.clone()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desugar::tokenize;

    #[test]
    fn values_are_typed_by_their_form() {
        let text = |text: &str| Constant::Text(text.to_owned());
        let number = |text: &str| Constant::Number(text.to_owned());
        for (source, expected) in [
            ("1e22", number("1e22")),
            ("5", number("5")),
            ("-5", number("-5")),
            ("true", Constant::Boolean(true)),
            ("sharps", text("sharps")),
            ("'377'", text("377")),
            ("'it''s'", text("it's")),
            ("nan", text("nan")),
            ("1e999", text("1e999")),
            ("12q", text("12q")),
            ("a=b", text("a=b")),
            ("", text("")),
            ("60Mm", Constant::Quantity("60Mm".parse().expect("a length"))),
            ("-60Mm", Constant::Quantity("-60Mm".parse().expect("a length"))),
            (
                "2011-02-15T01:59:26Z",
                Constant::Time("2011.02.15_02:00:00_TAI".parse().expect("a time")),
            ),
        ] {
            assert_eq!(Constant::read(source), Ok(expected), "{source}");
        }
        assert!(Constant::read("1e22mx").is_err());
    }

    #[test]
    fn literals_stand_in_the_place_of_placeholders() {
        let values = [
            ("n", "-5"),
            ("away", "-60Mm"),
            ("flux", "1e22Mx"),
            ("at", "2011.02.15_02:00:00_TAI"),
        ];
        let values = values
            .map(|(name, value)| (name.to_owned(), Constant::read(value).expect(value)))
            .into();
        for (source, expected) in [
            ("1-$n", "1-(-5)"),
            ("$Flux", "quantity(1e22,'Mx',1,1,6)"),
            ("1-$away", "1-(-quantity(60.0,'Mm',1,3,8))"),
            ("$at", "TIMESTAMP'2011-02-15T01:59:26'"),
            ("'$n' $other $1", "'$n' $other $1"),
        ] {
            let bound = bind_placeholders(&tokenize(source).expect("tokens"), &values);
            let text: String = bound.iter().map(ToString::to_string).collect();
            assert_eq!(text, expected, "{source}");
        }
    }
}
