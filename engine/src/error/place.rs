//! Where in a statement an error lies that came without a place: what it is about is looked for among the tokens,
//! and the first that says it is pointed at.

use helioql_grammar::{
    Diagnostic, Location, Span, Statement, StatementKind, TokenWithSpan, desugar,
    sqlparser::tokenizer::{Token, Word},
};

use super::{rules::Family, syntax, templates::About};

/// The tokens of a statement, with places that count in its script.
pub(crate) fn tokens(statement: &Statement) -> Vec<TokenWithSpan> {
    if let StatementKind::Sql(tokens) = &statement.kind {
        return tokens.clone();
    }
    // A statement of ours has been parsed once, so that it can be cut into tokens again.
    let mut tokens = desugar::tokenize(&statement.text).unwrap_or_default();
    let start = statement.span.start;
    let shift = |at: Location| {
        let column = if at.line == 1 {
            at.column + start.column - 1
        } else {
            at.column
        };
        Location::new(at.line + start.line - 1, column)
    };
    for token in &mut tokens {
        token.span = Span::new(shift(token.span.start), shift(token.span.end));
    }
    tokens
}

/// Points at what the error is about.
pub(super) fn place(
    mut diagnostic: Diagnostic,
    about: Option<&About>,
    tokens: &[TokenWithSpan],
) -> Diagnostic {
    if diagnostic.span.is_none() {
        if diagnostic.message.ends_with("found the end of the statement") {
            let last = tokens.iter().rfind(|token| !is_space(token));
            diagnostic.span = last.map(|last| Span::new(last.span.end, last.span.end));
        } else if let Some(about) = about.filter(|about| about.family == Family::Argument) {
            diagnostic.span = find_arguments(&about.texts, tokens);
        } else if let Some(about) = about {
            let called = |text: &String| find_call(text, tokens).filter(|_| about.family == Family::Call);
            diagnostic.span = about
                .texts
                .iter()
                .find_map(|text| called(text).or_else(|| find(text, tokens)));
        }
    }
    if let Some(about) = about.filter(|about| about.family == Family::Table) {
        diagnostic.span = diagnostic.span.map(|span| without_alias(span, about, tokens));
    }
    diagnostic.span = diagnostic.span.map(|span| with_sign(span, tokens));
    syntax::meant(diagnostic, tokens)
}

/// DataFusion points at a table with its alias; the name alone is wrong.
fn without_alias(span: Span, about: &About, tokens: &[TokenWithSpan]) -> Span {
    let inside = |token: &&TokenWithSpan| span.start <= token.span.start && token.span.end <= span.end;
    let inside: Vec<TokenWithSpan> = tokens.iter().filter(inside).cloned().collect();
    about
        .texts
        .iter()
        .find_map(|text| find(text, &inside))
        .unwrap_or(span)
}

pub(super) fn is_space(token: &TokenWithSpan) -> bool {
    matches!(token.token, Token::Whitespace(_) | Token::EOF)
}

/// The first token that says `name` before a bracket.
fn find_call(name: &str, tokens: &[TokenWithSpan]) -> Option<Span> {
    let significant: Vec<&TokenWithSpan> = tokens.iter().filter(|token| !is_space(token)).collect();
    significant
        .windows(2)
        .find_map(|pair| match (&pair[0].token, &pair[1].token) {
            (Token::Word(word), Token::LParen) if word.value.eq_ignore_ascii_case(name) => Some(pair[0].span),
            _ => None,
        })
}

/// The arguments of one call that are given under `names`, from the first to the end of the last; nothing where one
/// is given several times, since it is not known which of them was wrong.
fn find_arguments(names: &[String], tokens: &[TokenWithSpan]) -> Option<Span> {
    let significant: Vec<&TokenWithSpan> = tokens.iter().filter(|token| !is_space(token)).collect();
    let mut found: Vec<(&String, Span)> = Vec::new();
    for (at, pair) in significant.windows(2).enumerate() {
        let (Token::Word(word), Token::RArrow) = (&pair[0].token, &pair[1].token) else {
            continue;
        };
        let Some(name) = names.iter().find(|name| word.value.eq_ignore_ascii_case(name)) else {
            continue;
        };
        if found.iter().any(|(other, _)| *other == name) {
            return None;
        }
        let last = at + 1 + length_of_value(&significant[at + 2..]);
        found.push((name, pair[0].span.union(&significant[last].span)));
    }
    found
        .into_iter()
        .map(|(_, span)| span)
        .reduce(|all, span| all.union(&span))
}

