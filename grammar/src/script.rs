//! Scripts: many statements in one text, parted by semicolons.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::{ast::Statement, desugar::tokenize, error::ParseError, parser, span::LineIndex};

/// Splits a script at its semicolons and parses each statement. All of it is parsed before anything
/// can run, so that a script with a mistake in our statements does nothing at all.
///
/// # Errors
/// The first mistake, with its place in `source`. Mistakes inside plain SQL are found later, by
/// `DataFusion`'s parser.
///
/// # Examples
/// ```
/// let statements = helioql_grammar::parse("SELECT ';'; -- nothing\n; SHOW GENERATORS")?;
/// let texts: Vec<&str> = statements.iter().map(|statement| statement.text.as_str()).collect();
/// assert_eq!(texts, ["SELECT ';'", "SHOW GENERATORS"]);
/// # Ok::<(), helioql_grammar::ParseError>(())
/// ```
pub fn parse(source: &str) -> Result<Vec<Statement>, ParseError> {
    let tokens = tokenize(source)?;
    let lines = LineIndex::new(source);
    tokens
        .split(|token| token.token == Token::SemiColon)
        .filter_map(trim)
        .map(|tokens| parser::statement(tokens, &lines).map_err(ParseError))
        .collect()
}

/// Whether a text can be run as it stands: it is blank, or it ends with a semicolon outside of
/// strings, comments and brackets. The prompt asks for another line until it is.
///
/// A text that no further line can mend is complete too, so that its error is shown at once.
///
/// # Examples
/// ```
/// use helioql_grammar::is_complete;
///
/// assert!(is_complete("SELECT 1;"));
/// assert!(!is_complete("SELECT 1"));
/// assert!(!is_complete("SELECT ';"));
/// ```
pub fn is_complete(source: &str) -> bool {
    let tokens = match tokenize(source) {
        Ok(tokens) => tokens,
        Err(error) => return !needs_more(&error.message),
    };
    let open = tokens.iter().fold(0_usize, |open, token| match token.token {
        Token::LParen | Token::LBracket | Token::LBrace => open + 1,
        Token::RParen | Token::RBracket | Token::RBrace => open.saturating_sub(1),
        _ => open,
    });
    match trim(&tokens).and_then(<[_]>::last) {
        Some(last) => last.token == Token::SemiColon && open == 0,
        None => true,
    }
}

/// Whether the tokenizer stopped because the text did: `sqlparser` tells only by its wording.
fn needs_more(message: &str) -> bool {
    ["unterminated", "EOF", "close delimiter"]
        .iter()
        .any(|part| message.contains(part))
}

/// The tokens without white space and comments at both ends; `None` if nothing is left.
fn trim(tokens: &[TokenWithSpan]) -> Option<&[TokenWithSpan]> {
    let significant = |token: &TokenWithSpan| !matches!(token.token, Token::Whitespace(_) | Token::EOF);
    let first = tokens.iter().position(significant)?;
    let last = tokens.iter().rposition(significant)?;
    Some(&tokens[first..=last])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prompt_knows_when_to_go_on() {
        for (source, complete) in [
            ("", true),
            ("  \n", true),
            ("-- a note", true),
            ("SELECT 1", false),
            ("SELECT 1;", true),
            ("SELECT 1; -- done", true),
            ("SELECT 1; SELECT 2", false),
            ("SELECT (1;", false),
            ("SELECT 1);", true),
            ("SELECT 'a;", false),
            ("SELECT \"a;", false),
            ("SELECT $$a;", false),
            ("/* SELECT 1;", false),
            ("/* ; */ SELECT 1;", true),
            ("SELECT ';'", false),
        ] {
            assert_eq!(is_complete(source), complete, "{source:?}");
        }
    }

    #[test]
    fn statements_know_their_text_and_place() {
        let source = "SELECT 1;\n\n  /* two */ SELECT 'Φ' -- end\n;;";
        let statements = parse(source).expect("a valid script");
        let found: Vec<_> = statements
            .iter()
            .map(|statement| {
                (
                    statement.text.as_str(),
                    statement.span.start.line,
                    statement.span.start.column,
                )
            })
            .collect();
        assert_eq!(found, [("SELECT 1", 1, 1), ("SELECT 'Φ'", 3, 13)]);
    }
}
