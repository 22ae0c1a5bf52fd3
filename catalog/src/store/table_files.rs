//! The files of a table as of one commit, each compared with what was written before it is read first.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::manifest::Part;
use crate::error::StoreError;

/// The files of a table, in the order of its rows. Who reads them holds the [`Snapshot`](super::Snapshot) that they are of.
#[derive(Debug, Clone)]
pub struct TableFiles {
    table: String,
    files: Vec<(PathBuf, Part)>,
    root: Arc<PathBuf>,
    compared: Arc<Compared>,
}

/// The files that were compared since the catalogue was opened, by path and checksum: a file is written once.
#[derive(Debug, Default)]
pub(super) struct Compared(Mutex<BTreeSet<(String, String)>>);

impl TableFiles {
    pub(super) fn new(table: &str, parts: &[Part], root: &Arc<PathBuf>, compared: &Arc<Compared>) -> Self {
        let files = parts
            .iter()
            .map(|part| (root.join(&part.file.path), part.clone()));
        Self {
            table: table.to_owned(),
            files: files.collect(),
            root: Arc::clone(root),
            compared: Arc::clone(compared),
        }
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether the table has no file, and so no row.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Where file number `file` lies.
    pub fn path(&self, file: usize) -> &Path {
        &self.files[file].0
    }

    /// How many rows file number `file` has.
    pub fn rows(&self, file: usize) -> u64 {
        self.files[file].1.rows
    }

    /// Compares file number `file` with what was written, unless that was done since the catalogue was opened: some
    /// gigabytes a second. Returns whether that is done now: not where `is_cancelled` said so on the way.
    ///
    /// # Errors
    /// When the file is missing or damaged.
    pub fn compare(&self, file: usize, is_cancelled: impl Fn() -> bool) -> Result<bool, StoreError> {
        let entry = &self.files[file].1.file;
        let id = (entry.path.clone(), entry.xxh3.clone());
        if self.compared().contains(&id) {
            return Ok(true);
        }
        let what = || format!("table `{}`", self.table);
        let compared = entry.scan(&self.root, what, |_| !is_cancelled())?;
        if compared {
            self.compared().insert(id);
        }
        Ok(compared)
    }

    fn compared(&self) -> std::sync::MutexGuard<'_, BTreeSet<(String, String)>> {
        // The lock guards one insertion, which cannot be left half done.
        self.compared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
