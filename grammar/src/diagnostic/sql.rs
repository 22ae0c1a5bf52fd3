//! `sqlparser`'s errors as diagnostics. They carry their place only as text,
//! `Expected: ), found: FROM at Line: 1, Column: 8`, which is read back here.

use sqlparser::tokenizer::Token;

use crate::{
    desugar::{adjacent, distance, tokenize},
    diagnostic::Diagnostic,
    span::{LineIndex, Location, Span},
};

/// Reads the text of an SQL parser's error, as `sqlparser` or `DataFusion` print it.
///
/// # Examples
/// ```
/// use helioql_grammar::{Location, Span, from_sql_error};
///
/// let diagnostic = from_sql_error("sql parser error: Expected: ), found: FROM at Line: 1, Column: 8");
/// assert_eq!(diagnostic.message, "expected ), found `FROM`");
/// assert_eq!(diagnostic.span, Some(Span::new(Location::new(1, 8), Location::new(1, 12))));
/// ```
pub fn from_sql_error(text: &str) -> Diagnostic {
    read(text).diagnostic()
}

/// The same, with the source at hand: a literal that was written out for the SQL parser is named
/// and underlined as it was typed.
pub fn sql_error(text: &str, source: &str) -> Diagnostic {
    let mut error = read(text);
    if let (Some(place), Some(_)) = (error.place, &error.found)
        && let Some(span) = literal_at(source, place)
    {
        error.found = Some(LineIndex::new(source).slice(span).to_owned());
        error.end = Some(span.end);
    }
    error.diagnostic()
}

/// A parser's error taken apart.
struct SqlError {
    /// `Expected: …`, or the whole message when it has another form.
    message: String,
    found: Option<String>,
    place: Option<Location>,
    end: Option<Location>,
}

fn read(text: &str) -> SqlError {
    let text = unwrap(text.trim());
    let (text, place) = split_place(&text);
    let text = rephrased(&text).map_or(text, str::to_owned);
    match text
        .strip_prefix("Expected: ")
        .and_then(|rest| rest.split_once(", found: "))
    {
        Some((expected, found)) => SqlError {
            message: match expected.trim() {
                "identifier" => "expected a name".to_owned(),
                expected => format!("expected {expected}"),
            },
            found: Some(found.trim().to_owned()),
            place,
            end: None,
        },
        None => SqlError {
            message: lower_first(&text),
            found: None,
            place,
            end: None,
        },
    }
}

impl SqlError {
    fn diagnostic(self) -> Diagnostic {
        let at_end = matches!(self.found.as_deref(), Some("EOF" | ""));
        let width = match &self.found {
            Some(found) if !at_end => found.lines().next().unwrap_or_default().chars().count(),
            _ => 1,
        };
        let message = match &self.found {
            Some(_) if at_end => format!("{}, found the end of the statement", self.message),
            Some(found) => format!("{}, found `{found}`", self.message),
            None => self.message,
        };
        let diagnostic = Diagnostic::error(message);
        match self.place {
            Some(start) => {
                let end = Location::new(start.line, start.column.saturating_add(width as u64));
                diagnostic.with_span(Span::new(start, self.end.unwrap_or(end)))
            }
            None => diagnostic,
        }
    }
}

/// What the parser says of its own inside, said of the text.
fn rephrased(text: &str) -> Option<&'static str> {
    Some(match text {
        "Expected close delimiter '\"' before EOF." => "unterminated name in double quotes",
        "Unexpected EOF while in a multi-line comment" => "unterminated comment",
        _ if text.starts_with("No infix parser for token") => "an operator that is none of SQL's",
        _ => return None,
    })
}

/// Takes off what wrapped the message: `SQL error: ParserError("…")`, `sql parser error: …`.
fn unwrap(text: &str) -> String {
    let mut text = text.strip_prefix("SQL error: ").unwrap_or(text);
    if text.starts_with("RecursionLimitExceeded") {
        return "the statement is nested too deeply".to_owned();
    }
    for wrapper in ["ParserError(\"", "TokenizerError(\""] {
        if let Some(inner) = text.strip_prefix(wrapper) {
            let inner = inner.rsplit_once("\")").map_or(inner, |(inner, _)| inner);
            return unescape(inner);
        }
    }
    for prefix in ["sql parser error: ", "ParserError: ", "TokenizerError: "] {
        text = text.strip_prefix(prefix).unwrap_or(text);
    }
    text.to_owned()
}

/// Undoes the escapes of Rust's `{:?}`, in which such errors are often printed.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        out.push(match char {
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
    out
}

fn split_place(text: &str) -> (String, Option<Location>) {
    const MARK: &str = " at Line: ";
    let read = |at: usize| {
        let (line, rest) = text[at + MARK.len()..].split_once(", Column: ")?;
        let digits = rest
            .find(|char: char| !char.is_ascii_digit())
            .unwrap_or(rest.len());
        let place = Location::new(line.parse().ok()?, rest[..digits].parse().ok()?);
        Some((format!("{}{}", &text[..at], &rest[digits..]), place))
    };
    match text.rfind(MARK).and_then(read) {
        Some((text, place)) => (text, Some(place)),
        None => (text.to_owned(), None),
    }
}

/// A message in lower case, but for a first word that is written in capitals.
pub fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().chain(text.chars().skip(1)).collect()
        }
        _ => text.to_owned(),
    }
}

/// The span of a quantity or a typed string that starts at `place`.
fn literal_at(source: &str, place: Location) -> Option<Span> {
    let tokens = tokenize(source).ok()?;
    let at = tokens.iter().position(|token| token.span.start == place)?;
    let next = tokens.get(at + 1)?;
    match &tokens[at].token {
        Token::Number(..) if adjacent(&tokens[at], next) && matches!(next.token, Token::Word(_)) => {
            Some(Span::new(place, next.span.end))
        }
        _ if distance(&tokens[at], &tokens[at + 1..]).is_some() => Some(Span::new(place, next.span.end)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_diagnostics() {
        for (text, message, place) in [
            (
                "sql parser error: Expected: ), found: FROM at Line: 1, Column: 8",
                "expected ), found `FROM`",
                Some((8, 12)),
            ),
            (
                r#"SQL error: ParserError("Expected: an expression, found: \"a b\" at Line: 1, Column: 3")"#,
                r#"expected an expression, found `"a b"`"#,
                Some((3, 8)),
            ),
            (
                "sql parser error: Expected: an expression, found: EOF",
                "expected an expression, found the end of the statement",
                None,
            ),
            (
                "Unterminated string literal at Line: 1, Column: 4",
                "unterminated string literal",
                Some((4, 5)),
            ),
            (
                "SQL error: RecursionLimitExceeded (current limit: 50)",
                "the statement is nested too deeply",
                None,
            ),
            ("SQL", "SQL", None),
            ("", "", None),
        ] {
            let diagnostic = from_sql_error(text);
            assert_eq!(diagnostic.message, message);
            assert_eq!(
                diagnostic.span.map(|span| (span.start.column, span.end.column)),
                place,
                "{text}"
            );
        }
    }

    #[test]
    fn a_quantity_is_named_as_it_was_typed() {
        let text = "Expected: end of statement, found: quantity at Line: 1, Column: 12";
        let diagnostic = sql_error(text, "SELECT 1 x 1e22Mx");
        assert_eq!(diagnostic.message, "expected end of statement, found `1e22Mx`");
        assert_eq!(diagnostic.span.map(|span| span.end.column), Some(18));
    }
}
