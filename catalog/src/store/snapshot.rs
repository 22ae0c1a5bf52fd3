//! One commit of a catalogue, held by a reader.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::manifest::Manifest;
use super::readers::{self, Hold};
use super::table_files::{Compared, TableFiles};
use super::{Catalogue, FileId, IndexEntry, IndexFiles, TableEntry, index};
use crate::error::StoreError;

/// A commit whose files stay where they are, whatever writers do, until it is dropped. On a file system that cannot
/// be written there are no writers to hold it against.
///
/// # Examples
/// ```
/// use helioql_catalog::{Catalogue, ModelKind};
///
/// let directory = tempfile::tempdir()?;
/// let catalogue = Catalogue::create(directory.path().join("sun.helio"))?;
/// let before = catalogue.snapshot()?;
/// let mut change = catalogue.begin()?;
/// change.put_model(ModelKind::Encoder, "look", &serde_json::json!({"dim": 64}), b"weights")?;
/// change.commit()?;
/// assert_eq!((before.generation(), catalogue.snapshot()?.generation()), (0, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Snapshot {
    root: Arc<PathBuf>,
    manifest: Arc<Manifest>,
    compared: Arc<Compared>,
    _hold: Option<Hold>,
}

impl Snapshot {
    pub(super) fn of(catalogue: &Catalogue) -> Result<Self, StoreError> {
        loop {
            let manifest = catalogue.manifest();
            let hold = readers::hold(&catalogue.root, manifest.generation).ok();
            // Files may have been deleted before they were held; not so if this is still the last commit.
            let last = Manifest::read(&catalogue.root)?;
            if last == *manifest {
                return Ok(Self {
                    root: Arc::clone(&catalogue.root),
                    manifest,
                    compared: Arc::clone(&catalogue.compared),
                    _hold: hold,
                });
            }
            catalogue.publish(last);
        }
    }

    /// The number of the commit.
    pub fn generation(&self) -> u64 {
        self.manifest.generation
    }

    /// The tables, by name.
    pub fn tables(&self) -> Vec<TableEntry> {
        self.manifest.tables(&self.root).collect()
    }

    /// The files of a table.
    ///
    /// # Errors
    /// When there is no such table.
    pub fn files(&self, name: &str) -> Result<TableFiles, StoreError> {
        let parts = &self.manifest.table(name)?.parts;
        Ok(TableFiles::new(name, parts, &self.root, &self.compared))
    }

    /// What the files of a table are told by, in the order of its rows.
    ///
    /// # Errors
    /// When there is no such table.
    pub fn table_files(&self, name: &str) -> Result<Vec<FileId>, StoreError> {
        Ok(self.manifest.table(name)?.files().collect())
    }

    /// The indexes, by name.
    pub fn indexes(&self) -> Vec<IndexEntry> {
        self.manifest.indexes().collect()
    }

    /// Reads an index, whose files are compared with what was written.
    ///
    /// # Errors
    /// When there is no such index, or one of its files is missing or damaged.
    pub fn read_index(&self, name: &str) -> Result<IndexFiles, StoreError> {
        index::read(&self.root, name, self.manifest.index(name)?)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn manifest(&self) -> &Manifest {
        &self.manifest
    }
}
