//! `DROP TABLE [IF EXISTS] name`.

use datafusion::{
    dataframe::DataFrame,
    logical_expr::{DdlStatement, DropTable, LogicalPlan},
};
use helioql_catalog::Transaction;

use crate::{Result, session::Session};

pub(super) async fn execute(
    session: &Session,
    change: Option<&mut Transaction>,
    drop: DropTable,
) -> Result<DataFrame> {
    let context = session.context();
    match change {
        Some(change) => {
            change.drop_table(drop.name.table());
            Ok(context.read_empty()?)
        }
        None => {
            let drop = LogicalPlan::Ddl(DdlStatement::DropTable(drop));
            Ok(context.execute_logical_plan(drop).await?)
        }
    }
}
