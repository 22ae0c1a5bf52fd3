//! The text of a plan as it is shown.
//!
//! | DataFusion writes | shown |
//! |---|---|
//! | `generate(Float64(10000000000000000000000), NULL, …, Int64(7), Float64(0.02), Utf8("sun"))` | `generate(usflux => 1e22Mx, seed => 7)` |
//! | `typed((<subquery>), Utf8("{…}"))` | `typed((<subquery>))` |
//! | a list of many numbers | `[0.5, 0.25, 0.125, … 16384 numbers]` |
//! | `10000000000000000000000` | `1e22` |
//!
//! What does not read as one of these stays as it is.

use helioql_grammar::bind::{Default, Parameter, Signatures};

use crate::{error::plain, functions::typed::TYPED};

/// A list of more numbers is shown by its first.
const MANY: usize = 12;
/// How many these are.
const SHOWN: usize = 3;
/// A number of so many digits is none that counts something: it does not fit into 64 bits.
const LONG: usize = 21;
/// Calls are read so deep in each other; a statement may nest them without end.
const DEEPEST: usize = 16;

pub(super) fn readable(text: &str, calls: &dyn Signatures) -> String {
    Reader { calls, depth: 0 }.read(text)
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    calls: &'a dyn Signatures,
    depth: usize,
}

impl Reader<'_> {
    fn read(self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let begins = !out.ends_with(|before| is_of_word(before) || before == '.');
            let shown = match first {
                '[' => list(rest),
                '0'..='9' if begins => long_number(rest),
                _ if begins && is_of_word(first) && self.depth < DEEPEST => self.call(rest),
                _ => None,
            };
            if let Some((shown, after)) = shown {
                out.push_str(&shown);
                rest = after;
            } else {
                out.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
        out
    }

    /// A call at the beginning of `text`, by the arguments that were given, and what follows.
    fn call(self, text: &str) -> Option<(String, &str)> {
        let (name, inside) = text.split_at_checked(text.find(|char| !is_of_word(char))?)?;
        let signature = self.calls.get(name)?;
        let (arguments, after) = arguments(inside.strip_prefix('(')?)?;
        if arguments.len() != signature.parameters.len() {
            return None;
        }
        let inner = Self {
            depth: self.depth + 1,
            ..self
        };
        if name == TYPED {
            return Some((format!("{name}({})", inner.read(arguments.first()?)), after));
        }
        let given: Vec<String> = signature
            .parameters
            .iter()
            .zip(arguments)
            .enumerate()
            .filter_map(|(at, (parameter, value))| {
                let value = given(parameter, inner.read(&plain(value)))?;
                let is_placed = at < signature.positional && parameter.default == Default::Required;
                Some(if is_placed {
                    value
                } else {
                    format!("{} => {value}", parameter.name)
                })
            })
            .collect();
        Some((format!("{name}({})", given.join(", ")), after))
    }
}

/// The value of an argument as it would be written; nothing where it is the one that the parameter has by itself.
fn given(parameter: &Parameter, value: String) -> Option<String> {
    let default = parameter.default.to_string();
    if value == "NULL" || value == default || value == default.trim_matches('\'') {
        return None;
    }
    match (value.parse::<f64>(), parameter.dimension) {
        (Ok(number), Some(dimension)) if number.abs() >= 1e6 => {
            Some(format!("{number:e}{}", dimension.base()))
        }
        (Ok(number), Some(dimension)) => Some(format!("{number}{}", dimension.base())),
        _ => Some(value),
    }
}

fn is_of_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

/// The arguments behind the bracket that opens a call, and what follows the one that closes it.
fn arguments(text: &str) -> Option<(Vec<&str>, &str)> {
    let (mut open, mut begin) = (0_usize, 0);
    let mut found = Vec::new();
    for (at, char) in text.char_indices() {
        match char {
            '(' | '[' | '{' => open += 1,
            ')' if open == 0 => {
                found.push(text[begin..at].trim());
                return Some((found, &text[at + 1..]));
            }
            ')' | ']' | '}' => open = open.checked_sub(1)?,
            ',' if open == 0 => {
                found.push(text[begin..at].trim());
                begin = at + 1;
            }
            _ => {}
        }
    }
    None
}

