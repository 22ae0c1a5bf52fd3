//! Statements of SQL's that change tables, one file each: CREATE TABLE, DROP TABLE, INSERT, UPDATE and DELETE. In a
//! catalogue each is one commit: it happens as a whole, or not at all.
//!
//! A statement that changes the catalogue takes the writer's lock and is planned once more under it, so that it sees
//! what any process committed before.

mod create_table;
mod delete;
mod drop_table;
mod incoming;
mod insert;
mod marks;
mod numbered;
mod table;
mod update;

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, UInt64Array},
    datatypes::{DataType, Field, Schema},
    record_batch::RecordBatch,
};
use datafusion::{
    common::TableReference,
    dataframe::DataFrame,
    logical_expr::{DdlStatement, DmlStatement, LogicalPlan, WriteOp},
};
use helioql_catalog::{Catalogue, Transaction};
use helioql_grammar::{TokenWithSpan, sqlparser::tokenizer::Token};

use crate::{
    Error, Kind, Result,
    session::Session,
    tables::{self, sharps::SHARPS},
};

/// Runs a statement, whose plan is `plan`, that changes something.
pub(crate) async fn execute(
    session: &Session,
    tokens: &[TokenWithSpan],
    plan: LogicalPlan,
) -> Result<DataFrame> {
    if !is_of_catalogue(session, &plan).await? {
        let answer = apply(session, None, plan.clone()).await;
        return answer.map_err(|error| at_table(error, &plan, tokens));
    }
    session.access().check_change(tokens)?;
    let mut change = begin(session)?;
    tables::register(session).await?;
    let (plan, _) = session.plan(tokens).await?;
    let answer = apply(session, Some(&mut change), plan.clone()).await;
    let answer = answer.map_err(|error| at_table(error, &plan, tokens))?;
    change.commit()?;
    tables::register(session).await?;
    if let LogicalPlan::Dml(DmlStatement { table_name, .. }) = &plan {
        tables::indexes::warn_of_stale(session, table_name.table());
    }
    Ok(answer)
}

/// Points at the table that is changed, where what is wrong with its rows has no place of its own.
fn at_table(error: Error, plan: &LogicalPlan, tokens: &[TokenWithSpan]) -> Error {
    match (error, plan) {
        (Error::Diagnostic(diagnostic), LogicalPlan::Dml(change)) if diagnostic.span.is_none() => {
            let named = tokens.iter().find(|token| match &token.token {
                Token::Word(word) => word.value.eq_ignore_ascii_case(change.table_name.table()),
                _ => false,
            });
            match named {
                Some(token) => diagnostic.with_span(token.span).into(),
                None => Error::Diagnostic(diagnostic),
            }
        }
        (error, _) => error,
    }
}

/// Takes the writer's lock of the catalogue.
pub(crate) fn begin(session: &Session) -> Result<Transaction> {
    Ok(Catalogue::begin(check(session)?)?)
}

/// The catalogue, if it can be changed; whether the session may was asked before.
pub(crate) fn check(session: &Session) -> Result<&Catalogue> {
    let catalogue = session.engine().catalogue();
    let catalogue =
        catalogue.ok_or_else(|| Error::Unsupported("there is no catalogue on disk".to_owned()))?;
    if session.engine().kind() == Kind::Demo {
        return Err(Error::Unsupported(
            "the demo catalogue stays as it is; `helioql FILE` opens one of your own".to_owned(),
        ));
    }
    Ok(catalogue)
}

/// Whether a statement changes a table of the catalogue, or makes one there.
async fn is_of_catalogue(session: &Session, plan: &LogicalPlan) -> Result<bool> {
    match plan {
        LogicalPlan::Dml(DmlStatement { table_name, .. }) => is_stored(session, table_name).await,
        LogicalPlan::Ddl(DdlStatement::DropTable(drop)) => is_stored(session, &drop.name).await,
        LogicalPlan::Ddl(DdlStatement::CreateMemoryTable(create)) => {
            Ok(session.engine().kind() == Kind::Catalogue && own_name(&create.name).is_some())
        }
        _ => Ok(false),
    }
}

async fn is_stored(session: &Session, table: &TableReference) -> Result<bool> {
    match own_name(table) {
        // Before the first records come in it is an empty table in memory.
        Some(SHARPS) if session.engine().kind() == Kind::Catalogue => Ok(true),
        Some(name) => Ok(tables::stored(session, name).await?.is_some()),
        None => Ok(false),
    }
}

/// The name of a table in the default schema.
fn own_name(table: &TableReference) -> Option<&str> {
    match table.schema() {
        None | Some("public") => Some(table.table()),
        Some(_) => None,
    }
}

async fn apply(session: &Session, change: Option<&mut Transaction>, plan: LogicalPlan) -> Result<DataFrame> {
    match plan {
        LogicalPlan::Dml(statement) => {
            let count = match statement.op {
                WriteOp::Insert(op) => insert::execute(session, change, &statement, op).await?,
                WriteOp::Update => update::execute(session, change, &statement).await?,
                WriteOp::Delete | WriteOp::Truncate => delete::execute(session, change, &statement).await?,
                _ => {
                    return Err(Error::Unsupported(format!(
                        "{} is not supported: INSERT, UPDATE and DELETE change a table",
                        statement.op.name().to_uppercase()
                    )));
                }
            };
            counted(session, count)
        }
        LogicalPlan::Ddl(DdlStatement::CreateMemoryTable(create)) => {
            create_table::execute(session, change, create).await
        }
        LogicalPlan::Ddl(DdlStatement::DropTable(drop)) => drop_table::execute(session, change, drop).await,
        other => Ok(session.context().execute_logical_plan(other).await?),
    }
}

/// The answer of a statement that changed so many rows.
fn counted(session: &Session, count: u64) -> Result<DataFrame> {
    let schema = Schema::new(vec![Field::new("count", DataType::UInt64, false)]);
    let column: ArrayRef = Arc::new(UInt64Array::from(vec![count]));
    let batch = RecordBatch::try_new(Arc::new(schema), vec![column])?;
    Ok(session.context().read_batch(batch)?)
}
