//! `UPDATE table SET column = …, … [WHERE …]`: the table anew, the rows that change behind those that do not.

use std::sync::Arc;

use datafusion::logical_expr::{DmlStatement, LogicalPlan, LogicalPlanBuilder};
use helioql_catalog::Transaction;

use super::{
    numbered::{chosen, over},
    table::Table,
};
use crate::{Error, Result, session::Session};

/// Changes the rows for which the predicate is true. Returns how many.
pub(super) async fn execute(
    session: &Session,
    change: Option<&mut Transaction>,
    statement: &DmlStatement,
) -> Result<u64> {
    let table = Table::of(statement).await?;
    let LogicalPlan::Projection(values) = statement.input.as_ref() else {
        return unsupported();
    };
    let (scan, changed) = match values.input.as_ref() {
        LogicalPlan::Filter(filter) if is_table(&filter.input) => {
            (filter.input.as_ref(), chosen(session, filter, &table).await?)
        }
        input if is_table(input) => (input, (0..table.rows.len()).collect()),
        _ => return unsupported(),
    };
    if changed.is_empty() {
        return Ok(0);
    }
    let changed = Arc::new(changed);
    let new = LogicalPlanBuilder::from(over(scan, &table, Some(&changed))?)
        .project(values.expr.clone())?
        .build()?;
    table.rewrite(session, change, &changed, Some(new)).await?;
    Ok(changed.len() as u64)
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
