//! `DELETE FROM table [WHERE …]` and `TRUNCATE table`: the table anew with the rows that stay.

use std::sync::Arc;

use datafusion::logical_expr::{DmlStatement, Expr, Filter, LogicalPlan, LogicalPlanBuilder, WriteOp, lit};
use helioql_catalog::Transaction;

use super::table::{Table, There};
use crate::{Error, Result, session::Session};

/// Deletes the rows for which the predicate is true, or all where there is none. Returns how many.
pub(super) async fn execute(
    session: &Session,
    change: Option<&mut Transaction>,
    statement: &DmlStatement,
) -> Result<u64> {
    let table = Table::of(statement)?;
    let kept = match statement.input.as_ref() {
        LogicalPlan::Filter(filter) => others(filter)?,
        input if matches!(input, LogicalPlan::TableScan(_)) || statement.op == WriteOp::Truncate => {
            let target = Arc::clone(&statement.target);
            LogicalPlanBuilder::scan(statement.table_name.clone(), target, None)?
                .filter(lit(false))?
                .build()?
        }
        _ => {
            return Err(Error::Unsupported(
                "DELETE takes WHERE and nothing else: a subquery there can have ORDER BY and LIMIT"
                    .to_owned(),
            ));
        }
    };
    let before = table.count(session).await?;
    let after: u64 = table
        .write(session, change, There::Go, vec![kept])
        .await?
        .iter()
        .sum();
    Ok(before.saturating_sub(after))
}

/// The rows that a WHERE leaves out: those for which it is false, and those for which it is unknown.
pub(super) fn others(filter: &Filter) -> Result<LogicalPlan> {
    let not_chosen = Expr::IsNotTrue(Box::new(filter.predicate.clone()));
    Ok(LogicalPlanBuilder::from(filter.input.as_ref().clone())
        .filter(not_chosen)?
        .build()?)
}
