//! `WITH (name = value, …)`: the settings of a statement.
//!
//! The grammar reads any name and any literal. The statement that knows its settings takes them one
//! by one, each with its type, and then says [`Options::finish`], which refuses what is left.

use std::fmt;

use sqlparser::ast::Ident;

use crate::{
    ast::quoted, diagnostic::Diagnostic, literal::Quantity, span::Span, suggest::closest, unit::Dimension,
};

/// The value of an option.
#[derive(Debug, Clone, PartialEq)]
pub enum OptionValue {
    /// As written, its sign included, so that no digit of a 64-bit seed is lost.
    Number(String),
    /// `'text'`
    Text(String),
    /// `true` or `false`
    Bool(bool),
    /// `60Mm`
    Quantity(Quantity),
    /// `['psep', 'r_value']`
    List(Vec<OptionValue>),
}

impl OptionValue {
    /// What it is, with an article, for messages.
    fn described(&self) -> String {
        match self {
            Self::Number(number) => format!("the number {number}"),
            Self::Text(_) => "a text".to_owned(),
            Self::Bool(_) => "a truth value".to_owned(),
            Self::Quantity(quantity) => format!("{}, {quantity}", quantity.dimension().described()),
            Self::List(_) => format!("the list {self}"),
        }
    }
}

impl fmt::Display for OptionValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => f.write_str(number),
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Quantity(quantity) => f.write_str(&quantity.to_string().replace(' ', "")),
            Self::List(values) => {
                let values: Vec<String> = values.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", values.join(", "))
            }
        }
    }
}

/// One `name = value`.
#[derive(Debug, Clone, PartialEq)]
struct Setting {
    name: Ident,
    value: OptionValue,
    span: Span,
}

/// The options of a statement that have not been taken yet.
///
/// # Examples
/// ```
/// use helioql_grammar::{StatementKind, parse};
///
/// let source = "CREATE GENERATOR sun WITH (steps = 2e4, arch = 'dcgan', stesp = 1) AS SELECT patch FROM sharps";
/// let StatementKind::CreateGenerator(create) = parse(source)?.remove(0).kind else { unreachable!() };
/// let mut options = create.options;
/// assert_eq!(options.take_usize("steps"), Ok(Some(20_000)));
/// assert_eq!(options.take_string("arch"), Ok(Some("dcgan".to_owned())));
/// assert_eq!(options.take_bool("resume"), Ok(None));
///
/// let error = options.finish(&["steps", "arch", "resume"]).unwrap_err();
/// assert_eq!(error.message, "unknown option `stesp`");
/// assert_eq!(error.hints, ["did you mean `steps`?"]);
/// # Ok::<(), helioql_grammar::ParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, std::default::Default)]
pub struct Options {
    settings: Vec<Setting>,
}

impl Options {
    /// Whether none is left.
    pub fn is_empty(&self) -> bool {
        self.settings.is_empty()
    }

    /// Adds an option whose name is already lower case.
    pub(crate) fn insert(&mut self, name: Ident, value: OptionValue, span: Span) -> Result<(), Diagnostic> {
        if self
            .settings
            .iter()
            .any(|setting| setting.name.value == name.value)
        {
            return Err(
                Diagnostic::error(format!("option `{}` is given twice", name.value)).with_span(name.span),
            );
        }
        self.settings.push(Setting { name, value, span });
        Ok(())
    }

    /// The value of an option and its place, whatever its type.
    pub fn take(&mut self, name: &str) -> Option<(OptionValue, Span)> {
        let at = self
            .settings
            .iter()
            .position(|setting| setting.name.value == name)?;
        let setting = self.settings.remove(at);
        Some((setting.value, setting.span))
    }

    /// A number without a unit.
    ///
    /// # Errors
    /// When the option has another type, or is not finite.
    pub fn take_f64(&mut self, name: &str) -> Result<Option<f64>, Diagnostic> {
        self.take_as(name, "a number", |value| match value {
            OptionValue::Number(number) => number.parse().ok().filter(|value: &f64| value.is_finite()),
            _ => None,
        })
    }

    /// A whole number from zero on; `2e4` is one.
    ///
    /// # Errors
    /// When the option has another type, is negative, broken, or greater than 64 bits hold.
    pub fn take_u64(&mut self, name: &str) -> Result<Option<u64>, Diagnostic> {
        self.take_as(name, "a whole number from 0 on", |value| match value {
            OptionValue::Number(number) => whole(number),
            _ => None,
        })
    }

