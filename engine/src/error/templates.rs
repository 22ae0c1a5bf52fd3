//! How a message of DataFusion's is read by the pattern of a rule, and written anew.

use helioql_catalog::{Keyword, keyword};
use helioql_grammar::Diagnostic;

use super::{
    datafusion::Translated,
    rules::{Family, RULES},
};

/// What an error is about: words that may stand in the statement, and the names that it could have been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) texts: Vec<String>,
    pub(crate) family: Family,
}

impl About {
    pub(super) fn name(text: &str) -> Self {
        Self {
            texts: vec![text.to_owned()],
            family: Family::None,
        }
    }

    /// The arguments that ask for `keywords`, by any of their names; nothing where there are none.
    pub(super) fn arguments(keywords: &[&str]) -> Option<Self> {
        let keywords = keywords.iter().filter_map(|name| keyword::find(name));
        let texts: Vec<String> = keywords.flat_map(Keyword::names).map(str::to_owned).collect();
        (!texts.is_empty()).then_some(Self {
            texts,
            family: Family::Argument,
        })
    }

    /// A function of ours, whose name a column may have too.
    pub(super) fn call(title: &str) -> Self {
        Self {
            family: Family::Call,
            ..Self::name(title)
        }
    }
}

/// What we say instead of `text`; nothing where no rule knows it.
pub(super) fn apply(text: &str, called: Option<&str>) -> Option<Translated> {
    let (rule, found) = RULES
        .iter()
        .find_map(|rule| Some((rule, capture(rule.theirs.trim_end_matches('.'), text)?)))?;
    let mut diagnostic = Diagnostic::error(fill(rule.ours, &found));
    if let Some(call) = called.filter(|_| rule.ours.contains("these arguments")) {
        let types = call
            .split_once('(')
            .map_or("", |(_, types)| types.trim_end_matches(')'));
        diagnostic.message = format!("{}: found {}", diagnostic.message, described_types(types));
    }
    if !rule.hint.is_empty() {
        diagnostic = diagnostic.with_hint(fill(rule.hint, &found));
    }
    let texts = rule
        .about
        .split('|')
        .filter(|text| !text.is_empty())
        .map(|text| fill(text, &found))
        .collect();
    Some(Translated {
        diagnostic,
        about: Some(About {
            texts,
            family: rule.family,
        }),
    })
}

/// The parts of `text` that stand where `pattern` has `{}`.
fn capture<'t>(pattern: &str, text: &'t str) -> Option<Vec<&'t str>> {
    let mut pieces = pattern.split("{}");
    let mut rest = text.strip_prefix(pieces.next()?)?;
    let mut found = Vec::new();
    let mut pieces = pieces.peekable();
    while let Some(piece) = pieces.next() {
        let at = match (pieces.peek(), piece) {
            (None, "") => rest.len(),
            (None, piece) => rest.strip_suffix(piece)?.len(),
            _ => rest.find(piece)?,
        };
        found.push(rest.get(..at)?);
        rest = rest.get(at + piece.len()..)?;
    }
    rest.is_empty().then_some(found)
}

fn fill(ours: &str, found: &[&str]) -> String {
    let mut text = ours.to_owned();
    for (index, part) in found.iter().enumerate() {
        text = text
            .replace(&format!("{{{index}t}}"), &described_type(part))
            .replace(&format!("{{{index}s}}"), &described_types(part))
            .replace(&format!("{{{index}}}"), &plain(part));
    }
    text.replace("1 argument(s)", "1 argument")
        .replace("argument(s)", "arguments")
        .replace("1 value(s)", "1 value")
        .replace("value(s)", "values")
}

