//! The indexes of an engine: each is read once, when a search first needs it, and shared by all sessions. One whose
//! files are damaged is made anew from its table.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use helioql_catalog::{Catalogue, FileId, IndexConfig, IndexEntry, NewIndex, Transaction};

use super::{Graph, Settings, VectorIndex, Vectors, build, extend};
use crate::{Error, Result, models::Handle, tables::stored::Commit};

/// The indexes that were read.
#[derive(Debug, Default)]
pub(crate) struct IndexStore {
    loaded: Mutex<BTreeMap<String, Arc<Loaded>>>,
    /// So that two searches do not read one index twice.
    loading: Mutex<()>,
}

/// An index in memory.
#[derive(Debug)]
pub(crate) struct Loaded {
    generation: u64,
    pub(crate) index: VectorIndex,
}

impl IndexStore {
    /// The index `entry`, from memory or from its files.
    pub(crate) fn get(&self, commit: &Commit, entry: &IndexEntry) -> Result<Arc<Loaded>> {
        if let Some(loaded) = self.loaded(entry) {
            return Ok(loaded);
        }
        let _one = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = self.loaded(entry) {
            return Ok(loaded);
        }
        Ok(self.put(entry, read(commit, entry)?))
    }

    /// Whether the index `entry` is in memory.
    pub(crate) fn has(&self, entry: &IndexEntry) -> bool {
        self.loaded(entry).is_some()
    }

    /// Keeps `index` in the place of any other of its name.
    pub(crate) fn put(&self, entry: &IndexEntry, index: VectorIndex) -> Arc<Loaded> {
        let loaded = Arc::new(Loaded {
            generation: entry.generation,
            index,
        });
        let mut all = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(entry.name.clone(), Arc::clone(&loaded));
        loaded
    }

    /// Lets go of all indexes but those of `entries`.
    pub(crate) fn retain(&self, entries: &[IndexEntry]) {
        let mut all = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|name, loaded| {
            entries
                .iter()
                .any(|entry| entry.name == *name && entry.generation == loaded.generation)
        });
    }

    fn loaded(&self, entry: &IndexEntry) -> Option<Arc<Loaded>> {
        let all = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let loaded = all.get(&entry.name)?;
        (loaded.generation == entry.generation).then(|| Arc::clone(loaded))
    }
}

/// Reads the index `entry` from its files, which are compared with what was written first.
pub(crate) fn read(commit: &Commit, entry: &IndexEntry) -> Result<VectorIndex> {
    let settings = settings(entry)?;
    let files = commit.snapshot.read_index(&entry.name)?;
    let strange = || Error::Unsupported(format!("the files of index `{}` do not fit together", entry.name));
    let vectors = Vectors::of(entry.config.dimension as usize, files.vectors).ok_or_else(strange)?;
    let graph = Graph::load(&settings, f32::from_bits(entry.config.scale_bits), &files.graph)?;
    let placed = entry.rows.checked_sub(entry.config.left_out);
    if vectors.len() as u64 != entry.rows
        || Some(graph.len() as u64) != placed
        || graph.dimension() != vectors.dimension()
    {
        return Err(strange());
    }
    Ok(VectorIndex {
        settings,
        vectors,
        graph,
    })
}

/// Makes the index `entry` anew from what its table is now: of what it has where that still holds.
pub(crate) fn renewed(commit: &Commit, entry: &IndexEntry, models: &Handle) -> Result<VectorIndex> {
    let settings = settings(entry)?;
    let column = commit.rows.schema().index_of(&entry.config.column)?;
    let vectors = commit.rows.read_vectors(column, 0..commit.rows.files(), models)?;
    match read(commit, entry) {
        Ok(index) if index.vectors.begin(&vectors) => extend(index, vectors, models),
        _ => build(settings, vectors, models),
    }
}

/// Makes the index `entry` anew if it lacks rows of its table, or cannot be read. Returns its name if it did.
pub(crate) fn bring_up_to_date(
    catalogue: &Catalogue,
    of: &Commit,
    entry: &IndexEntry,
    models: &Handle,
) -> Result<Option<String>> {
    if entry.files == of.rows.files() && read(of, entry).is_ok() {
        return Ok(None);
    }
    let index = renewed(of, entry, models)?;
    keep(catalogue, of, entry, &index)?;
    Ok(Some(entry.name.clone()))
}

/// Commits `index` in the place of `entry`, made of all rows that the table has in `of`.
pub(crate) fn keep(
    catalogue: &Catalogue,
    of: &Commit,
    entry: &IndexEntry,
    index: &VectorIndex,
) -> Result<()> {
    let files = of.snapshot.table_files(&of.name)?;
    let mut change = catalogue.begin()?;
    put(
        &mut change,
        &entry.name,
        &entry.table,
        files,
        entry.config.clone(),
        index,
    )?;
    Ok(change.commit()?)
}

/// The settings of an index in the catalogue.
pub(crate) fn settings(entry: &IndexEntry) -> Result<Settings> {
    Settings::stored(&entry.config).ok_or_else(|| {
        Error::Unsupported(format!(
            "the index `{}` was made by a later version of HelioQL, with metric `{}` and storage `{}`; DROP INDEX {} \
             takes it away",
            entry.name, entry.config.metric, entry.config.storage, entry.name
        ))
    })
}

/// Puts `index`, which was made of the rows of `files`, into a change.
pub(crate) fn put(
    change: &mut Transaction,
    name: &str,
    table: &str,
    files: Vec<FileId>,
    config: IndexConfig,
    index: &VectorIndex,
) -> Result<()> {
    let rows = index.vectors.len();
    let config = IndexConfig {
        metric: index.settings.metric.to_string(),
        connectivity: index.settings.connectivity as u64,
        expansion_add: index.settings.expansion_add as u64,
        expansion_search: index.settings.expansion_search as u64,
        storage: index.settings.storage.to_string(),
        scale_bits: index.graph.scale().to_bits(),
        dimension: index.vectors.dimension() as u64,
        left_out: (rows - index.graph.len()) as u64,
        ..config
    };
    Ok(change.put_index(&NewIndex {
        name,
        table,
        files,
        config,
        vectors: index.vectors.numbers(),
        graph: &|path| index.graph.save(path),
    })?)
}
