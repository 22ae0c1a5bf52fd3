//! Everything that can go wrong in this crate, one enum for each of its parts.
//!
//! The parts have their own types because a caller treats them apart: a bad FITS file is one row of an
//! import report, a damaged table ends the statement.

mod fits;
mod record;
mod store;

pub use self::fits::FitsError;
pub use self::record::RecordError;
pub use self::store::StoreError;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of this crate: which part it comes from, with that part's own account.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A FITS file could not be read.
    #[error(transparent)]
    Fits(#[from] FitsError),
    /// Files could not be put together as a record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The catalogue directory could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Error {
    /// Whether a file that should exist does not, or is not what its catalogue says it is: the command
    /// line answers this with its own exit code.
    pub fn is_missing_or_damaged(&self) -> bool {
        match self {
            Self::Fits(_) => true,
            Self::Record(error) => matches!(error, RecordError::NoMatch { .. }),
            Self::Store(error) => error.is_missing_or_damaged(),
        }
    }
}
