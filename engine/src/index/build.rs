//! Building an index, and bringing it up to date.
//!
//! Cost grows with rows × log(rows) × connectivity × the length of the vectors.

use rayon::prelude::*;

use super::{Graph, Settings, VectorIndex, Vectors, config::Storage};
use crate::{
    Error, Result,
    progress::{Observer, Progress},
};

/// Rows that are added between two looks at the cancel flag: about 100 ms on one core.
const CHUNK: usize = 256;

/// About how much memory the index of so many rows takes: their vectors, and a graph as usearch keeps it. It is a little
/// more than was measured of what is resident: 121 MB for 120 of 100,000 rows of 128 numbers in f16, 153 for 145 in f32,
/// 1,213 for 1,167 of a million in f16. (The library asks the system for up to twice as much, which it does not touch.)
pub(crate) fn bytes_needed(settings: &Settings, rows: usize, dimension: usize) -> usize {
    let number = match settings.storage {
        Storage::F32 => 4,
        Storage::F16 => 2,
        Storage::I8 => 1,
    };
    // A row's head, twice as many neighbours of four bytes in the lowest layer, those of the few rows in layers above
    // it, and where it and its vector lie.
    let node = 14 + 8 * settings.connectivity + 8 + 2 * 16 + 8;
    let graph = rows.saturating_mul(dimension * number + node);
    // Tables of places grow by doubling, and each thread marks the rows that it has seen.
    Vectors::bytes_needed(rows, dimension).saturating_add(graph / 4 * 5)
}

/// So many rows are added one after the other, so that the same rows make the same graph. More would take too long on
/// one thread.
const IN_ORDER: usize = 10_000;

/// The index of `vectors`.
pub(crate) fn build(settings: Settings, vectors: Vectors, observer: &dyn Observer) -> Result<VectorIndex> {
    let graph = Graph::new(&settings, &vectors, vectors.len())?;
    let index = VectorIndex {
        settings,
        vectors,
        graph,
    };
    add(&index, 0, observer)?;
    Ok(index)
}

/// The index of `vectors`, of which the first are those that `index` has.
pub(crate) fn extend(
    mut index: VectorIndex,
    vectors: Vectors,
    observer: &dyn Observer,
) -> Result<VectorIndex> {
    let before = index.vectors.len();
    index.graph.reserve(index.graph.len() + vectors.len() - before)?;
    index.vectors = vectors;
    add(&index, before, observer)?;
    Ok(index)
}

/// Adds the rows from `first` on to the graph.
fn add(index: &VectorIndex, first: usize, observer: &dyn Observer) -> Result<()> {
    let rows: Vec<usize> = (first..index.vectors.len())
        .filter(|row| index.vectors.is_place(*row, index.settings.metric))
        .collect();
    let mut done = 0;
    for chunk in rows.chunks(CHUNK) {
        if observer.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let add = |&row: &usize| index.graph.add(row, index.vectors.get(row));
        if rows.len() <= IN_ORDER {
            chunk.iter().try_for_each(add)?;
        } else {
            chunk.par_iter().try_for_each(add)?;
        }
        done += chunk.len() as u64;
        observer.report(&Progress {
            task: "building the index".to_owned(),
            step: done,
            steps: rows.len() as u64,
            metrics: Vec::new(),
        });
    }
    Ok(())
}
