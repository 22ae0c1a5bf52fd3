//! The catalogue on disk: a directory of Parquet tables, safetensors models and one manifest.
//!
//! ```text
//! sun.helio/
//!   manifest.json                     what belongs to the catalogue: every file with size and checksum
//!   lock                              held by the one writer
//!   readers/<generation>              held by those who read this commit
//!   tables/<name>-<generation>.parquet
//!   models/<kind>/<name>-<generation>.safetensors and .json
//!   indexes/<name>-<generation>.vectors and .usearch
//! ```
//! A file is never changed once it is written. A commit writes new files, syncs them, and renames a new
//! manifest over the old one; that rename is the commit. A reader therefore sees the catalogue before or
//! after it, and a writer that is killed leaves files that no manifest names, which the next writer
//! removes. Files that a manifest names are checked against it before they are used.
//!
//! A catalogue that lies elsewhere is read through a copy, whose one writer is a [`Mirror`].
//!
//! A replaced file is deleted after the commit, or, where a [`Snapshot`] of an earlier commit is held, by the first
//! writer after its end.

mod check;
mod commit;
mod file;
mod index;
mod lock;
mod manifest;
mod mirror;
mod name;
mod readers;
mod snapshot;
mod table;
mod table_files;

pub use self::check::Finding;
pub use self::commit::Transaction;
pub use self::file::checksum;
pub use self::index::{IndexFiles, NewIndex};
pub use self::mirror::{Fetch, Lacking, Mirror};
pub use self::name::check as check_name;
pub use self::snapshot::Snapshot;
pub use self::table::{TableFile, TableWriter};
pub use self::table_files::TableFiles;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::{fs, io};

use arrow::datatypes::SchemaRef;
use serde::{Deserialize, Serialize};

use self::manifest::Manifest;
use self::table_files::Compared;
use crate::error::StoreError;

/// A catalogue directory, as of one commit. Clones share what they know of it.
#[derive(Clone, Debug)]
pub struct Catalogue {
    root: Arc<PathBuf>,
    manifest: Arc<RwLock<Arc<Manifest>>>,
    compared: Arc<Compared>,
    /// Where the catalogue lies that this one is a copy of.
    origin: Option<Arc<str>>,
}

/// A table of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableEntry {
    /// Its name.
    pub name: String,
    /// Its Parquet files, in the order of its rows.
    pub paths: Vec<PathBuf>,
    /// How many rows it has.
    pub rows: u64,
    /// The size of the files in bytes.
    pub bytes: u64,
    /// The commit that wrote it: a number that changes whenever the table does.
    pub generation: u64,
}

/// A model of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelEntry {
    /// What kind of model.
    pub kind: ModelKind,
    /// Its name.
    pub name: String,
    /// The size of its weights in bytes.
    pub bytes: u64,
    /// The commit that wrote it: a number that changes whenever the model does.
    pub generation: u64,
}

/// A vector index of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// Its name.
    pub name: String,
    /// The table whose rows it finds.
    pub table: String,
    /// What it was made with.
    pub config: IndexConfig,
    /// How many rows the table had when it was made.
    pub rows: u64,
    /// How many of the table's files, from the first on, have the rows that it was made of; 0 where the table has been
    /// written anew since.
    pub files: usize,
    /// The size of its files in bytes.
    pub bytes: u64,
    /// The commit that wrote it: a number that changes whenever the index does.
    pub generation: u64,
}

/// What a vector index was made with. It stands in the manifest, so that an index whose files are damaged can be made
/// again; whole numbers and text only, as everything there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexConfig {
    /// The column of vectors.
    pub column: String,
    /// The encoder that made them, if one did.
    pub encoder: Option<String>,
    /// How they are compared.
    pub metric: String,
    /// Neighbours of a row in the graph.
    pub connectivity: u64,
    /// Candidates while a row is added.
    pub expansion_add: u64,
    /// Candidates of a search.
    pub expansion_search: u64,
    /// How the graph keeps vectors.
    pub storage: String,
    /// What vectors are multiplied by in the graph: the bits of an `f32`.
    pub scale_bits: u32,
    /// The length of a vector.
    pub dimension: u64,
    /// How many rows have no vector that can be near to anything.
    pub left_out: u64,
    /// The statement that made it.
    pub statement: String,
}

/// What a file of a table is told by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileId {
    /// How many rows it has.
    pub rows: u64,
    /// The checksum of its bytes.
    pub xxh3: String,
}

