//! `DELETE FROM table [WHERE …]` and `TRUNCATE table`: the table anew without the rows that go.

use datafusion::logical_expr::{DmlStatement, LogicalPlan, WriteOp};
use helioql_catalog::Transaction;

use super::{numbered::chosen, table::Table};
use crate::{Error, Result, session::Session};

/// Deletes the rows for which the predicate is true, or all where there is none. Returns how many.
pub(super) async fn execute(
    session: &Session,
    change: Option<&mut Transaction>,
    statement: &DmlStatement,
) -> Result<u64> {
    let table = Table::of(statement).await?;
    let gone = match statement.input.as_ref() {
        LogicalPlan::Filter(filter) => chosen(session, filter, &table).await?,
        input if matches!(input, LogicalPlan::TableScan(_)) || statement.op == WriteOp::Truncate => {
            (0..table.rows.len()).collect()
        }
        _ => {
            return Err(Error::Unsupported(
                "DELETE takes WHERE and nothing else: a subquery there can have ORDER BY and LIMIT"
                    .to_owned(),
            ));
        }
    };
    if !gone.is_empty() {
        table.rewrite(session, change, &gone, None).await?;
    }
    Ok(gone.len() as u64)
}
