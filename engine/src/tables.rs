//! The tables that a session starts with: those of the catalogue, an empty `sharps` where there is none,
//! and the `system` schema.

pub(crate) mod sharps;
mod system;

use std::sync::Arc;

use datafusion::{datasource::MemTable, execution::options::ParquetReadOptions};

use crate::{Error, Result, session::Session};

/// Registers every table in `session`, again after a statement has changed them.
pub(crate) async fn register(session: &Session) -> Result<()> {
    let context = session.context();
    let mut has_sharps = false;
    if let Some(catalogue) = session.engine().catalogue() {
        catalogue.refresh()?;
        for table in catalogue.tables() {
            let path = catalogue.verify_table(&table.name)?;
            let path = path.to_str().ok_or_else(|| {
                Error::Unsupported(format!(
                    "{}: the path of a catalogue must be valid UTF-8",
                    path.display()
                ))
            })?;
            context.deregister_table(table.name.as_str())?;
            context
                .register_parquet(table.name.as_str(), path, ParquetReadOptions::default())
                .await?;
            has_sharps |= table.name == sharps::SHARPS;
        }
    }
    if !has_sharps && !context.table_exist(sharps::SHARPS)? {
        let schema = sharps::schema(session.models())?;
        context.register_table(sharps::SHARPS, Arc::new(MemTable::try_new(schema, vec![vec![]])?))?;
    }
    system::register(session)
}
