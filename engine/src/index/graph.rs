//! The graph of neighbours: usearch's HNSW behind an interface that cannot be used wrongly. Keys are numbers of rows.
//!
//! usearch gives each search and addition a place of its own to work in, and fails where there is none left, so that
//! here one waits for a place. A predicate that panics would abort the process; it is a look at a bit.

use std::{
    io,
    path::Path,
    sync::{Condvar, Mutex, PoisonError},
};

use arrow::buffer::BooleanBuffer;
use usearch::{Index, IndexOptions, MetricKind, ScalarKind};

use super::{Settings, Vectors, config::Storage};
use crate::{Error, Result, nearest::Metric};

/// Vectors as the graph keeps them lie within ±1 where they can, for the sake of small types.
const LARGEST_I8: f32 = 127.0;

/// Rows and their neighbours.
pub(crate) struct Graph {
    index: Index,
    storage: Storage,
    /// What vectors are multiplied by.
    scale: f32,
    places: Places,
}

impl Graph {
    /// An empty graph with room for `rows` vectors, of which those to come first are `vectors`.
    pub(crate) fn new(settings: &Settings, vectors: &Vectors, rows: usize) -> Result<Self> {
        let mut largest = 0.0f32;
        for row in 0..vectors.len() {
            if vectors.is_place(row, settings.metric) {
                largest = vectors.get(row).iter().fold(largest, |most, x| most.max(x.abs()));
            }
        }
        let scale = if largest > 0.0 { largest.recip() } else { 1.0 };
        let options = IndexOptions {
            dimensions: vectors.dimension(),
            metric: match settings.metric {
                Metric::L2 => MetricKind::L2sq,
                Metric::Cosine => MetricKind::Cos,
            },
            quantization: match settings.storage {
                Storage::F32 => ScalarKind::F32,
                Storage::F16 => ScalarKind::F16,
                Storage::I8 => ScalarKind::I8,
            },
            connectivity: settings.connectivity,
            expansion_add: settings.expansion_add,
            expansion_search: settings.expansion_search,
            multi: false,
        };
        let index = Index::new(&options).map_err(failed)?;
        Self::over(index, settings, scale, rows)
    }

    /// The graph that was written to `path`, whose checksum was right.
    pub(crate) fn load(settings: &Settings, scale: f32, path: &Path) -> Result<Self> {
        let text = path.to_str().ok_or_else(|| {
            Error::Unsupported(format!(
                "{}: the path of a catalogue must be valid UTF-8",
                path.display()
            ))
        })?;
        let index = Index::restore(text).map_err(failed)?;
        index.change_expansion_add(settings.expansion_add);
        index.change_expansion_search(settings.expansion_search);
        let rows = index.size();
        Self::over(index, settings, scale, rows)
    }

    fn over(index: Index, settings: &Settings, scale: f32, rows: usize) -> Result<Self> {
        let places = Places::new();
        index
            .reserve_capacity_and_threads(rows, places.count)
            .map_err(failed)?;
        Ok(Self {
            index,
            storage: settings.storage,
            scale,
            places,
        })
    }

    /// Makes room for vectors to a number of `rows` in all. Nothing may be added or searched meanwhile.
    pub(crate) fn reserve(&mut self, rows: usize) -> Result<()> {
        self.index
            .reserve_capacity_and_threads(rows, self.places.count)
            .map_err(failed)
    }

    /// Adds a row, whose numbers are finite; from any thread.
    pub(crate) fn add(&self, row: usize, vector: &[f32]) -> Result<()> {
        let _place = self.places.take();
        let added = match self.storage {
            Storage::I8 => self.index.add(row as u64, &self.small(vector)),
            Storage::F16 | Storage::F32 => self.index.add(row as u64, &self.scaled(vector)),
        };
        added.map_err(failed)
    }

    /// The rows that are near to `query`, at most `count`, and which of them are so, roughly in their order.
    pub(crate) fn search(
        &self,
        query: &[f32],
        count: usize,
        matching: Option<&BooleanBuffer>,
    ) -> Result<Vec<u64>> {
        let _place = self.places.take();
        let allowed =
            |row: u64| matching.is_none_or(|bits| (row as usize) < bits.len() && bits.value(row as usize));
        let found = match (self.storage, matching) {
            (Storage::I8, None) => self.index.search(&self.small(query), count),
            (Storage::I8, Some(_)) => self.index.filtered_search(&self.small(query), count, allowed),
            (_, None) => self.index.search(&self.scaled(query), count),
            (_, Some(_)) => self.index.filtered_search(&self.scaled(query), count, allowed),
        };
        Ok(found.map_err(failed)?.keys)
    }

    /// How many rows it has.
    pub(crate) fn len(&self) -> usize {
        self.index.size()
    }

    /// The length of its vectors.
    pub(crate) fn dimension(&self) -> usize {
        self.index.dimensions()
    }

    /// What vectors are multiplied by.
    pub(crate) fn scale(&self) -> f32 {
        self.scale
    }

    /// Writes it to `path`.
    pub(crate) fn save(&self, path: &Path) -> io::Result<()> {
        let text = path
            .to_str()
            .ok_or_else(|| io::Error::other("the path of a catalogue must be valid UTF-8"))?;
        self.index.save(text).map_err(io::Error::other)?;
        // The library does not look whether the disk took everything.
        let (written, expected) = (path.metadata()?.len(), self.index.serialized_length() as u64);
        if written < expected {
            return Err(io::Error::new(
                io::ErrorKind::WriteZero,
                format!("{written} of {expected} bytes were written"),
            ));
        }
        Ok(())
    }

    fn scaled(&self, vector: &[f32]) -> Vec<f32> {
        vector.iter().map(|x| x * self.scale).collect()
    }

    fn small(&self, vector: &[f32]) -> Vec<i8> {
        let scale = self.scale * LARGEST_I8;
        // A row that came later may be larger; `as` keeps it within the type.
        vector.iter().map(|x| (x * scale).round() as i8).collect()
    }
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Graph")
            .field("rows", &self.len())
            .field("storage", &self.storage)
            .finish_non_exhaustive()
    }
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Unsupported(format!("the graph of an index: {error}"))
}

/// The places to work in that the library was asked to have.
struct Places {
    count: usize,
    free: Mutex<usize>,
    freed: Condvar,
}

struct Place<'p>(&'p Places);

impl Places {
    fn new() -> Self {
        let count = std::thread::available_parallelism().map_or(4, std::num::NonZero::get) * 2;
        Self {
            count,
            free: Mutex::new(count),
            freed: Condvar::new(),
        }
    }

    /// Waits for a free place, for no longer than a search or an addition takes.
    fn take(&self) -> Place<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self
            .freed
            .wait_while(free, |free| *free == 0)
            .unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Place(self)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}
