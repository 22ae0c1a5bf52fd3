//! Vector indexes: two files each. The vectors are those of the table's rows as they are, so that a search can begin
//! without decoding the table; the graph is written and read by the library that searches it, which takes a file with
//! a flipped byte for a good one, so that its checksum is looked at here.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::commit::Transaction;
use super::file::{FileEntry, io};
use super::manifest::{Index, index_paths};
use super::{FileId, IndexConfig, name};
use crate::error::StoreError;

/// What an index is made of, on its way to the disk.
pub struct NewIndex<'a> {
    /// Its name.
    pub name: &'a str,
    /// The table whose rows it finds.
    pub table: &'a str,
    /// The files of the table that had these rows.
    pub files: Vec<FileId>,
    /// What it was made with.
    pub config: IndexConfig,
    /// The vectors, row after row.
    pub vectors: &'a [f32],
    /// Writes the graph to a path, over an empty file.
    pub graph: &'a dyn Fn(&Path) -> io::Result<()>,
}

/// An index as it was read. Its files were what had been written; they stay where they are as long as the snapshot
/// that they were asked of is held.
#[derive(Debug)]
pub struct IndexFiles {
    /// The vectors, row after row.
    pub vectors: Vec<f32>,
    /// Where the graph lies.
    pub graph: PathBuf,
}

impl Transaction {
    /// Puts an index in place of the one of this name, if there is one.
    ///
    /// # Errors
    /// When the name is not one, there is no such table, or the files cannot be written.
    pub fn put_index(&mut self, index: &NewIndex<'_>) -> Result<(), StoreError> {
        name::check(index.name, "an index")?;
        self.next.table(index.table)?;
        let generation = self.next.generation;
        let [vectors_path, graph_path] = index_paths(index.name, generation);
        let root = self.catalogue.root.clone();
        let mut file = self.create(&vectors_path)?;
        write_vectors(index.vectors, &mut file)
            .map_err(|source| io("write", &root.join(&vectors_path), source))?;
        let vectors = file.finish()?;
        // So that it is removed with the other if the change is not made.
        drop(self.create(&graph_path)?);
        let path = root.join(&graph_path);
        (index.graph)(&path).map_err(|source| io("write", &path, source))?;
        let graph = FileEntry::of(&root, &graph_path)?;
        let row = Index {
            generation,
            table: index.table.to_owned(),
            files: index.files.clone(),
            config: index.config.clone(),
            vectors,
            graph,
        };
        self.next.indexes.insert(index.name.to_owned(), row);
        Ok(())
    }
}

/// Reads an index, and checks it.
pub(super) fn read(root: &Path, name: &str, index: &Index) -> Result<IndexFiles, StoreError> {
    let what = || format!("index `{name}`");
    let graph = index.graph.verify(root, what)?;
    let mut vectors = Vec::new();
    let mut begun: Vec<u8> = Vec::new();
    index.vectors.scan(root, what, |mut chunk| {
        // Its size is known to be right by now, so that no more is made room for than there is.
        if vectors.capacity() == 0 {
            vectors.reserve_exact(index.vectors.bytes as usize / size_of::<f32>());
        }
        // A piece may end in the middle of a number.
        while !begun.is_empty() && begun.len() < size_of::<f32>() && !chunk.is_empty() {
            begun.push(chunk[0]);
            chunk = &chunk[1..];
        }
        let (numbers, rest) = chunk.as_chunks::<{ size_of::<f32>() }>();
        if let Ok(number) = <[u8; 4]>::try_from(begun.as_slice()) {
            vectors.push(f32::from_le_bytes(number));
            begun.clear();
        }
        vectors.extend(numbers.iter().map(|number| f32::from_le_bytes(*number)));
        begun.extend_from_slice(rest);
        true
    })?;
    Ok(IndexFiles { vectors, graph })
}

fn write_vectors(vectors: &[f32], file: &mut dyn Write) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(1 << 16);
    for piece in vectors.chunks(1 << 14) {
        bytes.clear();
        bytes.extend(piece.iter().flat_map(|number| number.to_le_bytes()));
        file.write_all(&bytes)?;
    }
    Ok(())
}