/// Files that no commit and no reader needs any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// How many were deleted.
    pub files: u64,
    /// How many bytes they had.
    pub bytes: u64,
    /// How many had to stay, because somebody reads an earlier commit.
    pub kept: u64,
    /// How many bytes these have.
    pub kept_bytes: u64,
}

/// The kinds of models. Names are unique within a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelKind {
    /// Makes patches from latents.
    Generator,
    /// Makes embeddings of patches.
    Encoder,
    /// Directions in the latent space of the generator of the same name.
    Directions,
}

impl ModelKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Generator, Self::Encoder, Self::Directions];

    /// The word for it, which is its folder too.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Generator => "generator",
            Self::Encoder => "encoder",
            Self::Directions => "directions",
        }
    }
}

impl fmt::Display for ModelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Catalogue {
    /// Opens the catalogue at a path.
    ///
    /// # Errors
    /// When there is none, its manifest is damaged, or a newer version of `HelioQL` wrote it.
    pub fn open(root: impl AsRef<Path>) -> Result<Self, StoreError> {
        let root = root.as_ref();
        let manifest = Manifest::read(root)?;
        Ok(Self {
            root: Arc::new(root.to_owned()),
            manifest: Arc::new(RwLock::new(Arc::new(manifest))),
            compared: Arc::default(),
            origin: None,
        })
    }

