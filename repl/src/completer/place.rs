//! Where the cursor is, by the tokens before and behind it: what its word names follows from the word or the
//! bracket before it.

use helioql_grammar::{
    desugar::tokenize,
    sqlparser::tokenizer::{Token, Whitespace, Word},
};

use crate::words::Words;

/// The cursor among the tokens of its statement.
#[derive(Debug)]
pub(super) struct Cursor {
    /// The tokens of the statement without its white space, and without the word at the cursor.
    pub(super) tokens: Vec<Token>,
    /// How many of them stand before the cursor.
    pub(super) at: usize,
    /// The word that is begun.
    pub(super) word: String,
    /// Where it begins in the line.
    pub(super) start: usize,
    /// Whether it is a text in quotes.
    in_text: bool,
}

/// What can stand at a place.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A file's name.
    File,
    /// One of these in quotes, whose first is there.
    Text(Vec<String>),
    /// The first word of a statement.
    Statement,
    /// A table or a function in FROM.
    Source,
    /// A table, or the word for another thing that is described.
    Described,
    /// One of these models.
    Model(Vec<String>),
    /// A setting.
    Setting,
    /// A unit behind this number.
    Unit(String),
    /// A name behind this one and a period.
    Qualified(String),
    /// An argument of this function, or an option of this statement, beside those given; or an expression.
    Argument(String, Vec<String>),
    /// An expression.
    Expression,
}

impl Cursor {
    /// The cursor in a line; `None` in a comment.
    pub(super) fn at(line: &str, position: usize) -> Option<Self> {
        let (before, after) = line.split_at(position);
        let (outside, text) = open_text(before)?;
        if let Some(text) = text {
            return Some(Self {
                tokens: significant(outside),
                at: significant(outside).len(),
                word: text.to_owned(),
                start: before.len() - text.len(),
                in_text: true,
            });
        }
        // A setting's name has periods; elsewhere they part a name from what it belongs to.
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
        let mut start = before.trim_end_matches(is_part).len();
        if last_statement(&significant(&before[..start]))
            .first()
            .is_some_and(|token| is_word(token, "SET"))
        {
            start = before
                .trim_end_matches(|letter| is_part(letter) || letter == '.')
                .len();
        }
        // A number goes on before a point.
        if before[start..].starts_with(|letter: char| letter.is_ascii_digit())
            && before[..start].ends_with('.')
        {
            let whole = before[..start - 1]
                .trim_end_matches(|letter: char| letter.is_ascii_digit())
                .len();
            start = whole;
        }
        let tokens = significant(&before[..start]);
        let mut tokens = last_statement(&tokens).to_vec();
        let at = tokens.len();
        let behind = after.trim_start_matches(is_part);
        let behind = significant(behind);
        let end = behind
            .iter()
            .position(|token| *token == Token::SemiColon)
            .unwrap_or(behind.len());
        tokens.extend_from_slice(&behind[..end]);
        Some(Self {
            tokens,
            at,
            word: before[start..].to_owned(),
            start,
            in_text: false,
        })
    }

    /// What can stand here.
    pub(super) fn place(&self, words: &Words) -> Place {
        let before = &self.tokens[..self.at];
        if self.in_text {
            return text_place(before, words);
        }
        if self.word.starts_with(|letter: char| letter.is_ascii_digit()) {
            let digits = |letter: char| letter.is_ascii_digit() || letter == '.';
            // An exponent belongs to the number: `1e22`.
            let mantissa = self.word.trim_start_matches(digits);
            let rest = match mantissa.strip_prefix(['e', 'E']) {
                Some(exponent) if exponent.starts_with(|letter: char| letter.is_ascii_digit()) => {
                    exponent.trim_start_matches(|letter: char| letter.is_ascii_digit())
                }
                _ => mantissa,
            };
            return Place::Unit(self.word[..self.word.len() - rest.len()].to_owned());
        }
        match before {
            [] => return Place::Statement,
            [.., Token::Word(name), Token::Period] => return Place::Qualified(name.value.clone()),
            [first, ..] if is_word(first, "SET") => return Place::Setting,
            _ => {}
        }
        let last = &before[self.at - 1];
        if is_any(last, &["FROM", "JOIN", "INTO", "TABLE", "UPDATE"]) || self.is_in_from() {
            return Place::Source;
        }
        if is_word(last, "DESCRIBE") {
            return Place::Described;
        }
        if is_word(last, "GENERATOR") {
            return Place::Model(words.generators.clone());
        }
        if is_word(last, "ENCODER") {
            return Place::Model(words.encoders.clone());
        }
        if is_word(last, "INDEX") {
            return Place::Model(words.indexes.clone());
        }
        match call_of(before) {
            Some((name, given)) if matches!(last, Token::LParen | Token::Comma) => {
                Place::Argument(name, given)
            }
            _ => Place::Expression,
        }
    }

