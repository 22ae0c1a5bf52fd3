//! `UPDATE table SET column = …, … [WHERE …]`: the table anew, the rows that change behind those that do not.

use datafusion::logical_expr::{DmlStatement, LogicalPlan};
use helioql_catalog::Transaction;

use super::{
    delete::others,
    table::{Table, There},
};
use crate::{Error, Result, session::Session};

/// Changes the rows for which the predicate is true. Returns how many.
pub(super) async fn execute(
    session: &Session,
    change: Option<&mut Transaction>,
    statement: &DmlStatement,
) -> Result<u64> {
    let table = Table::of(statement)?;
    let changed = statement.input.as_ref().clone();
    let LogicalPlan::Projection(projection) = &changed else {
        return unsupported();
    };
    let kept = match projection.input.as_ref() {
        LogicalPlan::Filter(filter) if is_table(&filter.input) => Some(others(filter)?),
        input if is_table(input) => None,
        _ => return unsupported(),
    };
    let plans = kept.into_iter().chain([changed.clone()]).collect();
    let counts = table.write(session, change, There::Go, plans).await?;
    Ok(counts.last().copied().unwrap_or(0))
}

/// Whether `plan` has the rows of one table.
fn is_table(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::SubqueryAlias(alias) => is_table(&alias.input),
        other => matches!(other, LogicalPlan::TableScan(_)),
    }
}

fn unsupported<T>() -> Result<T> {
    Err(Error::Unsupported(
        "UPDATE … FROM is not supported: write the value as a subquery, SET x = (SELECT … WHERE …)"
            .to_owned(),
    ))
}
