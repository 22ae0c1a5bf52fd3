//! The manifest: the one file that says what belongs to the catalogue.
//!
//! ```json
//! { "format": 3, "xxh3": "…", "content": { "generation": 7, "tables": {…}, "models": {…}, "indexes": {…}, "retired": {…} } }
//! ```
//! `xxh3` is the checksum of `content` in its compact form, so that a damaged manifest is told from a
//! good one even where it still parses. The content has no numbers but whole ones, which makes that form
//! unique. Earlier formats are read ([`format_1`]; the second had no indexes), and written as this one by the next commit.

mod format_1;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::file::{FileEntry, checksum, io, sync_directory};
use super::name::is_valid;
use super::{FileId, IndexConfig, IndexEntry, ModelEntry, ModelKind, TableEntry};
use crate::error::StoreError;

/// The manifest's name.
pub(super) const FILE: &str = "manifest.json";
/// Its name until it is whole.
pub(super) const DRAFT: &str = "manifest.json.tmp";
/// The format that is written.
const FORMAT: u64 = 3;

/// What belongs to the catalogue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) generation: u64,
    pub(super) tables: BTreeMap<String, Table>,
    pub(super) models: BTreeMap<ModelKind, BTreeMap<String, Model>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) indexes: BTreeMap<String, Index>,
    /// Files of earlier commits, each with the commit that left it out: a reader of one before may still need it.
    pub(super) retired: BTreeMap<String, u64>,
}

/// A table's row in the manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Table {
    /// The last commit that changed it.
    pub(super) generation: u64,
    /// Its files, in the order of its rows.
    pub(super) parts: Vec<Part>,
}

/// One file of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) rows: u64,
    /// The commit that wrote it.
    pub(super) generation: u64,
    pub(super) file: FileEntry,
}

/// A model's row in the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Model {
    pub(super) generation: u64,
    pub(super) config: FileEntry,
    pub(super) weights: FileEntry,
}

/// An index's row in the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Index {
    pub(super) generation: u64,
    pub(super) table: String,
    /// The files of the table whose rows it was made of, in their order.
    pub(super) files: Vec<FileId>,
    pub(super) config: IndexConfig,
    pub(super) vectors: FileEntry,
    pub(super) graph: FileEntry,
}

impl Index {
    pub(super) fn own_files(&self) -> [&FileEntry; 2] {
        [&self.vectors, &self.graph]
    }
}

