//! A change to the catalogue: all of it, or none.
//!
//! Order is everything here: files, their directories, the manifest, its directory, and only then the
//! files that nobody names any more and nobody reads.

use std::collections::BTreeSet;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::file::{NewFile, io, sync_directory};
use super::lock::{self, WriterLock};
use super::manifest::{self, Manifest, Model, Part, model_paths, table_path};
use super::table::TableWriter;
use super::{Catalogue, FileId, ModelKind, Removed, name, readers, table};
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
    pub(super) catalogue: Catalogue,
    /// What the catalogue is.
    current: Manifest,
    /// What it will be.
    pub(super) next: Manifest,
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
        let Some(generation) = current.generation.checked_add(1) else {
            return Err(StoreError::DamagedManifest {
                path: manifest::path(&catalogue.root),
                reason: format!("its generation is {}, which none can follow", current.generation),
            });
        };
        let mut next = Manifest {
            generation,
            ..current.clone()
        };
        next.retired.retain(|file, _| catalogue.root.join(file).exists());
        catalogue.publish(current.clone());
        Ok(Self {
            catalogue,
            current,
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
        self.begin_part(name, schema, false)
    }

    /// Begins rows that are added to those of a table. Unless they are finished the change leaves them out.
    ///
    /// # Errors
    /// When there is no such table, or the file cannot be made.
    pub fn begin_rows(&mut self, name: &str, schema: SchemaRef) -> Result<TableWriter<'_>, StoreError> {
        let this = self.next.generation;
        if self
            .next
            .table(name)?
            .parts
            .iter()
            .any(|part| part.generation == this)
        {
            // A change writes one file of a table.
            let path = self.catalogue.root.join(table_path(name, this));
            return Err(io("create", &path, ErrorKind::AlreadyExists.into()));
        }
        self.begin_part(name, schema, true)
    }

    fn begin_part(
        &mut self,
        name: &str,
        schema: SchemaRef,
        added: bool,
    ) -> Result<TableWriter<'_>, StoreError> {
        name::check(name, "a table")?;
        let relative = table_path(name, self.next.generation);
        let file = self.create(&relative)?;
        TableWriter::new(self, name, schema, file, added)
    }

    /// Gives a table another name.
    ///
    /// # Errors
    /// When there is no such table, there is one of the new name, that is not one, or the disk refuses.
    pub fn rename_table(&mut self, name: &str, new_name: &str) -> Result<(), StoreError> {
        name::check(new_name, "a table")?;
        let mut table = self.next.table(name)?.clone();
        if self.next.tables.contains_key(new_name) {
            return Err(StoreError::Taken {
                name: new_name.to_owned(),
            });
        }
        for part in &mut table.parts {
            let relative = table_path(new_name, part.generation);
            let [from, to] = [&part.file.path, &relative].map(|file| self.catalogue.root.join(file));
            self.written.insert(relative.clone());
            // A second name for the same bytes, where the file system has that.
            fs::hard_link(&from, &to)
                .or_else(|error| match error.kind() {
                    // It belongs to a table of this name that somebody still reads.
                    ErrorKind::AlreadyExists => Err(error),
                    _ => copy(&from, &to),
                })
                .map_err(|source| io("create", &to, source))?;
            part.file.path = relative;
        }
        table.generation = self.next.generation;
        for index in self.next.indexes.values_mut().filter(|index| index.table == name) {
            new_name.clone_into(&mut index.table);
        }
        self.next.tables.remove(name);
        self.next.tables.insert(new_name.to_owned(), table);
        Ok(())
    }

    /// Writes a table that is in several files into one. Returns whether there was anything to do.
    ///
    /// # Errors
    /// When there is no such table, or a file cannot be read or written.
    pub fn compact_table(&mut self, name: &str) -> Result<bool, StoreError> {
        let parts = self.next.table(name)?.parts.clone();
        if parts.len() < 2 {
            return Ok(false);
        }
        let root = self.catalogue.root.clone();
        let mut paths = Vec::with_capacity(parts.len());
        for part in &parts {
            paths.push(part.file.verify(&root, || format!("table `{name}`"))?);
        }
        let mut rows = table::Rows::open(name, paths)?;
        let mut writer = self.begin_table(name, rows.schema())?;
        while let Some(batch) = rows.next()? {
            writer.write(&batch)?;
        }
        writer.finish()?;
        Ok(true)
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

    /// What the files of a table will be told by, in the order of its rows.
    ///
    /// # Errors
    /// When there will be no such table.
    pub fn table_files(&self, name: &str) -> Result<Vec<FileId>, StoreError> {
        Ok(self.next.table(name)?.files().collect())
    }

    /// The tables that there will be, by name.
    pub fn tables(&self) -> Vec<String> {
        self.next.tables.keys().cloned().collect()
    }

    /// Drops a table with its indexes. Returns whether there was one.
    pub fn drop_table(&mut self, name: &str) -> bool {
        self.next.indexes.retain(|_, index| index.table != name);
        self.next.tables.remove(name).is_some()
    }

    /// Drops a model. Returns whether there was one.
    pub fn drop_model(&mut self, kind: ModelKind, name: &str) -> bool {
        self.next
            .models
            .get_mut(&kind)
            .is_some_and(|models| models.remove(name).is_some())
    }

    /// Drops an index. Returns whether there was one.
    pub fn drop_index(&mut self, name: &str) -> bool {
        self.next.indexes.remove(name).is_some()
    }

    /// Makes the change: from here on every reader sees it, and it survives a crash. A change of nothing is none, and leaves
    /// the catalogue at the commit that it is at.
    ///
    /// # Errors
    /// When the disk refuses. The catalogue is then as it was before, unless it was the very last step that
    /// failed: then the change is made, but a loss of power might still undo it.
    pub fn commit(mut self) -> Result<(), StoreError> {
        if self.is_of_nothing() {
            return Ok(());
        }
        let root = self.catalogue.root.clone();
        manifest::sync(&root, &self.written)?;
        let (before, after) = (self.current.files(), self.next.files());
        let left_out = before.difference(&after).map(|file| (*file).to_owned());
        let retired: Vec<_> = left_out.map(|file| (file, self.next.generation)).collect();
        self.next.retired.extend(retired);
        self.next.write(&root)?;
        // The rename cannot be undone, so from here on the new files are the catalogue's.
        self.committed = true;
        self.catalogue.publish(self.next.clone());
        sync_directory(&root).map_err(|source| StoreError::Unsynced {
            path: root.as_path().to_owned(),
            source,
        })?;
        // Files that cannot be deleted now are left to the next writer.
        let _ = sweep(&root, &self.next);
        Ok(())
    }

    fn is_of_nothing(&self) -> bool {
        let Manifest {
            tables,
            models,
            indexes,
            ..
        } = &self.next;
        let now = &self.current;
        (tables, models, indexes) == (&now.tables, &now.models, &now.indexes)
    }

    /// Takes a finished part of a table into the change, beside the others or in their place.
    pub(super) fn add_part(
        &mut self,
        name: &str,
        rows: u64,
        file: NewFile,
        added: bool,
    ) -> Result<(), StoreError> {
        let generation = self.next.generation;
        let part = Part {
            rows,
            generation,
            file: file.finish()?,
        };
        let table = self.next.tables.entry(name.to_owned()).or_default();
        if !added {
            table.parts.clear();
        }
        table.parts.push(part);
        table.generation = generation;
        Ok(())
    }

    pub(super) fn create(&mut self, relative: &str) -> Result<NewFile, StoreError> {
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

/// Deletes every file in the catalogue's folders that its manifest does not name and no reader of an earlier commit
/// may need, and a draft of a manifest. Only files named as ours are touched.
pub(super) fn sweep(root: &Path, manifest: &Manifest) -> Result<Removed, StoreError> {
    let named = manifest.files();
    let earliest = readers::earliest(root).unwrap_or(u64::MAX);
    let is_read = |file: &str| {
        manifest
            .retired
            .get(file)
            .is_some_and(|left_out| earliest < *left_out)
    };
    let mut removed = Removed::default();
    for file in files(root) {
        if named.contains(file.as_str()) {
            continue;
        }
        let path = root.join(&file);
        let bytes = path.metadata().map_or(0, |metadata| metadata.len());
        if is_read(&file) {
            removed.kept += 1;
            removed.kept_bytes += bytes;
        } else {
            remove(&path)?;
            removed.files += 1;
            removed.bytes += bytes;
        }
    }
    let draft = root.join(manifest::DRAFT);
    if draft.exists() {
        remove(&draft)?;
    }
    Ok(removed)
}

/// Every file in the catalogue's folders that is named as ours.
pub(super) fn files(root: &Path) -> Vec<String> {
    let mut folders = vec!["tables".to_owned()];
    folders.push("indexes".to_owned());
    folders.extend(ModelKind::ALL.map(|kind| format!("models/{kind}")));
    let mut files = Vec::new();
    for folder in folders {
        let Ok(entries) = fs::read_dir(root.join(&folder)) else {
            continue;
        };
        for entry in entries.filter_map(Result::ok) {
            let file = entry.file_name().to_string_lossy().into_owned();
            if is_ours(&file) {
                files.push(format!("{folder}/{file}"));
            }
        }
    }
    files.sort_unstable();
    files
}

/// Whether a file is named `<name>-<generation>.<form>`.
fn is_ours(file: &str) -> bool {
    let parts = file
        .rsplit_once('.')
        .and_then(|(stem, form)| Some((stem.rsplit_once('-')?, form)));
    parts.is_some_and(|((name, generation), form)| {
        name::is_valid(name)
            && generation.parse::<u64>().is_ok()
            && ["parquet", "json", "safetensors", "vectors", "usearch"].contains(&form)
    })
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::copy(from, to)?;
    fs::File::open(to)?.sync_all()
}

fn remove(path: &Path) -> Result<(), StoreError> {
    fs::remove_file(path).map_err(|source| io("remove", path, source))
}
