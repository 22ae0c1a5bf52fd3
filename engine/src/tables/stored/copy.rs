//! Row groups of a table on their way into the file that takes its place.

use helioql_catalog::{TableFile, TableWriter};

use super::rows::{Group, StoredRows};
use crate::Result;

/// Copies row groups as they are, which decodes none of them.
pub(crate) struct Copier<'r> {
    table: &'r str,
    rows: &'r StoredRows,
    /// The file of the group before.
    open: Option<(usize, TableFile)>,
}

impl<'r> Copier<'r> {
    /// Copies groups of `table`.
    pub(crate) fn new(table: &'r str, rows: &'r StoredRows) -> Self {
        Self {
            table,
            rows,
            open: None,
        }
    }

    /// Puts a group into `out`.
    pub(crate) fn copy(&mut self, group: &Group, out: &mut TableWriter<'_>) -> Result<()> {
        let file = match self.open.take() {
            Some((number, file)) if number == group.file => file,
            _ => TableFile::open(self.table, self.rows.path(group.file))?,
        };
        out.copy(&file, group.number)?;
        self.open = Some((group.file, file));
        Ok(())
    }
}