/// An expression as it was typed: without the types that DataFusion shows, `Int64(1)` or `Utf8("x")`, and with quantities
/// as literals.
pub(crate) fn plain(text: &str) -> String {
    const TEXTS: [&str; 3] = ["Utf8(\"", "LargeUtf8(\"", "Utf8View(\""];
    const VALUES: [&str; 9] = [
        "Boolean(", "Int64(", "Int32(", "Int16(", "Int8(", "UInt64(", "UInt32(", "Float64(", "Float32(",
    ];
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let inside_word = out.ends_with(|before: char| before.is_alphanumeric());
        let opened = |opening: &'static str| (!inside_word).then(|| rest.strip_prefix(opening)).flatten();
        if let Some((inner, after)) = TEXTS
            .into_iter()
            .find_map(opened)
            .and_then(|inner| inner.split_once("\")"))
        {
            out.push('\'');
            out.push_str(inner);
            out.push('\'');
            rest = after;
        } else if let Some((inner, after)) = VALUES
            .into_iter()
            .find_map(opened)
            .and_then(|inner| inner.split_once(')'))
        {
            out.push_str(inner);
            rest = after;
        } else if let Some((literal, after)) = opened("quantity(").and_then(quantity) {
            out.push_str(&literal);
            rest = after;
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

/// `1e22Mx` and what follows, of the inside of the call that the grammar writes it out as: `1e22,'Mx',1,8,14)`, with or
/// without the types of the arguments.
fn quantity(call: &str) -> Option<(String, &str)> {
    let mut parts = call.splitn(5, ',');
    let [value, unit, _, _] = [parts.next()?, parts.next()?, parts.next()?, parts.next()?].map(plain);
    let (end, after) = parts.next()?.split_once(')')?;
    let after = if end.contains('(') {
        after.strip_prefix(')')?
    } else {
        after
    };
    let value: f64 = value.parse().ok()?;
    let unit = unit.trim_matches('\'');
    let is_long = value != 0.0 && !(1e-3..1e6).contains(&value.abs());
    let text = if is_long {
        format!("{value:e}{unit}")
    } else {
        format!("{value}{unit}")
    };
    Some((text, after))
}

/// Types parted by commas.
fn described_types(text: &str) -> String {
    let mut depth = 0_usize;
    let parts = text.split(|char| {
        match char {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        char == ',' && depth == 0
    });
    parts.map(described_type).collect::<Vec<_>>().join(", ")
}

/// A type of Arrow, or of DataFusion's signatures, with an article.
pub(super) fn described_type(text: &str) -> String {
    let text = text.trim();
    let list = text
        .strip_prefix("FixedSizeList(")
        .and_then(|rest| rest.split_once(" x "));
    let described = match text {
        "Int8" | "Int16" | "Int32" | "Int64" | "UInt8" | "UInt16" | "UInt32" | "UInt64" | "Integer"
        | "usize" | "u64" | "u32" => "a whole number",
        "Float16" | "Float32" | "Float64" | "Numeric" => "a number",
        "Utf8" | "LargeUtf8" | "Utf8View" | "String" => "a text",
        "Boolean" | "bool" => "true or false",
        "Date32" | "Date64" => "a date",
        "Null" => "NULL",
        _ => match text.split_once('(').map_or(text, |(head, _)| head) {
            "Timestamp" => "a time",
            "Interval" => "an interval",
            "Duration" => "a duration",
            "Decimal128" | "Decimal256" | "Decimal32" | "Decimal64" => "a decimal number",
            "List" | "LargeList" => "a list",
            "Struct" => "a struct",
            "FixedSizeList" => {
                return match list {
                    Some((length, of)) if of.contains("Float32") => {
                        format!("a PATCH, LATENT or EMBEDDING of {length} numbers")
                    }
                    Some((length, _)) => format!("a list of {length} values"),
                    None => "a list".to_owned(),
                };
            }
            _ => return plain(text),
        },
    };
    described.to_owned()
}

/// The call that a message of ours begins with: `EMBED takes …`, `NEAREST: …`.
pub(super) fn title(text: &str) -> Option<&str> {
    let word = text.split([' ', ':']).next()?;
    let is_call = word.len() > 2
        && word
            .chars()
            .all(|char| char.is_ascii_uppercase() || "_0123456789".contains(char));
    is_call.then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_written_anew() {
        for (theirs, ours, about) in [
            ("column 'a' not found in 'b'", "unknown column `b.a`", "b.a"),
            ("Divide by zero error", "division by zero", "/"),
            (
                "Cannot cast string 'x' to value of Float64 type",
                "`'x'` is not a number",
                "x",
            ),
            (
                "Function 'abs' expects Numeric but received String",
                "`abs` takes a number, found a text",
                "abs",
            ),
        ] {
            let found = apply(theirs, None).expect("a rule");
            assert_eq!(found.diagnostic.message, ours);
            assert_eq!(
                found.about.map(|about| about.texts[0].clone()).as_deref(),
                Some(about)
            );
        }
        assert!(apply("something new", None).is_none());
    }

    #[test]
    fn expressions_lose_their_types() {
        for (theirs, ours) in [
            ("Int64(1) + Utf8(\"a\")", "1 + 'a'"),
            ("f(Float64(1.5), Boolean(true))", "f(1.5, true)"),
            (
                "a > quantity(Float64(1e22),Utf8(\"Mx\"),Int64(1),Int64(8),Int64(14)) + 1",
                "a > 1e22Mx + 1",
            ),
            ("(quantity(60,'Mm',1,8,12))", "(60Mm)"),
            ("quantity(60)", "quantity(60)"),
            ("Int64(", "Int64("),
            ("xInt64(1)", "xInt64(1)"),
        ] {
            assert_eq!(plain(theirs), ours);
        }
        assert_eq!(
            described_type("FixedSizeList(16384 x Float32)"),
            "a PATCH, LATENT or EMBEDDING of 16384 numbers"
        );
        assert_eq!(described_type("FixedSizeList(3 x Int64)"), "a list of 3 values");
        assert_eq!(described_type("Timestamp(µs)"), "a time");
    }

    #[test]
    fn patterns_match_whole_texts() {
        assert_eq!(capture("a {} b", "a x b"), Some(vec!["x"]));
        assert_eq!(capture("a {} b", "a x b c"), None);
        assert_eq!(capture("{} a {}", "x a y z"), Some(vec!["x", "y z"]));
        assert_eq!(capture("ab", "ab"), Some(vec![]));
    }
}
