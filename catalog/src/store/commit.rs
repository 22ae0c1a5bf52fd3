//! A change to the catalogue: all of it, or none.
//!
//! Order is everything here: files, their directories, the manifest, its directory, and only then the
//! files that nobody names any more.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::file::{NewFile, io, sync_directory};
use super::lock::{self, WriterLock};
use super::manifest::{self, Manifest, Model, Table, model_paths, table_path};
use super::table::TableWriter;
use super::{Catalogue, ModelKind, name};
use crate::error::StoreError;

/// A change that is being made. Dropped without [`commit`](Self::commit) it never was.
///
/// # Examples
/// ```
/// use helioql_catalog::{Catalogue, ModelKind};
///
/// let directory = tempfile::tempdir()?;
/// let catalogue = Catalogue::create(directory.path().join("sun.helio"))?;
/// let mut change = catalogue.begin()?;
/// change.put_model(ModelKind::Encoder, "look", &serde_json::json!({"dim": 64}), b"weights")?;
/// change.commit()?;
/// let (config, weights) = catalogue.read_model(ModelKind::Encoder, "look")?;
/// assert_eq!((config["dim"].as_u64(), weights.as_slice()), (Some(64), b"weights".as_slice()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Transaction {
    catalogue: Catalogue,
    /// What the catalogue will be.
    next: Manifest,
    /// The files written so far, relative to the catalogue.
    written: BTreeSet<String>,
    committed: bool,
    _lock: WriterLock,
}

impl Transaction {
    pub(super) fn begin(catalogue: Catalogue) -> Result<Self, StoreError> {
        let lock = lock::acquire(&catalogue.root)?;
        // The catalogue may be older than the last commit of another process.
        let current = Manifest::read(&catalogue.root)?;
        sweep(&catalogue.root, &current)?;
        let next = Manifest {
            generation: current.generation + 1,
            ..current.clone()
        };
        catalogue.publish(current);
        Ok(Self {
            catalogue,
            next,
            written: BTreeSet::new(),
            committed: false,
            _lock: lock,
        })
    }

    /// Writes a table in place of the one of this name, if there is one. Returns its number of rows.
    ///
    /// # Errors
    /// When the name is not one, a batch does not fit the schema, or the file cannot be written.
    pub fn write_table(
        &mut self,
        name: &str,
        schema: SchemaRef,
        batches: impl IntoIterator<Item = RecordBatch>,
    ) -> Result<u64, StoreError> {
        let mut table = self.begin_table(name, schema)?;
        for batch in batches {
            table.write(&batch)?;
        }
        table.finish()
    }

    /// Begins a table whose batches come one by one. Unless it is finished the change leaves it out.
    ///
    /// # Errors
    /// When the name is not one, or the file cannot be made.
    pub fn begin_table(&mut self, name: &str, schema: SchemaRef) -> Result<TableWriter<'_>, StoreError> {
        name::check(name, "a table")?;
        let relative = table_path(name, self.next.generation);
        let file = self.create(&relative)?;
        TableWriter::new(self, name, schema, file)
    }

    /// Puts a model in place of the one of this kind and name, if there is one.
    ///
    /// # Errors
    /// When the name is not one, or the files cannot be written.
    pub fn put_model(
        &mut self,
        kind: ModelKind,
        name: &str,
        config: &serde_json::Value,
        weights: &[u8],
    ) -> Result<(), StoreError> {
        name::check(name, "a model")?;
        let generation = self.next.generation;
        let [config_path, weights_path] = model_paths(kind, name, generation);
        let config = serde_json::to_vec_pretty(config).map_err(|source| StoreError::Config {
            what: format!("{kind} `{name}`"),
            source,
        })?;
        let mut write = |relative: &str, bytes: &[u8]| {
            let mut file = self.create(relative)?;
            let path = self.catalogue.root.join(relative);
            file.write_all(bytes)
                .map_err(|source| io("write", &path, source))?;
            file.finish()
        };
        let model = Model {
            generation,
            config: write(&config_path, &config)?,
            weights: write(&weights_path, weights)?,
        };
        self.next
            .models
            .entry(kind)
            .or_default()
            .insert(name.to_owned(), model);
        Ok(())
    }

    /// Drops a table. Returns whether there was one.
    pub fn drop_table(&mut self, name: &str) -> bool {
        self.next.tables.remove(name).is_some()
    }

    /// Drops a model. Returns whether there was one.
    pub fn drop_model(&mut self, kind: ModelKind, name: &str) -> bool {
        self.next
            .models
            .get_mut(&kind)
            .is_some_and(|models| models.remove(name).is_some())
    }

    /// Makes the change: from here on every reader sees it, and it survives a crash.
    ///
    /// # Errors
    /// When the disk refuses. The catalogue is then as it was before, unless it was the very last step that
    /// failed: then the change is made, but a loss of power might still undo it.
    pub fn commit(mut self) -> Result<(), StoreError> {
        let root = self.catalogue.root.clone();
        manifest::sync(&root, &self.written)?;
        self.next.write(&root)?;
        // The rename cannot be undone, so from here on the new files are the catalogue's.
        self.committed = true;
        self.catalogue.publish(self.next.clone());
        sync_directory(&root)?;
        // Files that cannot be deleted now are left to the next writer.
        let _ = sweep(&root, &self.next);
        Ok(())
    }

    /// Takes a finished table into the change.
    pub(super) fn add_table(&mut self, name: &str, rows: u64, file: NewFile) -> Result<(), StoreError> {
        let table = Table {
            rows,
            generation: self.next.generation,
            file: file.finish()?,
        };
        self.next.tables.insert(name.to_owned(), table);
        Ok(())
    }

    fn create(&mut self, relative: &str) -> Result<NewFile, StoreError> {
        self.written.insert(relative.to_owned());
        NewFile::create(&self.catalogue.root, relative)
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if !self.committed {
            for file in &self.written {
                // What cannot be deleted now is swept by the next writer.
                let _ = fs::remove_file(self.catalogue.root.join(file));
            }
        }
    }
}

/// Deletes every file in the catalogue's folders that its manifest does not name, and a draft of a
/// manifest. Only files named as ours are touched.
fn sweep(root: &Path, manifest: &Manifest) -> Result<(), StoreError> {
    let named = manifest.files();
    let mut folders = vec!["tables".to_owned()];
    folders.extend(ModelKind::ALL.map(|kind| format!("models/{kind}")));
    for folder in folders {
        let directory = root.join(&folder);
        let Ok(entries) = fs::read_dir(&directory) else {
            continue;
        };
        for entry in entries.filter_map(Result::ok) {
            let file = entry.file_name().to_string_lossy().into_owned();
            if !named.contains(format!("{folder}/{file}").as_str()) && is_ours(&file) {
                remove(&entry.path())?;
            }
        }
    }
    let draft = root.join(manifest::DRAFT);
    if draft.exists() { remove(&draft) } else { Ok(()) }
}

/// Whether a file is named `<name>-<generation>.<form>`.
fn is_ours(file: &str) -> bool {
    let parts = file
        .rsplit_once('.')
        .and_then(|(stem, form)| Some((stem.rsplit_once('-')?, form)));
    parts.is_some_and(|((name, generation), form)| {
        name::is_valid(name)
            && generation.parse::<u64>().is_ok()
            && ["parquet", "json", "safetensors"].contains(&form)
    })
}

fn remove(path: &Path) -> Result<(), StoreError> {
    fs::remove_file(path).map_err(|source| io("remove", path, source))
}
