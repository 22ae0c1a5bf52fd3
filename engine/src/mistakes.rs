//! What else is wrong with a query that was refused. Planning stops at the first mistake, so what that is about is
//! taken out of the syntax tree, and the rest is planned again:
//!
//! ```text
//! SELECT hrpnum, usflx FROM sharps     unknown column `hrpnum`
//! SELECT NULL,   usflx FROM sharps     unknown column `usflx`
//! SELECT NULL,   NULL  FROM sharps     nothing more
//! ```
//!
//! A mistake that may be nothing but the trace of another is passed over: one about an expression out of which
//! something was taken, about a NULL, about columns where a table was taken out, or about the query as a whole.
//! Nothing is run, and a query that is right is never looked at.

mod hole;

use std::time::{Duration, Instant};

use datafusion::sql::parser::Statement as SqlStatement;
use helioql_grammar::{Diagnostic, Statement, StatementKind, TokenWithSpan};

use self::hole::Holes;
use crate::{
    Error, error,
    session::{Session, SyntaxTree, parse},
    stack,
};

/// How often a query is planned again: a few times the mistakes that are shown.
const ROUNDS: usize = 24;
/// How long somebody waits to be told of more than the first mistake, where each round takes unusually long.
const PATIENCE: Duration = Duration::from_secs(1);

/// `error` with its place in `statement`, and beside it what else is wrong there, by place.
pub(crate) async fn located(session: &Session, error: Error, statement: &Statement) -> Error {
    let tokens = error::tokens(statement);
    let error = error.located(&tokens, &session.context().state());
    if !matches!(error, Error::Diagnostic(_) | Error::Placed { .. }) {
        return error;
    }
    let Some(Ok(parsed)) = query(statement).map(parse) else {
        return error;
    };
    let search = all(session, parsed, tokens);
    let found = stack::deep(true, search).await;
    let first = error.diagnostic().message;
    // What came while rows were read is not found by planning, and then planning has nothing to say.
    match Diagnostic::of_all(found) {
        Some(found) if found.all().any(|one| one.message == first) => error.placed(found),
        _ => error,
    }
}

/// The query in a statement.
fn query(statement: &Statement) -> Option<&[TokenWithSpan]> {
    match &statement.kind {
        StatementKind::Sql(tokens) => Some(tokens),
        StatementKind::ExportSharps(export) => Some(&export.query),
        StatementKind::CreateGenerator(create) | StatementKind::CreateEncoder(create) => Some(&create.query),
        StatementKind::Evaluate(evaluate) => Some(&evaluate.query),
        StatementKind::Explain(explain) => Some(&explain.query),
        _ => None,
    }
}

async fn all(session: &Session, mut parsed: SqlStatement, mut tokens: Vec<TokenWithSpan>) -> Vec<Diagnostic> {
    let began = Instant::now();
    let mut holes = Holes::default();
    let mut found: Vec<Diagnostic> = Vec::new();
    for _ in 0..ROUNDS {
        let Err(error) = session.check(parsed.clone()).await else {
            break;
        };
        let is_certain = error.diagnostic().span.is_some();
        let error = error.located(&tokens, &session.context().state());
        let follows = !found.is_empty() && error.may_follow(holes.has_table());
        for diagnostic in error.diagnostic().all() {
            let alone = Diagnostic {
                also: Vec::new(),
                ..diagnostic.clone()
            };
            let hole = alone
                .span
                .and_then(|place| holes.dig(&mut SyntaxTree(&mut parsed), place));
            // A place that was only guessed was wrong if the same is said again.
            if !is_certain && found.last().is_some_and(|last| last.message == alone.message) {
                found.pop();
            }
            match hole {
                // Without a place there is nothing to take out; only the first mistake is one for sure.
                None if found.is_empty() => return vec![alone],
                None => return found,
                Some(hole) if follows || hole.is_around_another => {}
                Some(_) => found.push(alone),
            }
        }
        tokens.retain(|token| !holes.contain(token.span));
        if began.elapsed() > PATIENCE {
            break;
        }
    }
    found
}
