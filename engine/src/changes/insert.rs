//! `INSERT INTO table …`: a file more of the table; `INSERT OVERWRITE`: the table anew.

use datafusion::logical_expr::{DmlStatement, dml::InsertOp};
use helioql_catalog::Transaction;

use super::table::{Table, There};
use crate::{Error, Result, session::Session};

/// Adds the rows. Returns how many.
pub(super) async fn execute(
    session: &Session,
    change: Option<&mut Transaction>,
    statement: &DmlStatement,
    op: InsertOp,
) -> Result<u64> {
    let there = match op {
        InsertOp::Append => There::Stay,
        InsertOp::Overwrite => There::Go,
        InsertOp::Replace => {
            return Err(Error::Unsupported(
                "REPLACE INTO is not supported: UPDATE changes rows, IMPORT SHARPS replaces records"
                    .to_owned(),
            ));
        }
    };
    let rows = statement.input.as_ref().clone();
    Table::of(statement)
        .await?
        .write(session, change, there, rows)
        .await
}