    /// A count or a size.
    ///
    /// # Errors
    /// As [`Options::take_u64`].
    pub fn take_usize(&mut self, name: &str) -> Result<Option<usize>, Diagnostic> {
        self.take_as(name, "a whole number from 0 on", |value| match value {
            OptionValue::Number(number) => whole(number).and_then(|whole| whole.try_into().ok()),
            _ => None,
        })
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// When the option has another type.
    pub fn take_bool(&mut self, name: &str) -> Result<Option<bool>, Diagnostic> {
        self.take_as(name, "true or false", |value| match value {
            OptionValue::Bool(value) => Some(*value),
            _ => None,
        })
    }

    /// A text.
    ///
    /// # Errors
    /// When the option has another type.
    pub fn take_string(&mut self, name: &str) -> Result<Option<String>, Diagnostic> {
        self.take_as(name, "a text in quotes", |value| match value {
            OptionValue::Text(text) => Some(text.clone()),
            _ => None,
        })
    }

    /// A list of texts.
    ///
    /// # Errors
    /// When the option has another type.
    pub fn take_strings(&mut self, name: &str) -> Result<Option<Vec<String>>, Diagnostic> {
        let wanted = "a list of texts such as ['psep', 'r_value']";
        self.take_as(name, wanted, |value| match value {
            OptionValue::List(values) => values
                .iter()
                .map(|value| match value {
                    OptionValue::Text(text) => Some(text.clone()),
                    _ => None,
                })
                .collect(),
            _ => None,
        })
    }

    /// A list of counts or sizes.
    ///
    /// # Errors
    /// When the option has another type, or a number in it is negative, broken or too great.
    pub fn take_usizes(&mut self, name: &str) -> Result<Option<Vec<usize>>, Diagnostic> {
        let wanted = "a list of whole numbers such as [16, 24]";
        self.take_as(name, wanted, |value| match value {
            OptionValue::List(values) => values
                .iter()
                .map(|value| match value {
                    OptionValue::Number(number) => whole(number).and_then(|whole| whole.try_into().ok()),
                    _ => None,
                })
                .collect(),
            _ => None,
        })
    }

    /// A quantity, or a number that counts the dimension's base unit, in that unit.
    ///
    /// # Errors
    /// When the option has another type or dimension.
    pub fn take_quantity(&mut self, name: &str, dimension: Dimension) -> Result<Option<f64>, Diagnostic> {
        let wanted = format!("{} such as 1{}", dimension.described(), dimension.base());
        self.take_as(name, &wanted, |value| match value {
            OptionValue::Quantity(quantity) => quantity.in_base(dimension),
            OptionValue::Number(number) => number.parse().ok().filter(|value: &f64| value.is_finite()),
            _ => None,
        })
    }

    /// Refuses whatever was not taken; `known` are the names that would have been.
    ///
    /// # Errors
    /// For the first option that is left.
    pub fn finish(&self, known: &[&str]) -> Result<(), Diagnostic> {
        let Some(Setting { name, .. }) = self.settings.first() else {
            return Ok(());
        };
        let label = if known.is_empty() {
            "the statement has no options".to_owned()
        } else {
            format!("expected one of {}", known.join(", "))
        };
        Err(Diagnostic::error(format!("unknown option `{}`", name.value))
            .with_span(name.span)
            .with_label(label)
            .with_suggestion(closest(&name.value, known.iter().copied())))
    }

    fn take_as<T>(
        &mut self,
        name: &str,
        wanted: &str,
        convert: impl Fn(&OptionValue) -> Option<T>,
    ) -> Result<Option<T>, Diagnostic> {
        let Some((value, span)) = self.take(name) else {
            return Ok(None);
        };
        convert(&value).map(Some).ok_or_else(|| {
            Diagnostic::error(format!(
                "option `{name}` takes {wanted}, found {}",
                value.described()
            ))
            .with_span(span)
        })
    }
}

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, Setting { name, value, .. }) in self.settings.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{name} = {value}")?;
        }
        Ok(())
    }
}

fn whole(number: &str) -> Option<u64> {
    // Up to 2⁵³ a float holds every whole number, so the spelling `2e4` is exact.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    number.parse().ok().or_else(|| {
        let value: f64 = number.parse().ok()?;
        (value.fract() == 0.0 && (0.0..=EXACT).contains(&value)).then_some(value as u64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_lose_no_digit() {
        for (text, expected) in [
            ("18446744073709551615", Some(u64::MAX)),
            ("2e4", Some(20_000)),
            ("7.0", Some(7)),
            ("7.5", None),
            ("-1", None),
            ("18446744073709551616", None),
            ("1e999", None),
        ] {
            assert_eq!(whole(text), expected, "{text}");
        }
    }
}