impl Table {
    /// What its files are told by, in the order of its rows.
    pub(super) fn files(&self) -> impl Iterator<Item = FileId> {
        self.parts.iter().map(|part| FileId {
            rows: part.rows,
            xxh3: part.file.xxh3.clone(),
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Envelope<T> {
    format: u64,
    xxh3: String,
    content: T,
}

/// Where the manifest lies.
pub(super) fn path(root: &Path) -> PathBuf {
    root.join(FILE)
}

/// Where a table of a generation lies, relative to the catalogue.
pub(super) fn table_path(name: &str, generation: u64) -> String {
    format!("tables/{name}-{generation}.parquet")
}

/// Where a model of a generation lies, relative to the catalogue: its config and its weights.
pub(super) fn model_paths(kind: ModelKind, name: &str, generation: u64) -> [String; 2] {
    ["json", "safetensors"].map(|form| format!("models/{kind}/{name}-{generation}.{form}"))
}

/// Where an index of a generation lies, relative to the catalogue: its vectors and its graph.
pub(super) fn index_paths(name: &str, generation: u64) -> [String; 2] {
    ["vectors", "usearch"].map(|form| format!("indexes/{name}-{generation}.{form}"))
}

impl Manifest {
    /// Reads and checks the manifest.
    pub(super) fn read(root: &Path) -> Result<Self, StoreError> {
        let path = path(root);
        let bytes = match fs::read(&path) {
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                return Err(StoreError::Missing {
                    path: root.to_owned(),
                });
            }
            read => read.map_err(|source| io("read", &path, source))?,
        };
        Self::parse(&path, &bytes)
    }

    /// Checks a manifest that was read of `path`.
    pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, StoreError> {
        let damaged = |reason: String| StoreError::DamagedManifest {
            path: path.to_owned(),
            reason,
        };
        // The format is looked at alone first: a later one may have anything else in it.
        let envelope: Envelope<serde_json::Value> =
            serde_json::from_slice(bytes).map_err(|error| damaged(error.to_string()))?;
        if envelope.format > FORMAT {
            return Err(StoreError::NewerFormat {
                path: path.to_owned(),
                found: envelope.format,
                supported: FORMAT,
            });
        }
        let Envelope {
            format,
            xxh3,
            content,
        } = envelope;
        let manifest = match format {
            2 | FORMAT => checked(content, &xxh3),
            1 => checked::<format_1::Manifest>(content, &xxh3).map(Self::from),
            other => Err(format!("its format is {other}, expected 1 to {FORMAT}")),
        };
        let manifest = manifest.map_err(damaged)?;
        manifest.check_generations().map_err(damaged)?;
        manifest.check_paths().map_err(damaged)?;
        Ok(manifest)
    }

    /// Replaces the manifest on disk by this one: the moment of a commit.
    pub(super) fn write(&self, root: &Path) -> Result<(), StoreError> {
        let (draft, path) = (root.join(DRAFT), path(root));
        let envelope = Envelope {
            format: FORMAT,
            xxh3: checksum(&serde_json::to_vec(self).map_err(unwritable)?),
            content: self,
        };
        let text = serde_json::to_vec_pretty(&envelope).map_err(unwritable)?;
        let write = || {
            let mut file = File::create(&draft)?;
            file.write_all(&text)?;
            file.sync_all()
        };
        write().map_err(|source| io("write", &draft, source))?;
        fs::rename(&draft, &path).map_err(|source| io("replace", &path, source))
    }

    /// Every file that belongs to the catalogue.
    pub(super) fn files(&self) -> BTreeSet<&str> {
        self.entries().map(|(_, file)| file.path.as_str()).collect()
    }

    /// The same with what each belongs to, such as "table `sharps`".
    pub(super) fn entries(&self) -> impl Iterator<Item = (String, &FileEntry)> {
        let tables = self.tables.iter().flat_map(|(name, table)| {
            let parts = table.parts.iter();
            parts.map(move |part| (format!("table `{name}`"), &part.file))
        });
        let models = self.models.iter().flat_map(|(kind, models)| {
            models.iter().flat_map(move |(name, model)| {
                [&model.config, &model.weights].map(|file| (format!("{kind} `{name}`"), file))
            })
        });
        let indexes = self
            .indexes
            .iter()
            .flat_map(|(name, index)| index.own_files().map(|file| (format!("index `{name}`"), file)));
        tables.chain(models).chain(indexes)
    }

    /// The tables, by name.
    pub(super) fn tables(&self, root: &Path) -> impl Iterator<Item = TableEntry> {
        self.tables.iter().map(|(name, table)| TableEntry {
            name: name.clone(),
            paths: table
                .parts
                .iter()
                .map(|part| root.join(&part.file.path))
                .collect(),
            rows: sum(table.parts.iter().map(|part| part.rows)),
            bytes: sum(table.parts.iter().map(|part| part.file.bytes)),
            generation: table.generation,
        })
    }

    /// The models of a kind, by name.
    pub(super) fn models(&self, kind: ModelKind) -> impl Iterator<Item = ModelEntry> {
        self.models
            .get(&kind)
            .into_iter()
            .flatten()
            .map(move |(name, model)| ModelEntry {
                kind,
                name: name.clone(),
                bytes: model.weights.bytes,
                generation: model.generation,
            })
    }

    /// The indexes, by name.
    pub(super) fn indexes(&self) -> impl Iterator<Item = IndexEntry> {
        self.indexes.iter().map(|(name, index)| {
            let table = self.tables.get(&index.table);
            let is_current = table.is_some_and(|table| {
                table
                    .files()
                    .take(index.files.len())
                    .eq(index.files.iter().cloned())
            });
            IndexEntry {
                name: name.clone(),
                table: index.table.clone(),
                config: index.config.clone(),
                rows: sum(index.files.iter().map(|file| file.rows)),
                files: if is_current { index.files.len() } else { 0 },
                bytes: sum(index.own_files().iter().map(|file| file.bytes)),
                generation: index.generation,
            }
        })
    }

    /// An index's row.
    pub(super) fn index(&self, name: &str) -> Result<&Index, StoreError> {
        self.indexes.get(name).ok_or_else(|| StoreError::Unknown {
            kind: "index",
            name: name.to_owned(),
            closest: helioql_grammar::closest(name, self.indexes.keys().map(String::as_str))
                .map(str::to_owned),
        })
    }

    /// A table's row.
    pub(super) fn table(&self, name: &str) -> Result<&Table, StoreError> {
        self.tables.get(name).ok_or_else(|| StoreError::Unknown {
            kind: "table",
            name: name.to_owned(),
            closest: self.closest_table(name),
        })
    }

    pub(super) fn model(&self, kind: ModelKind, name: &str) -> Option<&Model> {
        self.models.get(&kind)?.get(name)
    }

    fn closest_table(&self, name: &str) -> Option<String> {
        helioql_grammar::closest(name, self.tables.keys().map(String::as_str)).map(str::to_owned)
    }

    pub(super) fn closest_model(&self, kind: ModelKind, name: &str) -> Option<String> {
        let names = self.models.get(&kind).into_iter().flat_map(BTreeMap::keys);
        helioql_grammar::closest(name, names.map(String::as_str)).map(str::to_owned)
    }

    /// Nothing is of a commit after the last: the next would write over its files.
    fn check_generations(&self) -> Result<(), String> {
        let last = self.generation;
        let known = |what: &str, name: &str, generation: u64| {
            if generation <= last {
                Ok(())
            } else {
                Err(format!(
                    "expected {what} `{name}` to be of generation {last} at most, found {generation}"
                ))
            }
        };
        for (name, table) in &self.tables {
            known("table", name, table.generation)?;
            for part in &table.parts {
                known("table", name, part.generation)?;
            }
        }
        for (kind, models) in &self.models {
            for (name, model) in models {
                known(kind.as_str(), name, model.generation)?;
            }
        }
        for (name, index) in &self.indexes {
            known("index", name, index.generation)?;
        }
        Ok(())
    }

    /// Files lie where their names say, and nowhere else: a manifest that points out of its directory
    /// must not make us read, much less delete, anything there.
    fn check_paths(&self) -> Result<(), String> {
        let same = |file: &FileEntry, expected: &str| {
            if file.path == expected {
                Ok(())
            } else {
                Err(format!("expected the file `{expected}`, found `{}`", file.path))
            }
        };
        let named = |name: &str| {
            if is_valid(name) {
                Ok(())
            } else {
                Err(format!("`{name}` is not a name"))
            }
        };
        for (name, table) in &self.tables {
            named(name)?;
            for part in &table.parts {
                same(&part.file, &table_path(name, part.generation))?;
            }
        }
        for (kind, models) in &self.models {
            for (name, model) in models {
                named(name)?;
                let [config, weights] = model_paths(*kind, name, model.generation);
                same(&model.config, &config)?;
                same(&model.weights, &weights)?;
            }
        }
        for (name, index) in &self.indexes {
            named(name)?;
            let expected = index_paths(name, index.generation);
            for (file, expected) in index.own_files().into_iter().zip(expected) {
                same(file, &expected)?;
            }
        }
        Ok(())
    }
}

/// A sum of what files are said to have, which no file need bear out.
fn sum(numbers: impl Iterator<Item = u64>) -> u64 {
    numbers.fold(0, u64::saturating_add)
}

/// The content of a manifest, if it is what was written.
fn checked<T: Serialize + DeserializeOwned>(content: serde_json::Value, xxh3: &str) -> Result<T, String> {
    let content: T = serde_json::from_value(content).map_err(|error| error.to_string())?;
    let found = checksum(&serde_json::to_vec(&content).map_err(|error| error.to_string())?);
    if found == xxh3 {
        Ok(content)
    } else {
        Err(format!("its content has the checksum {found}, expected {xxh3}"))
    }
}

fn unwritable(source: serde_json::Error) -> StoreError {
    StoreError::Config {
        what: "the manifest".to_owned(),
        source,
    }
}

/// Waits until the names of a commit's files are on disk.
pub(super) fn sync(root: &Path, files: &BTreeSet<String>) -> Result<(), StoreError> {
    let directories: BTreeSet<_> = files.iter().filter_map(|file| Path::new(file).parent()).collect();
    directories
        .into_iter()
        .map(|directory| root.join(directory))
        .try_for_each(|path| sync_directory(&path).map_err(|source| io("sync", &path, source)))
}
