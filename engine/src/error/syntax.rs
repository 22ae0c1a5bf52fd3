//! What was meant where SQL's parser was lost. It tells the token that it could not go on with; what is wrong often
//! stands before that, or is what only a physicist writes.

use helioql_grammar::{
    Diagnostic, Span, TokenWithSpan, Unit, closest,
    sqlparser::tokenizer::{Token, Word},
};

use super::place::is_space;

/// Words that go on with a query, one of which was meant where the query suddenly ends.
const CLAUSES: [&str; 10] = [
    "FROM", "WHERE", "HAVING", "LIMIT", "OFFSET", "JOIN", "UNION", "GROUP BY", "ORDER BY", "WINDOW",
];
/// Words that go on with an expression.
const OPERATORS: [&str; 6] = ["AND", "OR", "BETWEEN", "LIKE", "ASC", "DESC"];

/// Says what was meant, where that can be told from the tokens around the place.
pub(super) fn meant(diagnostic: Diagnostic, tokens: &[TokenWithSpan]) -> Diagnostic {
    let significant: Vec<&TokenWithSpan> = tokens.iter().filter(|token| !is_space(token)).collect();
    let is_lost = diagnostic.message.starts_with("expected ") || diagnostic.message.starts_with(END_EXPECTED);
    let place = diagnostic.span.filter(|_| is_lost && diagnostic.hints.is_empty());
    let at = place.and_then(|span| {
        significant
            .iter()
            .position(|token| token.span.start == span.start)
    });
    match at {
        Some(at) => Lost {
            tokens: &significant,
            at,
        }
        .meant(diagnostic),
        None => diagnostic,
    }
}

const END_EXPECTED: &str = "the end of the statement was expected";

/// Where the parser was lost.
struct Lost<'t> {
    tokens: &'t [&'t TokenWithSpan],
    at: usize,
}

impl Lost<'_> {
    fn meant(&self, diagnostic: Diagnostic) -> Diagnostic {
        let at = self.at;
        let before = at.checked_sub(1);
        if self.is(at, &["GROUP", "ORDER", "PARTITION"]) && !self.is(at + 1, &["BY"]) {
            return diagnostic.with_hint(format!("it is written `{} BY`", self.upper(at)));
        }
        if let Some(before) = before {
            if let Some((expected, found)) = self.missing_of_case() {
                return self
                    .expected(&format!("expected {expected} in CASE"), found)
                    .with_hint("the form is CASE WHEN condition THEN value ELSE value END");
            }
            if let Token::Number(number, _) = &self.tokens[before].token
                && let Some(word) = self.word(at)
                && Unit::find(word).is_ok()
            {
                return diagnostic
                    .with_hint(format!("a unit is written against its number: `{number}{word}`"));
            }
            if let Some(colon) = [at, before].into_iter().find(|at| self.is_colon_of_argument(*at)) {
                return self.expected("expected `=>`", colon).with_hint(NAMED);
            }
            if self.is(before, &["FROM"]) && before > 0 && self.is(before - 1, &["AS"]) {
                return self.expected("expected a name behind AS", before);
            }
        }
        if self.tokens[at].token == Token::RArrow {
            return diagnostic.with_hint(format!("`>=` is at least; {NAMED}"));
        }
        if diagnostic.message.starts_with(END_EXPECTED) {
            return self.misspelt(diagnostic);
        }
        diagnostic
    }

    /// `harpnum FORM sharps`: the word before the one that was found was meant to go on with the query.
    fn misspelt(&self, diagnostic: Diagnostic) -> Diagnostic {
        let near = |at: usize| {
            let found = self.word(at)?;
            let like = |words: &[&'static str]| {
                closest(found, words.iter().copied()).filter(|word| !word.eq_ignore_ascii_case(found))
            };
            let clause = like(&CLAUSES).map(|word| ("expected a clause such as FROM or WHERE", word));
            let operator = || like(&OPERATORS).map(|word| ("expected a word such as AND or DESC", word));
            clause
                .or_else(operator)
                .map(|(expected, word)| self.expected(expected, at).with_suggestion(Some(word)))
        };
        let before = self.at.checked_sub(1);
        before
            .and_then(near)
            .or_else(|| near(self.at))
            .unwrap_or(diagnostic)
    }

    /// `f(name: value`: SQL's parser takes the colon for the path of a document.
    fn is_colon_of_argument(&self, at: usize) -> bool {
        let token = |back: usize| at.checked_sub(back).map(|at| &self.tokens[at].token);
        token(0) == Some(&Token::Colon)
            && matches!(token(1), Some(Token::Word(_)))
            && matches!(token(2), Some(Token::LParen | Token::Comma))
    }

    /// What a CASE lacks, and the token that stands there instead. SQL's parser takes such a CASE for a column, and the
    /// word behind it for that column's new name.
    fn missing_of_case(&self) -> Option<(&'static str, usize)> {
        let near = self.at.saturating_sub(2)..self.at;
        let case = near.rev().find(|at| self.is(*at, &["CASE"]))?;
        let mut expected = "WHEN";
        let (mut brackets, mut cases) = (0_usize, 0_usize);
        for at in case + 1..self.tokens.len() {
            match &self.tokens[at].token {
                Token::LParen => brackets += 1,
                Token::RParen if brackets == 0 => return Some((expected, at)),
                Token::RParen => brackets -= 1,
                Token::Word(_) if brackets > 0 => {}
                Token::Word(_) if self.is(at, &["CASE"]) => cases += 1,
                Token::Word(_) if cases > 0 => cases -= usize::from(self.is(at, &["END"])),
                Token::Word(_) => match (expected, self.upper(at).as_str()) {
                    ("WHEN" | "END", "WHEN") => expected = "THEN",
                    ("THEN", "THEN") | ("END", "ELSE") => expected = "END",
                    ("END", "END") => return None,
                    (_, "WHEN" | "THEN" | "ELSE" | "END" | "FROM") => return Some((expected, at)),
                    _ => {}
                },
                _ => {}
            }
        }
        Some((expected, self.tokens.len()))
    }

    fn expected(&self, expected: &str, at: usize) -> Diagnostic {
        match self.tokens.get(at) {
            Some(found) => {
                Diagnostic::error(format!("{expected}, found `{}`", found.token)).with_span(found.span)
            }
            None => {
                let end = self
                    .tokens
                    .last()
                    .map_or(Span::empty(), |last| Span::new(last.span.end, last.span.end));
                Diagnostic::error(format!("{expected}, found the end of the statement")).with_span(end)
            }
        }
    }

    /// The word at `at`, if it is not in quotes.
    fn word(&self, at: usize) -> Option<&str> {
        match &self.tokens.get(at)?.token {
            Token::Word(Word {
                value,
                quote_style: None,
                ..
            }) => Some(value),
            _ => None,
        }
    }

    fn upper(&self, at: usize) -> String {
        self.word(at).unwrap_or_default().to_uppercase()
    }

    fn is(&self, at: usize, words: &[&str]) -> bool {
        self.word(at)
            .is_some_and(|found| words.iter().any(|word| found.eq_ignore_ascii_case(word)))
    }
}

const NAMED: &str = "a named argument of a function is written `name => value`";
