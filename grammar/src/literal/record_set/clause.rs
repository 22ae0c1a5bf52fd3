//! The predicates of a record set, `[? USFLUX > 1e22 ?]`, as SQL expressions whose places are those in the
//! source.

use sqlparser::{ast::Expr, dialect::GenericDialect, parser::Parser, tokenizer::Token};

use super::{RecordSet, place};
use crate::{
    desugar::tokenize,
    diagnostic::{Diagnostic, from_sql_error},
    nesting,
    span::{LineIndex, Span},
};

/// How deep an expression may nest before the parser refuses it.
const RECURSION_LIMIT: usize = 100;

impl RecordSet {
    /// The predicates as expressions. `text` is what the set was read from, and `literal` the place of the
    /// string that holds it.
    ///
    /// # Errors
    /// When a predicate is no SQL expression, or nests too deeply.
    pub fn predicates(&self, text: &str, literal: Span) -> Result<Vec<Expr>, Diagnostic> {
        let mut from = 0;
        let mut predicates = Vec::new();
        for clause in &self.clauses {
            // Clauses are parts of the text, in its order.
            let found = text.get(from..).and_then(|rest| rest.find(clause.as_str()));
            let at = found.map_or(from, |found| from + found);
            predicates.push(predicate(clause, |span, lines| {
                let bytes = at + lines.offset(span.start)..at + lines.offset(span.end);
                place::within(text, literal, bytes)
            })?);
            from = at + clause.len();
        }
        Ok(predicates)
    }
}

fn predicate(clause: &str, place: impl Fn(Span, &LineIndex<'_>) -> Span) -> Result<Expr, Diagnostic> {
    let lines = LineIndex::new(clause);
    let placed = |mut error: Diagnostic| {
        error.span = error.span.map(|span| place(span, &lines));
        error
    };
    if let Some(at) = clause.find("$(") {
        let column = clause[..at].chars().count() as u64 + 1;
        let start = crate::span::Location::new(1, column);
        let span = Span::new(start, crate::span::Location::new(1, column + 2));
        return Err(placed(
            Diagnostic::error("times in a predicate, `$(…)`, are not read here")
                .with_span(span)
                .with_hint(
                    "the filter of T_REC takes times, and so does WHERE: `t_rec > T_REC '2011.02.15_TAI'`",
                ),
        ));
    }
    let mut tokens = tokenize(clause).map_err(placed)?;
    for token in &mut tokens {
        token.span = place(token.span, &lines);
    }
    nesting::check(&tokens)?;
    let mut parser = Parser::new(&GenericDialect {})
        .with_recursion_limit(RECURSION_LIMIT)
        .with_tokens_with_locations(tokens);
    let expr = parser
        .parse_expr()
        .map_err(|error| from_sql_error(&error.to_string()))?;
    let next = parser.next_token();
    if next.token == Token::EOF {
        Ok(expr)
    } else {
        Err(Diagnostic::error(format!(
            "expected the end of the predicate, found `{}`",
            next.token
        ))
        .with_span(next.span))
    }
}
