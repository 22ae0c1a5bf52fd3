//! What `torch.save` writes: a zip without compression, in which `…/data.pkl` describes the tensors and
//! `…/data/0`, `…/data/1`, … hold the numbers of the storages that they are views of.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{Cursor, Read};

use zip::{ZipArchive, result::ZipError};

use super::pickle::{self, View};
use crate::nn::{ModelError, Result};

/// A description of more bytes than this is of no network that we know: theirs have a few thousand.
const MOST_PICKLE: usize = 16 << 20;

/// Numbers that views may make of fewer. Views of a stride of 0 repeat the numbers of their storage, so that a file
/// of a kilobyte could ask for gigabytes; the networks that we know have 12 million in all.
const MOST_REPEATED: usize = 1 << 24;

/// An opened checkpoint.
pub(super) struct Checkpoint {
    archive: ZipArchive<Cursor<Vec<u8>>>,
    /// Folder inside the zip.
    root: String,
    views: BTreeMap<String, View>,
    /// How many of [`MOST_REPEATED`] are left.
    repeated: usize,
}

impl Checkpoint {
    pub(super) fn new(bytes: Vec<u8>) -> Result<Self> {
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
        let mut roots = Vec::new();
        for name in archive.file_names() {
            if let Some(root) = name.map_err(|error| damaged(&error))?.strip_suffix("data.pkl") {
                roots.push(root.to_owned());
            }
        }
        let [root] = roots.as_slice() else {
            let found = format!("expected one `data.pkl` in the zip, found {}", roots.len());
            return Err(ModelError::PyTorch(found));
        };
        let root = root.clone();
        if archive.index_for_name(&format!("{root}byteorder")).is_some() {
            let order = entry(&mut archive, &format!("{root}byteorder"), 16)?;
            if order.trim_ascii() != b"little" {
                let found = String::from_utf8_lossy(&order).into_owned();
                return Err(ModelError::PyTorch(format!(
                    "expected numbers of byte order `little`, found `{found}`"
                )));
            }
        }
        let pickle = entry(&mut archive, &format!("{root}data.pkl"), MOST_PICKLE)?;
        let views = pickle::views(&pickle)?;
        Ok(Self {
            archive,
            root,
            views,
            repeated: MOST_REPEATED,
        })
    }

    pub(super) fn shapes(&self) -> BTreeMap<String, Vec<usize>> {
        let shape = |(name, view): (&String, &View)| (name.clone(), view.shape.clone());
        self.views.iter().map(shape).collect()
    }

    /// The numbers of a tensor, whose shape the caller has found to be the one expected.
    pub(super) fn floats(&mut self, name: &str) -> Result<Vec<f32>> {
        let view = self.views.get(name).ok_or_else(|| ModelError::MissingTensor {
            name: name.to_owned(),
            expected: Vec::new(),
        })?;
        if view.kind != "FloatStorage" {
            return Err(ModelError::TensorType {
                name: name.to_owned(),
                found: view.kind.clone(),
            });
        }
        let storage = format!("{}data/{}", self.root, view.storage);
        let bytes = entry(&mut self.archive, &storage, usize::MAX)?;
        let (words, _) = bytes.as_chunks::<4>();
        if view.count().is_none_or(|count| count > words.len()) {
            let left = view.count().and_then(|count| self.repeated.checked_sub(count));
            self.repeated = left.ok_or_else(|| {
                ModelError::PyTorch(format!(
                    "with tensor `{name}` its tensors repeat numbers to more than {MOST_REPEATED}, which no network needs"
                ))
            })?;
        }
        view.gather(words).ok_or_else(|| {
            let found = words.len();
            ModelError::PyTorch(format!(
                "tensor `{name}` reaches beyond the {found} numbers of `{storage}`"
            ))
        })
    }
}

impl fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkpoint")
            .field("views", &self.views)
            .finish_non_exhaustive()
    }
}

impl View {
    /// How many numbers it sees; `None` where they cannot be counted.
    fn count(&self) -> Option<usize> {
        self.shape.iter().try_fold(1, |n: usize, &d| n.checked_mul(d))
    }

    /// The numbers that the view sees, or `None` where it sees beyond the storage.
    fn gather(&self, storage: &[[u8; 4]]) -> Option<Vec<f32>> {
        let count = self.count()?;
        if count == 0 {
            return Some(Vec::new());
        }
        let axes = || self.shape.iter().zip(&self.stride);
        let last = axes().try_fold(self.offset, |at, (&len, &stride)| {
            at.checked_add((len - 1).checked_mul(stride)?)
        })?;
        if last >= storage.len() {
            return None;
        }
        let mut values = Vec::with_capacity(count);
        let mut index = vec![0; self.shape.len()];
        let mut at = self.offset;
        while values.len() < count {
            values.push(f32::from_le_bytes(storage[at]));
            // On to the next index, as the digits of a counter turn over.
            for (axis, (&len, &stride)) in axes().enumerate().rev() {
                if index[axis] + 1 < len {
                    index[axis] += 1;
                    at += stride;
                    break;
                }
                at -= index[axis] * stride;
                index[axis] = 0;
            }
        }
        Some(values)
    }
}

/// The bytes of an entry, of which there may be no more than `most`.
fn entry(archive: &mut ZipArchive<Cursor<Vec<u8>>>, name: &str, most: usize) -> Result<Vec<u8>> {
    let of = |reason: &dyn fmt::Display| ModelError::PyTorch(format!("`{name}`: {reason}"));
    let file = archive.by_name(name).map_err(|error| of(&error))?;
    let mut bytes = Vec::new();
    // What the zip declares is not believed: memory grows with what is there.
    file.take((most as u64).saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| of(&error))?;
    if bytes.len() > most {
        return Err(of(&format!("expected at most {most} bytes")));
    }
    Ok(bytes)
}

fn damaged(error: &ZipError) -> ModelError {
    ModelError::PyTorch(error.to_string())
}
