//! `VACUUM [table]`: tables in one file each, indexes that have all rows of their tables, and no file that nobody needs.

use datafusion::dataframe::DataFrame;
use helioql_grammar::ast::Vacuum;

use super::{blocking, facts};
use crate::{Result, changes, session::Session, tables};

pub(super) async fn execute(session: &Session, vacuum: &Vacuum) -> Result<DataFrame> {
    let mut known = tables::names(session.context());
    if let Some(table) = &vacuum.table {
        tables::expect(session.context(), table)?;
        known.retain(|name| *name == table.value);
    }
    let wanted = known.clone();
    let Some(catalogue) = session.engine().catalogue().cloned() else {
        return facts(
            session,
            [("files deleted".to_owned(), "0, all is in memory".to_owned())],
        );
    };
    let mut change = changes::begin(session)?;
    let models = session.models().for_last_statement();
    let written = blocking(move || {
        let mut written = Vec::new();
        for table in change.tables() {
            models.check_cancelled()?;
            if known.contains(&table) && change.compact_table(&table)? {
                written.push(table);
            }
        }
        if !written.is_empty() {
            change.commit()?;
        }
        Ok(written)
    })
    .await?;
    // The session lets go of what it read before.
    tables::register(session).await?;
    let indexes = tables::indexes::bring_up_to_date(session, &wanted).await?;
    let removed = catalogue.remove_unused()?;
    facts(
        session,
        [
            ("tables written anew".to_owned(), listed(&written)),
            ("indexes brought up to date".to_owned(), listed(&indexes)),
            ("files deleted".to_owned(), removed.files.to_string()),
            ("bytes deleted".to_owned(), removed.bytes.to_string()),
            ("files kept for readers".to_owned(), removed.kept.to_string()),
        ],
    )
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    }
}
