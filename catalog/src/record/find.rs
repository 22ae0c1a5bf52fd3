//! Files to records: patterns are expanded, headers are read, segments of one record are put together.
//!
//! One bad file must not stop the others, so whatever cannot be used is set aside with its reason; only a
//! pattern that names nothing at all is an error, because then something else was meant.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{RecordFiles, Segment, SharpId, identify, stem};
use crate::error::{Error, RecordError, Result};
use crate::fits;

/// What a search found.
#[derive(Debug, Default)]
pub struct Found {
    /// The records, by HARPNUM and time.
    pub records: Vec<RecordFiles>,
    /// The files that belong to none, by path.
    pub rejected: Vec<Rejected>,
}

/// A file that cannot be used.
#[derive(Debug)]
pub struct Rejected {
    /// The file.
    pub path: PathBuf,
    /// Why not.
    pub reason: Error,
}

/// Groups the files that match the patterns into records. `*` and `?` stand for parts of a name, `**` for
/// any directories; a file that several patterns match counts once. `harpnum` is the number of files that have
/// none, such as cut-outs of a full-disk image.
///
/// # Errors
/// When a pattern is malformed, or matches nothing.
pub fn find_records(patterns: &[String], harpnum: Option<i64>) -> Result<Found> {
    let mut found = Found::default();
    let mut records: BTreeMap<SharpId, RecordFiles> = BTreeMap::new();
    for path in expand(patterns, &mut found.rejected)? {
        if let Err(reason) = add(&mut records, &path, harpnum) {
            found.rejected.push(Rejected { path, reason });
        }
    }
    found.records = records.into_values().collect();
    Ok(found)
}

/// The files that match a pattern, in order, whatever is in them.
///
/// # Errors
/// When the pattern is malformed, matches nothing, or leads through a directory that cannot be listed.
pub fn find_files(pattern: &str) -> Result<Vec<PathBuf>> {
    let mut rejected = Vec::new();
    let paths = expand(&[pattern.to_owned()], &mut rejected)?;
    match rejected.pop() {
        Some(Rejected { reason, .. }) => Err(reason),
        None => Ok(paths.into_iter().collect()),
    }
}

/// The files that match, each once, in order.
fn expand(patterns: &[String], rejected: &mut Vec<Rejected>) -> Result<BTreeSet<PathBuf>, RecordError> {
    let mut paths = BTreeSet::new();
    for pattern in patterns {
        let matches = glob::glob(pattern).map_err(|source| RecordError::Pattern {
            pattern: pattern.clone(),
            source,
        })?;
        let mut any = false;
        for entry in matches {
            any = true;
            match entry {
                Ok(path) => drop(paths.insert(path)),
                Err(error) => {
                    let path = error.path().to_owned();
                    let reason = RecordError::Unreadable {
                        path: path.clone(),
                        source: error.into(),
                    };
                    rejected.push(Rejected {
                        path,
                        reason: reason.into(),
                    });
                }
            }
        }
        if !any {
            let directory = std::env::current_dir().unwrap_or_default();
            return Err(RecordError::NoMatch {
                pattern: pattern.clone(),
                directory,
            });
        }
    }
    Ok(paths)
}

fn add(records: &mut BTreeMap<SharpId, RecordFiles>, path: &Path, harpnum: Option<i64>) -> Result<()> {
    let header = fits::read_header(path)?;
    let segment = segment_of(path)?;
    let (id, warning) = identify(path, &header, harpnum)?;
    let record = records.entry(id).or_insert_with(|| RecordFiles {
        id,
        segments: BTreeMap::new(),
        warnings: Vec::new(),
    });
    if let Some(first) = record.segments.get(&segment) {
        let (path, first) = (path.to_owned(), first.clone());
        return Err(RecordError::Duplicate {
            id,
            segment,
            path,
            first,
        }
        .into());
    }
    record.segments.insert(segment, path.to_owned());
    record.warnings.extend(warning);
    Ok(())
}

/// The segment by the last part of the name before `.fits`.
fn segment_of(path: &Path) -> Result<Segment, RecordError> {
    let last = stem(path)
        .unwrap_or_default()
        .rsplit('.')
        .next()
        .unwrap_or_default();
    last.parse().map_err(|()| RecordError::Segment {
        path: path.to_owned(),
        found: last.to_owned(),
    })
}
