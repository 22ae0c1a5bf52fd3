//! Why files could not be put together as a SHARP record.

use std::path::PathBuf;

use crate::record::{Segment, SharpId};

/// Files that do not make a record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The pattern is not one.
    #[error("`{pattern}` is not a file pattern: {source}")]
    Pattern {
        /// As given.
        pattern: String,
        /// What is wrong with it, and where.
        source: glob::PatternError,
    },
    /// No file has such a name.
    #[error("no file matches `{pattern}`; the path is relative to `{}`", directory.display())]
    NoMatch {
        /// As given.
        pattern: String,
        /// The working directory.
        directory: PathBuf,
    },
    /// A directory below the pattern could not be listed.
    #[error("cannot look into `{}`: {source}", path.display())]
    Unreadable {
        /// The directory.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The last part of the file name is not a segment.
    #[error(
        "`{}` does not name a SHARP segment: expected a name that ends in `.<segment>.fits` with one of {}, found `{found}`",
        path.display(), Segment::list()
    )]
    Segment {
        /// The file.
        path: PathBuf,
        /// What stands where the segment should.
        found: String,
    },
    /// Neither the header nor the name says which record the file belongs to.
    #[error("`{}` does not say which record it belongs to: expected {expected}, found {found}", path.display())]
    Identity {
        /// The file.
        path: PathBuf,
        /// The cards that say it.
        expected: &'static str,
        /// What the header holds.
        found: String,
    },
    /// Two files claim the same segment of one record.
    #[error("`{}` is a second {segment} of record {id}; the first is `{}`", path.display(), first.display())]
    Duplicate {
        /// The record.
        id: SharpId,
        /// The segment.
        segment: Segment,
        /// The file that is left out.
        path: PathBuf,
        /// The file that is kept.
        first: PathBuf,
    },
    /// A record without a single file.
    #[error("record {id} has no files")]
    Empty {
        /// The record.
        id: SharpId,
    },
    /// One segment has not the shape of the others.
    #[error(
        "`{}` has {}×{} pixels, but `{}` of the same record {id} has {}×{}",
        path.display(), found.0, found.1, other.display(), expected.0, expected.1
    )]
    Shape {
        /// The record.
        id: SharpId,
        /// The file that disagrees.
        path: PathBuf,
        /// Its width and height in pixels.
        found: (usize, usize),
        /// A file of the shape that the others have.
        other: PathBuf,
        /// That width and height in pixels.
        expected: (usize, usize),
    },
    /// The header does not place the patch on the Sun.
    #[error("record {id}: {keyword} must be {expected}, found {found}")]
    Geometry {
        /// The record.
        id: SharpId,
        /// The card.
        keyword: &'static str,
        /// What may stand there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
}