    /// Whether a comma before the cursor parts the sources of FROM.
    fn is_in_from(&self) -> bool {
        let before = &self.tokens[..self.at];
        if before.last() != Some(&Token::Comma) {
            return false;
        }
        let mut depth = 0;
        for token in before.iter().rev() {
            match token {
                Token::RParen => depth += 1,
                Token::LParen if depth == 0 => return false,
                Token::LParen => depth -= 1,
                token if depth == 0 && is_word(token, "FROM") => return true,
                token if depth == 0 && is_any(token, &["SELECT", "WHERE", "BY", "WITH", "HAVING"]) => {
                    return false;
                }
                _ => {}
            }
        }
        false
    }
}

/// The call that the end of a text stands in, where nothing of the next argument is there yet.
pub(crate) fn call_at(before: &str) -> Option<String> {
    let (_, text) = open_text(before)?;
    let tokens = significant(before);
    let opens = matches!(tokens.last(), Some(Token::LParen)) && text.is_none();
    opens.then(|| call_of(&tokens)).flatten().map(|(name, _)| name)
}

/// What a text that is begun can name.
fn text_place(before: &[Token], words: &Words) -> Place {
    let argument = before.iter().rev().skip_while(|token| {
        matches!(
            token,
            Token::LBracket | Token::Comma | Token::SingleQuotedString(_)
        )
    });
    let mut argument =
        argument.skip_while(|token| matches!(token, Token::RArrow | Token::Eq | Token::Assignment));
    match argument.next() {
        Some(token) if is_word(token, "GENERATOR") => Place::Text(words.generators.clone()),
        Some(token) if is_word(token, "ENCODER") => Place::Text(words.encoders.clone()),
        Some(token) if is_any(token, &["HOLD", "ALONG"]) => Place::Text(words.quantities.clone()),
        _ => Place::File,
    }
}

/// The function whose arguments are being given, or the statement whose options are, and the names that are
/// there already.
fn call_of(before: &[Token]) -> Option<(String, Vec<String>)> {
    let mut depth = 0;
    let opened = before.iter().rposition(|token| match token {
        Token::RParen => {
            depth += 1;
            false
        }
        Token::LParen => {
            depth -= 1;
            depth < 0
        }
        _ => false,
    })?;
    let name = match before.get(opened.checked_sub(1)?)? {
        Token::Word(word) if is_word(&before[opened - 1], "WITH") && word.quote_style.is_none() => {
            let words = before.iter().filter_map(|token| match token {
                Token::Word(word) if !is_any(token, &["OR", "REPLACE"]) => Some(word.value.to_uppercase()),
                _ => None,
            });
            words.take(2).collect::<Vec<_>>().join(" ")
        }
        Token::Word(word) => word.value.clone(),
        _ => return None,
    };
    let given = before[opened + 1..].windows(2).filter_map(|pair| match pair {
        [Token::Word(word), Token::RArrow | Token::Eq | Token::Assignment] => Some(word.value.to_lowercase()),
        _ => None,
    });
    Some((name, given.collect()))
}

/// What stands before a text that is open at the end, and the text; `None` in a comment.
fn open_text(before: &str) -> Option<(&str, Option<&str>)> {
    let mut rest = before;
    while let Some(at) = rest.find(['\'', '"', '-', '/']) {
        let from = &rest[at..];
        let (end, is_comment) = if from.starts_with("--") {
            (from.find('\n').map(|end| end + 1), true)
        } else if from.starts_with("/*") {
            (from.find("*/").map(|end| end + 2), true)
        } else if let Some(text) = from.strip_prefix('\'') {
            match text.find('\'') {
                Some(end) => (Some(end + 2), false),
                None => return Some((&before[..before.len() - from.len()], Some(text))),
            }
        } else if let Some(name) = from.strip_prefix('"') {
            (name.find('"').map(|end| end + 2), true)
        } else {
            (Some(1), false)
        };
        match end {
            Some(end) => rest = &from[end..],
            None if is_comment => return None,
            None => break,
        }
    }
    Some((before, None))
}

/// The tokens of a text without white space; none where it cannot be cut.
pub(super) fn significant(text: &str) -> Vec<Token> {
    let tokens = tokenize(text)
        .unwrap_or_default()
        .into_iter()
        .map(|token| token.token);
    tokens
        .filter(|token| {
            !matches!(
                token,
                Token::EOF
                    | Token::Whitespace(
                        Whitespace::Space
                            | Whitespace::Newline
                            | Whitespace::Tab
                            | Whitespace::SingleLineComment { .. }
                            | Whitespace::MultiLineComment(_)
                    )
            )
        })
        .collect()
}

fn last_statement(tokens: &[Token]) -> &[Token] {
    tokens
        .rsplit(|token| *token == Token::SemiColon)
        .next()
        .unwrap_or_default()
}

/// Whether a token is this word, in any case.
pub(super) fn is_word(token: &Token, expected: &str) -> bool {
    matches!(token, Token::Word(Word { value, quote_style: None, .. }) if value.eq_ignore_ascii_case(expected))
}

/// Whether a token is one of these words.
pub(super) fn is_any(token: &Token, expected: &[&str]) -> bool {
    expected.iter().any(|word| is_word(token, word))
}
