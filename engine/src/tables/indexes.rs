//! The indexes of tables that have changed.

use helioql_catalog::Catalogue;

use crate::{Result, index, session::Session, statements::blocking, tables};

/// Makes the indexes of some tables anew that lack rows, or cannot be read. Returns their names.
pub(crate) async fn bring_up_to_date(session: &Session, of: &[String]) -> Result<Vec<String>> {
    let mut done = Vec::new();
    let Some(catalogue) = session.engine().catalogue().cloned() else {
        return Ok(done);
    };
    for entry in catalogue.indexes() {
        if !of.contains(&entry.table) {
            continue;
        }
        let Some(commit) = tables::commit(session, &entry.table).await? else {
            continue;
        };
        let (catalogue, models) = (catalogue.clone(), session.models().for_last_statement());
        let name = entry.name.clone();
        let renewed = async {
            let _memory = index::store::room(session, &commit, &entry)?;
            blocking(move || index::store::bring_up_to_date(&catalogue, &commit, &entry, &models)).await
        };
        match renewed.await {
            Ok(renewed) => done.extend(renewed),
            Err(error) if error.is_cancelled() => return Err(error),
            // The change before it is made; an index that no longer fits its table must not undo what was said of it.
            Err(error) => session
                .models()
                .warn(&format!("the index `{name}` was not brought up to date: {error}")),
        }
    }
    if !done.is_empty() {
        tables::register(session).await?;
    }
    Ok(done)
}

/// Says which indexes are of a table as it was before it was written anew.
pub(crate) fn warn_of_stale(session: &Session, table: &str) {
    let catalogue = session.engine().catalogue();
    for entry in catalogue.map(Catalogue::indexes).unwrap_or_default() {
        if entry.table == table && entry.files == 0 && entry.rows > 0 {
            session.models().warn(&format!(
                "the index `{}` is of `{table}` as it was before; VACUUM {table} brings it up to date, and until then \
                 all rows are compared",
                entry.name
            ));
        }
    }
}
