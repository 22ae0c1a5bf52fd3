//! The manifest: the one file that says what belongs to the catalogue.
//!
//! ```json
//! { "format": 1, "xxh3": "…", "content": { "generation": 7, "tables": {…}, "models": {…} } }
//! ```
//! `xxh3` is the checksum of `content` in its compact form, so that a damaged manifest is told from a
//! good one even where it still parses. The content has no numbers but whole ones, which makes that form
//! unique.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::file::{FileEntry, checksum, io, sync_directory};
use super::name::is_valid;
use super::{ModelEntry, ModelKind, TableEntry};
use crate::error::StoreError;

/// The manifest's name.
pub(super) const FILE: &str = "manifest.json";
/// Its name until it is whole.
pub(super) const DRAFT: &str = "manifest.json.tmp";
/// The only format so far.
const FORMAT: u64 = 1;

/// What belongs to the catalogue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) generation: u64,
    pub(super) tables: BTreeMap<String, Table>,
    pub(super) models: BTreeMap<ModelKind, BTreeMap<String, Model>>,
}

/// A table's row in the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Table {
    pub(super) rows: u64,
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
        let damaged = |reason: String| StoreError::DamagedManifest {
            path: path.clone(),
            reason,
        };
        // The format is looked at alone first: a later one may have anything else in it.
        let envelope: Envelope<serde_json::Value> =
            serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if envelope.format > FORMAT {
            return Err(StoreError::NewerFormat {
                path,
                found: envelope.format,
                supported: FORMAT,
            });
        }
        let manifest: Self =
            serde_json::from_value(envelope.content).map_err(|error| damaged(error.to_string()))?;
        let found = checksum(&manifest.compact(&path)?);
        if found != envelope.xxh3 {
            return Err(damaged(format!(
                "its content has the checksum {found}, expected {}",
                envelope.xxh3
            )));
        }
        manifest.check_paths().map_err(damaged)?;
        Ok(manifest)
    }

    /// Replaces the manifest on disk by this one: the moment of a commit.
    pub(super) fn write(&self, root: &Path) -> Result<(), StoreError> {
        let (draft, path) = (root.join(DRAFT), path(root));
        let envelope = Envelope {
            format: FORMAT,
            xxh3: checksum(&self.compact(&path)?),
            content: self,
        };
        let text = serde_json::to_vec_pretty(&envelope).map_err(|source| StoreError::Config {
            what: "the manifest".to_owned(),
            source,
        })?;
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
        let tables = self.tables.values().map(|table| &table.file);
        let models = self
            .models
            .values()
            .flat_map(BTreeMap::values)
            .flat_map(|model| [&model.config, &model.weights]);
        tables.chain(models).map(|file| file.path.as_str()).collect()
    }

    /// The tables, by name.
    pub(super) fn tables(&self, root: &Path) -> impl Iterator<Item = TableEntry> {
        self.tables.iter().map(|(name, table)| TableEntry {
            name: name.clone(),
            path: root.join(&table.file.path),
            rows: table.rows,
            bytes: table.file.bytes,
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

    pub(super) fn model(&self, kind: ModelKind, name: &str) -> Option<&Model> {
        self.models.get(&kind)?.get(name)
    }

    pub(super) fn closest_table(&self, name: &str) -> Option<String> {
        helioql_grammar::closest(name, self.tables.keys().map(String::as_str)).map(str::to_owned)
    }

    pub(super) fn closest_model(&self, kind: ModelKind, name: &str) -> Option<String> {
        let names = self.models.get(&kind).into_iter().flat_map(BTreeMap::keys);
        helioql_grammar::closest(name, names.map(String::as_str)).map(str::to_owned)
    }

    fn compact(&self, path: &Path) -> Result<Vec<u8>, StoreError> {
        serde_json::to_vec(self).map_err(|error| StoreError::DamagedManifest {
            path: path.to_owned(),
            reason: error.to_string(),
        })
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
            same(&table.file, &table_path(name, table.generation))?;
        }
        for (kind, models) in &self.models {
            for (name, model) in models {
                named(name)?;
                let [config, weights] = model_paths(*kind, name, model.generation);
                same(&model.config, &config)?;
                same(&model.weights, &weights)?;
            }
        }
        Ok(())
    }
}

/// Waits until the names of a commit's files are on disk.
pub(super) fn sync(root: &Path, files: &BTreeSet<String>) -> Result<(), StoreError> {
    let directories: BTreeSet<_> = files.iter().filter_map(|file| Path::new(file).parent()).collect();
    directories
        .into_iter()
        .try_for_each(|directory| sync_directory(&root.join(directory)))
}
