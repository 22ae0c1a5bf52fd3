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
//! Nothing is run, and a query that is right is never looked at, nor one so long that planning it may take minutes:
//! `a[1][1]…` is refused at once for its `a`, while without that DataFusion needs the cube of its length.

mod hole;

use std::time::{Duration, Instant};

use datafusion::sql::parser::Statement as SqlStatement;
use helioql_grammar::{
    Diagnostic, Span, Statement, StatementKind, TokenWithSpan, sqlparser::tokenizer::Token,
};

use self::hole::Holes;
use crate::{
    Error, error,
    session::{Session, SyntaxTree},
    stack, tables,
};

/// How often a query is planned again: a few times the mistakes that are shown.
const ROUNDS: usize = 24;
/// How many tokens, without white space, the longest query has that is planned again.
const LONGEST: usize = 400;
/// How long somebody waits to be told of more than the first mistake, where each round takes unusually long.
const PATIENCE: Duration = Duration::from_secs(1);

/// `error` with its place in `statement`, and beside it what else is wrong there, by place.
pub(crate) async fn located(session: &Session, error: Error, statement: &Statement) -> Error {
    let tokens = error::tokens(statement);
    if let Err(damage) = tables::compare(session, &tokens).await {
        return damage;
    }
    let error = error.located(&tokens, &session.context().state());
    if !matches!(error, Error::Diagnostic(_) | Error::Placed { .. }) {
        return error;
    }
    let short = query(statement).filter(|tokens| is_short(tokens));
    let Some(Ok(parsed)) = short.map(|tokens| session.parse(tokens)) else {
        return error;
    };
    let search = Search {
        session,
        began: Instant::now(),
    };
    let first = error.diagnostic().message;
    let found = stack::deep(true, search.all(parsed, tokens)).await;
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

fn is_short(tokens: &[TokenWithSpan]) -> bool {
    let is_word = |token: &&TokenWithSpan| !matches!(token.token, Token::Whitespace(_));
    tokens.iter().filter(is_word).count() <= LONGEST
}

/// What plans a query again and again.
struct Search<'s> {
    session: &'s Session,
    began: Instant,
}

impl Search<'_> {
    /// Every mistake that has a place, or whose place can be found.
    async fn all(&self, mut parsed: SqlStatement, mut tokens: Vec<TokenWithSpan>) -> Vec<Diagnostic> {
        let mut holes = Holes::default();
        let mut found: Vec<Diagnostic> = Vec::new();
        // The tree before the last of them was taken out, if its place was guessed by a word.
        let mut guess: Option<SqlStatement> = None;
        for _ in 0..ROUNDS {
            if self.is_over() {
                break;
            }
            let Err(error) = self.session.check(parsed.clone()).await else {
                break;
            };
            let is_given = error.diagnostic().span.is_some();
            let error = error.located(&tokens, &self.session.context().state());
            let mut mistake = error.diagnostic();
            let is_guessed = !is_given && mistake.span.is_some();
            if mistake.span.is_none() && error.is_without_words() {
                mistake.span = self.place_of(&parsed, &mistake).await;
            }
            // Without a place there is nothing to take out.
            let Some(place) = mistake.span else { break };
            let is_of_a_hole = holes.contain(place);
            let before = parsed.clone();
            let Some(hole) = holes.dig(&mut SyntaxTree(&mut parsed), place) else {
                break;
            };
            tokens.retain(|token| !holes.contain(token.span));

            let is_repeated = found.last().is_some_and(|last| last.message == mistake.message);
            if is_repeated
                && let Some(whole) = guess.take_if(|_| is_guessed)
                && !self.is_said_without(whole, place, &mistake).await
            {
                // It was never about the place that was guessed before.
                found.pop();
            }
            // The name of an argument is wrong whatever its value is.
            let is_of_a_part = matches!(error, Error::Diagnostic(_)) && hole.span.start != place.start;
            let follows = !found.is_empty() && error.may_follow(hole.lacks_a_table);
            if !follows && !is_of_a_hole && (is_of_a_part || !hole.is_around_another) {
                found.push(mistake);
                guess = is_guessed.then_some(before);
            }
        }
        found
    }

    /// The smallest expression without which `mistake` is not said.
    async fn place_of(&self, parsed: &SqlStatement, mistake: &Diagnostic) -> Option<Span> {
        for place in hole::candidates(&mut SyntaxTree(&mut parsed.clone()), ROUNDS) {
            if self.is_over() {
                break;
            }
            if !self.is_said_without(parsed.clone(), place, mistake).await {
                return Some(place);
            }
        }
        None
    }

    /// Whether `mistake` is still said when what stands at `place` is taken out.
    async fn is_said_without(&self, mut parsed: SqlStatement, place: Span, mistake: &Diagnostic) -> bool {
        Holes::default().dig(&mut SyntaxTree(&mut parsed), place);
        let said = self.session.check(parsed).await;
        said.is_err_and(|error| {
            let said = error.diagnostic();
            said.message == mistake.message && said.notes == mistake.notes
        })
    }

    fn is_over(&self) -> bool {
        self.began.elapsed() > PATIENCE
    }
}
