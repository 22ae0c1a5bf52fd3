//! The first format: a table is one file, and a file that a commit replaced was deleted at once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::ModelKind;
use super::super::file::FileEntry;
use super::{Model, Part};

#[derive(Serialize, Deserialize)]
pub(super) struct Manifest {
    generation: u64,
    tables: BTreeMap<String, Table>,
    models: BTreeMap<ModelKind, BTreeMap<String, Model>>,
}

#[derive(Serialize, Deserialize)]
struct Table {
    rows: u64,
    generation: u64,
    file: FileEntry,
}

impl From<Manifest> for super::Manifest {
    fn from(old: Manifest) -> Self {
        let table = |table: Table| super::Table {
            generation: table.generation,
            parts: vec![Part {
                rows: table.rows,
                generation: table.generation,
                file: table.file,
            }],
        };
        Self {
            generation: old.generation,
            tables: old
                .tables
                .into_iter()
                .map(|(name, old)| (name, table(old)))
                .collect(),
            models: old.models,
            indexes: BTreeMap::new(),
            retired: BTreeMap::new(),
        }
    }
}