    /// Makes an empty catalogue at a path where nothing is, or an empty directory.
    ///
    /// # Errors
    /// When something else is there, or the directory cannot be written.
    ///
    /// # Examples
    /// ```
    /// use helioql_catalog::Catalogue;
    ///
    /// let directory = tempfile::tempdir()?;
    /// let catalogue = Catalogue::create(directory.path().join("sun.helio"))?;
    /// assert!(catalogue.tables().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create(root: impl AsRef<Path>) -> Result<Self, StoreError> {
        let root = root.as_ref();
        refuse_foreign(root)?;
        fs::create_dir_all(root).map_err(|source| file::io("create", root, source))?;
        let _writer = lock::acquire(root)?;
        // Looked for under the lock: of two processes that create the same catalogue one finds it made.
        if manifest::path(root).exists() {
            return Err(StoreError::Exists {
                path: root.to_owned(),
            });
        }
        Manifest::default().write(root)?;
        Self::open(root)
    }

    /// Opens the catalogue at a path, or makes an empty one.
    ///
    /// # Errors
    /// As [`open`](Self::open) and [`create`](Self::create).
    pub fn open_or_create(root: impl AsRef<Path>) -> Result<Self, StoreError> {
        let root = root.as_ref();
        if manifest::path(root).exists() {
            return Self::open(root);
        }
        match Self::create(root) {
            Err(StoreError::Exists { .. }) => Self::open(root),
            made => made,
        }
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the catalogue lies that this one is a copy of, brought here by a [`Mirror`]; such a copy is only read.
    pub fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// The number of the commit that this catalogue shows; it grows by one with each.
    pub fn generation(&self) -> u64 {
        self.manifest().generation
    }

    /// Looks for commits of other processes. Returns whether there was one.
    ///
    /// # Errors
    /// When the manifest cannot be read; the catalogue then shows what it did before.
    pub fn refresh(&self) -> Result<bool, StoreError> {
        let manifest = Manifest::read(&self.root)?;
        let changed = manifest.generation != self.generation();
        self.publish(manifest);
        Ok(changed)
    }

    /// Begins a change: takes the writer's lock and removes what killed writers left.
    ///
    /// # Errors
    /// When another writer holds the lock, the directory cannot be written, or the catalogue is the copy of another.
    pub fn begin(&self) -> Result<Transaction, StoreError> {
        if let Some(origin) = self.origin() {
            return Err(StoreError::Copy {
                origin: origin.to_owned(),
            });
        }
        Transaction::begin(self.clone())
    }

    /// The tables, by name.
    pub fn tables(&self) -> Vec<TableEntry> {
        self.manifest().tables(&self.root).collect()
    }

    /// The table of this name.
    pub fn table(&self, name: &str) -> Option<TableEntry> {
        self.manifest()
            .tables(&self.root)
            .find(|table| table.name == name)
    }

    /// Checks that a table's files are as they were written, and returns their paths.
    ///
    /// # Errors
    /// When there is no such table, or a file is missing or damaged.
    pub fn verify_table(&self, name: &str) -> Result<Vec<PathBuf>, StoreError> {
        self.retry(|manifest| {
            let parts = manifest.table(name)?.parts.iter();
            parts
                .map(|part| part.file.verify(&self.root, || format!("table `{name}`")))
                .collect()
        })
    }

    /// The last commit, whose files stay as long as it is held.
    ///
    /// # Errors
    /// When the manifest cannot be read.
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        Snapshot::of(self)
    }

    /// Deletes files that no commit and no reader needs any more, as every change does before it begins.
    ///
    /// # Errors
    /// When a writer is at work, or the disk refuses.
    pub fn remove_unused(&self) -> Result<Removed, StoreError> {
        let _writer = lock::acquire(&self.root)?;
        let manifest = Manifest::read(&self.root)?;
        commit::sweep(&self.root, &manifest)
    }

    /// Compares every file with what the manifest says of it, and every table with its files.
    ///
    /// # Errors
    /// When the manifest cannot be read. What is wrong with a file is a [`Finding`].
    pub fn check(&self) -> Result<Vec<Finding>, StoreError> {
        Ok(check::check(&self.snapshot()?))
    }

    /// The models of a kind, by name.
    pub fn models(&self, kind: ModelKind) -> Vec<ModelEntry> {
        self.manifest().models(kind).collect()
    }

    /// The model of this kind and name.
    pub fn model(&self, kind: ModelKind, name: &str) -> Option<ModelEntry> {
        self.manifest().models(kind).find(|model| model.name == name)
    }

    /// The indexes, by name.
    pub fn indexes(&self) -> Vec<IndexEntry> {
        self.manifest().indexes().collect()
    }

    /// Reads a model: its config as it was put, and its weights in safetensors form, both checked.
    ///
    /// # Errors
    /// When there is no such model, or one of its files is missing or damaged.
    pub fn read_model(
        &self,
        kind: ModelKind,
        name: &str,
    ) -> Result<(serde_json::Value, Vec<u8>), StoreError> {
        let what = || format!("{kind} `{name}`");
        self.retry(|manifest| {
            let model = manifest.model(kind, name).ok_or_else(|| StoreError::Unknown {
                kind: kind.as_str(),
                name: name.to_owned(),
                closest: manifest.closest_model(kind, name),
            })?;
            let config = model.config.read(&self.root, what)?;
            let weights = model.weights.read(&self.root, what)?;
            let config = serde_json::from_slice(&config)
                .map_err(|error| model.config.damaged(&self.root, what, error.to_string()))?;
            Ok((config, weights))
        })
    }

    fn manifest(&self) -> Arc<Manifest> {
        // The lock guards one assignment, which cannot be left half done.
        Arc::clone(&self.manifest.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn publish(&self, manifest: Manifest) {
        *self.manifest.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(manifest);
    }

    /// Tries once more after a look at the manifest: another process may have replaced the file that the
    /// known one names.
    fn retry<T>(&self, attempt: impl Fn(&Manifest) -> Result<T, StoreError>) -> Result<T, StoreError> {
        match attempt(&self.manifest()) {
            Err(error) if error.is_missing_or_damaged() && self.refresh()? => attempt(&self.manifest()),
            result => result,
        }
    }
}

impl TableEntry {
    /// The table's schema, with the metadata of its fields.
    ///
    /// # Errors
    /// When its first file cannot be read as Parquet.
    pub fn schema(&self) -> Result<SchemaRef, StoreError> {
        let first = self.paths.first().map_or_else(|| Path::new(""), PathBuf::as_path);
        table::read_schema(&self.name, first)
    }
}

/// Sees to it that a catalogue is not made in the middle of something else.
fn refuse_foreign(root: &Path) -> Result<(), StoreError> {
    let found = match fs::read_dir(root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => "a file".to_owned(),
        Err(error) => return Err(file::io("read", root, error)),
        Ok(entries) => {
            let names = entries
                .filter_map(Result::ok)
                .map(|entry| entry.file_name().to_string_lossy().into_owned());
            // What a killed `create` leaves is ours.
            let foreign = names.filter(|name| {
                ![lock::FILE, manifest::FILE, manifest::DRAFT, readers::FOLDER].contains(&name.as_str())
            });
            match foreign.min() {
                None => return Ok(()),
                Some(name) => format!("a directory with `{name}`"),
            }
        }
    };
    Err(StoreError::Foreign {
        path: root.to_owned(),
        found,
    })
}

#[cfg(test)]
mod tests;
