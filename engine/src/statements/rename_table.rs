//! `ALTER TABLE name RENAME TO new_name`.

use datafusion::dataframe::DataFrame;
use helioql_grammar::{Diagnostic, ast::RenameTable};

use crate::{Result, changes, session::Session, tables};

pub(super) async fn execute(session: &Session, rename: &RenameTable) -> Result<DataFrame> {
    let context = session.context();
    let (name, new_name) = (rename.name.value.as_str(), rename.new_name.value.as_str());
    tables::expect(context, &rename.name)?;
    if context.table_exist(new_name)? {
        return Err(
            Diagnostic::error(format!("the table `{new_name}` exists already"))
                .with_span(rename.new_name.span)
                .with_hint("DROP TABLE takes it away")
                .into(),
        );
    }
    if tables::stored(session, name).await?.is_some() {
        let mut change = changes::begin(session)?;
        change.rename_table(name, new_name)?;
        change.commit()?;
    } else if let Some(table) = context.deregister_table(name)? {
        context.register_table(new_name, table)?;
    }
    tables::register(session).await?;
    Ok(context.read_empty()?)
}
