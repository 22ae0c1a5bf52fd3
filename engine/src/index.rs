//! Vector indexes: the vectors of a table's rows in memory, and a graph of neighbours among them.
//!
//! ```text
//! rows of the table      0 … covered | covered … all
//! vectors                read from the index's file | read from the table, once for each commit
//! graph (usearch, HNSW)  yes | no: they are compared exactly
//! ```
//! A row is named by its number in the table, from 0 in the order of the table's files. Whatever the graph says, what
//! it names is compared once more by the full vectors, so that every distance is the exact one.

mod build;
mod choice;
mod coarse;
pub(crate) mod config;
mod graph;
mod nearest;
mod recall;
pub(crate) mod store;
mod vectors;

pub(crate) use self::{
    build::{build, bytes_needed, extend},
    choice::{Choice, PAYS_FROM},
    config::Settings,
    graph::Graph,
    nearest::{Found, Nearest, Rows},
    recall::{Recall, measure},
    store::IndexStore,
    vectors::Vectors,
};

/// An index as it is searched.
#[derive(Debug)]
pub(crate) struct VectorIndex {
    pub(crate) settings: Settings,
    /// The vectors of all rows that the table had.
    pub(crate) vectors: Vectors,
    /// The rows whose vectors are places, by number.
    pub(crate) graph: Graph,
}

impl VectorIndex {
    /// About how much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        bytes_needed(&self.settings, self.vectors.len(), self.vectors.dimension())
    }
}