/// A list of many numbers at the beginning of `text`, and what follows.
fn list(text: &str) -> Option<(String, &str)> {
    let (numbers, after) = text.strip_prefix('[')?.split_once(']')?;
    let count = numbers.split(", ").count();
    let is_number = |text: &str| text == "null" || text.parse::<f64>().is_ok();
    if count <= MANY || !numbers.split(", ").all(is_number) {
        return None;
    }
    let first: Vec<&str> = numbers.split(", ").take(SHOWN).collect();
    Some((format!("[{}, … {count} numbers]", first.join(", ")), after))
}

/// A number of very many digits at the beginning of `text`, and what follows.
fn long_number(text: &str) -> Option<(String, &str)> {
    let end = text
        .find(|char: char| !char.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, after) = text.split_at(end);
    if digits.len() < LONG || after.starts_with('.') {
        return None;
    }
    let number: f64 = digits.parse().ok()?;
    Some((format!("{number:e}"), after))
}

#[cfg(test)]
mod tests {
    use helioql_grammar::{
        Dimension,
        bind::{CallSignature, Kind},
    };

    use super::*;

    fn read(text: &str) -> String {
        let required = |name| Parameter::required(name, Kind::Any);
        let optional = |name, default| Parameter::optional(name, Kind::Any, default);
        let call = |name, positional, parameters| CallSignature {
            name,
            parameters,
            positional,
        };
        let calls = vec![
            call("typed", 2, vec![required("value"), required("metadata")]),
            call(
                "embed",
                1,
                vec![required("patch"), optional("encoder", Default::Text("look"))],
            ),
            call(
                "generate",
                0,
                vec![
                    Parameter::measure("usflux", Dimension::Flux),
                    optional("seed", Default::Null),
                    optional("tolerance", Default::Number(0.02)),
                ],
            ),
        ];
        readable(text, &calls)
    }

    #[test]
    fn calls_have_the_arguments_that_were_given() {
        for (theirs, ours) in [
            (
                r#"to=embed(generate(Float64(10000000000000000000000), NULL, Float64(0.02)), Utf8("look")), k=5"#,
                "to=embed(generate(usflux => 1e22Mx)), k=5",
            ),
            (
                "embed(generate(NULL, 7, 0.1), other)",
                "embed(generate(seed => 7, tolerance => 0.1), encoder => other)",
            ),
            (
                r#"Projection: typed((<subquery>), Utf8("{"a":"{\"b\":1}"}")) AS q"#,
                "Projection: typed((<subquery>)) AS q",
            ),
            ("a > 10000000000000000000000", "a > 1e22"),
            ("a@1 > 1297735200000000000", "a@1 > 1297735200000000000"),
        ] {
            assert_eq!(read(theirs), ours);
        }
    }

    #[test]
    fn what_reads_otherwise_stays() {
        for text in [
            "generate(seed => 7)",
            "generate(NULL, 7",
            "regenerate(NULL, 7, 0.02)",
            "generate(NULL, 7, 0.02]",
            "embed",
            "",
        ] {
            assert_eq!(read(text), text);
        }
        let nested = format!("{}1{}", "embed(".repeat(50_000), ", look)".repeat(50_000));
        assert!(read(&nested).contains("look"));
    }

    #[test]
    fn only_long_lists_of_numbers_are_shortened() {
        let numbers: Vec<String> = (0..20).map(|number| format!("{number}.5")).collect();
        let long = format!("expr=[a, scalar_subquery({{patch:[{}]}})]", numbers.join(", "));
        assert_eq!(
            read(&long),
            "expr=[a, scalar_subquery({patch:[0.5, 1.5, 2.5, … 20 numbers]})]"
        );
        let names: Vec<String> = (0..20).map(|number| format!("c{number}")).collect();
        for kept in [
            format!("projection=[{}]", names.join(", ")),
            "[1, 2, NaN]".to_owned(),
            "[1, ".repeat(20),
        ] {
            assert_eq!(read(&kept), kept);
        }
    }
}