/// How many tokens an argument has: up to the comma behind it or the bracket that ends the call.
fn length_of_value(tokens: &[&TokenWithSpan]) -> usize {
    let mut open = 0usize;
    let ends = tokens.iter().position(|token| match token.token {
        Token::LParen | Token::LBracket | Token::LBrace => {
            open += 1;
            false
        }
        Token::RParen | Token::RBracket | Token::RBrace if open == 0 => true,
        Token::RParen | Token::RBracket | Token::RBrace => {
            open -= 1;
            false
        }
        Token::Comma => open == 0,
        _ => false,
    });
    ends.unwrap_or(tokens.len())
}

/// The first token that says `text`; of a qualified name the last part, behind its qualifier if that was written.
fn find(text: &str, tokens: &[TokenWithSpan]) -> Option<Span> {
    let parts: Vec<&str> = text.split('.').map(|part| part.trim_matches('"')).collect();
    let says = |token: &TokenWithSpan, text: &str| match &token.token {
        Token::Word(Word { value, .. }) => value.eq_ignore_ascii_case(text),
        Token::SingleQuotedString(value) => value == text || format!("'{value}'") == text,
        other => other.to_string().eq_ignore_ascii_case(text),
    };
    if let Some(token) = tokens.iter().find(|token| says(token, text)) {
        return Some(token.span);
    }
    let significant: Vec<&TokenWithSpan> = tokens.iter().filter(|token| !is_space(token)).collect();
    let length = 2 * parts.len() - 1;
    let qualified = significant.windows(length).find(|window| {
        parts
            .iter()
            .enumerate()
            .all(|(index, part)| says(window[2 * index], part))
            && (1..length)
                .step_by(2)
                .all(|index| window[index].token == Token::Period)
    });
    if let Some(window) = qualified {
        return Some(window[0].span.union(&window[length - 1].span));
    }
    let last = parts.last()?;
    let is_name = parts
        .iter()
        .all(|part| part.chars().all(|char| char.is_alphanumeric() || char == '_'));
    tokens
        .iter()
        .find(|token| is_name && says(token, last))
        .map(|token| token.span)
}

/// The first place where `words` stand one behind the other.
pub(crate) fn find_words(words: &str, tokens: &[TokenWithSpan]) -> Option<Span> {
    let words: Vec<&str> = words.split(' ').collect();
    let significant: Vec<&TokenWithSpan> = tokens.iter().filter(|token| !is_space(token)).collect();
    let says = |token: &TokenWithSpan, text: &str| match &token.token {
        Token::Word(Word { value, .. }) => value.eq_ignore_ascii_case(text),
        other => other.to_string() == text,
    };
    significant
        .windows(words.len())
        .find(|window| window.iter().zip(&words).all(|(token, word)| says(token, word)))
        .map(|window| window[0].span.union(&window[words.len() - 1].span))
}

/// A negative number is a sign and a number; the sign is a part of what is wrong.
fn with_sign(span: Span, tokens: &[TokenWithSpan]) -> Span {
    let significant: Vec<&TokenWithSpan> = tokens.iter().filter(|token| !is_space(token)).collect();
    let Some(at) = significant
        .iter()
        .position(|token| token.span.start == span.start)
    else {
        return span;
    };
    let is_number = matches!(significant[at].token, Token::Number(..));
    let sign = at.checked_sub(1).map(|before| significant[before]);
    // Behind a value the sign would be a difference.
    let is_sign = at.checked_sub(2).is_none_or(|before| {
        matches!(
            &significant[before].token,
            Token::RArrow
                | Token::LParen
                | Token::Comma
                | Token::LBracket
                | Token::Eq
                | Token::Lt
                | Token::Gt
        ) || matches!(&significant[before].token, Token::Word(Word { value, .. })
            if ["SELECT", "LIMIT", "OFFSET"].iter().any(|word| value.eq_ignore_ascii_case(word)))
    });
    match sign {
        Some(sign) if is_number && is_sign && sign.token == Token::Minus => sign.span.union(&span),
        _ => span,
    }
}
