//! The indexes of an engine: each is read once, when a search first needs it, and shared by all sessions. One whose
//! files are damaged is made anew from its table.

use std::sync::Arc;

use helioql_catalog::{Catalogue, FileId, IndexConfig, IndexEntry, NewIndex, Transaction};

use super::{Graph, Settings, VectorIndex, Vectors, build, extend};
use crate::{
    Error, Result,
    memory::{Held, Keep, Memory, Shelf},
    models::Handle,
    session::Session,
    tables::stored::Commit,
};

/// The indexes that were read.
#[derive(Debug, Default)]
pub(crate) struct IndexStore(Keep<Name, VectorIndex>);

/// The name of an index and the commit that changed it last.
type Name = (String, u64);

fn name_of(entry: &IndexEntry) -> Name {
    (entry.name.clone(), entry.generation)
}

impl IndexStore {
    /// The index `entry`, from memory or as `read` finds it; `None` where there is no memory for it.
    pub(crate) fn get(
        &self,
        shelf: &Arc<Shelf>,
        entry: &IndexEntry,
        read: impl FnOnce() -> Result<VectorIndex>,
    ) -> Result<Option<Arc<Held<VectorIndex>>>> {
        let rows = usize::try_from(entry.rows).unwrap_or(usize::MAX);
        let bytes = super::bytes_needed(&settings(entry)?, rows, entry.config.dimension as usize);
        let what = format!("index `{}`", entry.name);
        self.0.get_or_make(shelf, name_of(entry), what, bytes, read)
    }

    /// Whether the index `entry` is in memory.
    pub(crate) fn has(&self, entry: &IndexEntry) -> bool {
        self.0.get(&name_of(entry)).is_some()
    }

    /// Lets go of all indexes but those of `entries`.
    pub(crate) fn retain(&self, entries: &[IndexEntry]) {
        self.0
            .retain(|name| entries.iter().any(|entry| name_of(entry) == *name));
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

/// Asks for the memory in which the index `entry` is compared with its table, or made anew: its files and the table's
/// vectors beside each other.
pub(crate) fn room(session: &Session, of: &Commit, entry: &IndexEntry) -> Result<Memory> {
    let dimension = entry.config.dimension as usize;
    let rows = of.rows.len(0..of.rows.files());
    let before = Vectors::bytes_needed(usize::try_from(entry.rows).unwrap_or(usize::MAX), dimension);
    let bytes = super::bytes_needed(&settings(entry)?, rows, dimension).saturating_add(before);
    let memory = Memory::of(session, "index", "`--memory-limit` says how much there is");
    memory.grow(
        bytes,
        format_args!("the index `{}` beside the vectors of its table", entry.name),
    )?;
    Ok(memory)
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
