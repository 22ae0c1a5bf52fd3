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
use helioql_grammar::{Diagnostic, Span, Statement, StatementKind, TokenWithSpan};

use self::hole::Holes;
use crate::{
    Error, error,
    session::{Session, SyntaxTree},
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
    let Some(Ok(parsed)) = query(statement).map(|tokens| session.parse(tokens)) else {
        return error;
    };
    let found = stack::deep(true, all(session, parsed, tokens)).await;
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
    let mut before_last = parsed.clone();
    let mut found: Vec<Diagnostic> = Vec::new();
    for _ in 0..ROUNDS {
        let Err(error) = session.check(parsed.clone()).await else {
            break;
        };
        let is_guessed = error.diagnostic().span.is_none();
        let error = error.located(&tokens, &session.context().state());
        let mistake = error.diagnostic();
        let before = parsed.clone();
        // Without a place there is nothing to take out.
        let Some(place) = mistake.span else { break };
        let Some(hole) = holes.dig(&mut SyntaxTree(&mut parsed), place) else {
            break;
        };
        tokens.retain(|token| !holes.contain(token.span));

        let is_repeated = found.last().is_some_and(|last| last.message == mistake.message);
        if is_guessed && is_repeated && !is_said_without(session, before_last, place, &mistake).await {
            found.pop();
        }
        // The name of an argument is wrong whatever its value is.
        let is_of_a_part = matches!(error, Error::Diagnostic(_)) && hole.span.start != place.start;
        let follows = !found.is_empty() && error.may_follow(holes.has_table());
        if !follows && (is_of_a_part || !hole.is_around_another) {
            found.push(mistake);
        }
        before_last = before;
        if began.elapsed() > PATIENCE {
            break;
        }
    }
    found
}

/// Whether `mistake` is still said when only what stands at `place` is taken out. If not, it was never about the place
/// that was guessed before.
async fn is_said_without(
    session: &Session,
    mut statement: SqlStatement,
    place: Span,
    mistake: &Diagnostic,
) -> bool {
    Holes::default().dig(&mut SyntaxTree(&mut statement), place);
    let said = session.check(statement).await;
    said.is_err_and(|error| error.diagnostic().message == mistake.message)
}
