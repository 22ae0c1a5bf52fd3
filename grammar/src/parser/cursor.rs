//! A place in the tokens of one statement of ours, white space and comments left out.
//!
//! Tokens are raw here, literals not written out, so that a quantity is still a number and a word.

use sqlparser::{
    ast::Ident,
    tokenizer::{Token, TokenWithSpan, Word},
};

use crate::{
    desugar::{QuantityTokens, quantity},
    diagnostic::Diagnostic,
    parser::found,
    span::Span,
    suggest::closest,
};

#[derive(Debug, Clone)]
pub(crate) struct Cursor<'t> {
    /// All tokens of the statement, white space included.
    all: &'t [TokenWithSpan],
    /// Indices of the significant ones, from the cursor on.
    rest: Vec<usize>,
}

impl<'t> Cursor<'t> {
    pub(crate) fn new(all: &'t [TokenWithSpan]) -> Self {
        let significant = |&at: &usize| !matches!(all[at].token, Token::Whitespace(_) | Token::EOF);
        // Reversed, so that taking the next token is a pop.
        Self {
            all,
            rest: (0..all.len()).rev().filter(significant).collect(),
        }
    }

    /// The same, `count` tokens further on.
    pub(crate) fn skip(&self, count: usize) -> Self {
        let mut skipped = self.clone();
        skipped.rest.truncate(self.rest.len().saturating_sub(count));
        skipped
    }

    fn peek(&self, ahead: usize) -> Option<&'t TokenWithSpan> {
        let at = self.rest.len().checked_sub(ahead + 1)?;
        self.all.get(*self.rest.get(at)?)
    }

    /// The unquoted word `ahead` tokens on.
    pub(crate) fn word(&self, ahead: usize) -> Option<&'t str> {
        match &self.peek(ahead)?.token {
            Token::Word(Word {
                value,
                quote_style: None,
                ..
            }) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn is_word(&self, ahead: usize, word: &str) -> bool {
        self.word(ahead)
            .is_some_and(|found| found.eq_ignore_ascii_case(word))
    }

    /// Whether the token `ahead` on is a word, quoted or not.
    pub(crate) fn is_name(&self, ahead: usize) -> bool {
        self.peek(ahead)
            .is_some_and(|next| matches!(next.token, Token::Word(_)))
    }

    /// Whether exactly `count` tokens are left.
    pub(crate) fn ends_at(&self, count: usize) -> bool {
        self.rest.len() == count
    }

    /// The place of the token `ahead` on; at the end, the place behind the last token.
    pub(crate) fn span(&self, ahead: usize) -> Span {
        self.peek(ahead).map_or_else(
            || {
                self.all
                    .last()
                    .map_or(Span::empty(), |last| Span::new(last.span.end, last.span.end))
            },
            |token| token.span,
        )
    }

    /// From a place to the end of the last token that was taken.
    pub(crate) fn since(&self, start: Span) -> Span {
        let next = self.rest.last().copied().unwrap_or(self.all.len());
        let mut taken = self.all[..next].iter().rev();
        let last = taken.find(|token| !matches!(token.token, Token::Whitespace(_)));
        last.map_or(start, |token| start.union(&token.span))
    }

    pub(crate) fn is(&self, token: &Token) -> bool {
        self.peek(0).is_some_and(|next| next.token == *token)
    }

    /// Takes the token if it is next.
    pub(crate) fn eat(&mut self, token: &Token) -> bool {
        let is_next = self.is(token);
        if is_next {
            self.rest.pop();
        }
        is_next
    }

    /// Takes the keyword if it is next.
    pub(crate) fn eat_word(&mut self, word: &str) -> bool {
        let is_next = self.is_word(0, word);
        if is_next {
            self.rest.pop();
        }
        is_next
    }

    pub(crate) fn expect(&mut self, token: &Token) -> Result<(), Diagnostic> {
        if self.eat(token) {
            Ok(())
        } else {
            Err(self.expected(&format!("`{token}`")))
        }
    }

    pub(crate) fn expect_word(&mut self, word: &str) -> Result<(), Diagnostic> {
        if self.eat_word(word) {
            return Ok(());
        }
        let suggestion = self.word(0).and_then(|found| closest(found, [word]));
        Err(self.expected(word).with_suggestion(suggestion))
    }

    /// "expected …, found …" at the next token.
    pub(crate) fn expected(&self, what: &str) -> Diagnostic {
        let token = self.peek(0).map(|next| &next.token);
        Diagnostic::error(format!("expected {what}, found {}", found(token))).with_span(self.span(0))
    }

    /// A name, folded as SQL folds it.
    pub(crate) fn name(&mut self, what: &str) -> Result<Ident, Diagnostic> {
        let Some(TokenWithSpan {
            token: Token::Word(word),
            span,
        }) = self.peek(0)
        else {
            return Err(self.expected(what));
        };
        self.rest.pop();
        let value = if word.quote_style.is_some() {
            word.value.clone()
        } else {
            word.value.to_lowercase()
        };
        Ok(Ident {
            value,
            quote_style: word.quote_style,
            span: *span,
        })
    }

    /// A string literal.
    pub(crate) fn text(&mut self) -> Option<(String, Span)> {
        let TokenWithSpan {
            token: Token::SingleQuotedString(text),
            span,
        } = self.peek(0)?
        else {
            return None;
        };
        self.rest.pop();
        Some((text.clone(), *span))
    }

    /// A number without a unit, as typed.
    pub(crate) fn number(&mut self) -> Option<(String, Span)> {
        let TokenWithSpan {
            token: Token::Number(number, _),
            span,
        } = self.peek(0)?
        else {
            return None;
        };
        self.rest.pop();
        Some((number.clone(), *span))
    }

    /// A number written against a unit.
    pub(crate) fn quantity(&mut self) -> Result<Option<QuantityTokens>, Diagnostic> {
        let Some(&at) = self.rest.last() else {
            return Ok(None);
        };
        let quantity = quantity(&self.all[at..])?;
        if quantity.is_some() {
            self.rest.truncate(self.rest.len().saturating_sub(2));
        }
        Ok(quantity)
    }

    /// Takes what stands between a parenthesis and the one that closes it, white space at the ends left out.
    pub(crate) fn parenthesised(&mut self, what: &str) -> Result<&'t [TokenWithSpan], Diagnostic> {
        if !self.is(&Token::LParen) {
            return Err(self.expected(what));
        }
        self.rest.pop();
        let from = self.rest.last().copied().unwrap_or(self.all.len());
        let (mut depth, mut to) = (1_usize, from);
        while let Some(at) = self.rest.pop() {
            match self.all[at].token {
                Token::LParen => depth += 1,
                Token::RParen => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Ok(&self.all[from..to]);
            }
            to = at + 1;
        }
        Err(self.expected("`)`"))
    }

    /// Takes all that is left, white space included.
    pub(crate) fn remainder(&mut self) -> &'t [TokenWithSpan] {
        let from = self.rest.last().copied().unwrap_or(self.all.len());
        self.rest.clear();
        &self.all[from..]
    }

    /// Refuses anything that is left.
    pub(crate) fn finish(&self) -> Result<(), Diagnostic> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.expected("the end of the statement"))
        }
    }
}
