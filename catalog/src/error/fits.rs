//! Why a FITS file could not be read or written: always the path, what was expected there and what was found.

use std::io;
use std::path::PathBuf;

/// A FITS file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FitsError {
    /// The operating system refused.
    #[error("cannot read `{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The operating system refused to write.
    #[error("cannot write `{}`: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// What was to be written is no FITS.
    #[error("cannot write `{}`: {message}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        message: String,
    },
    /// The path is a directory.
    #[error("expected a FITS file, found the directory `{0}`; name its files, as in `{0}/*.fits`", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
    },
    /// The file has no bytes.
    #[error("`{}` is empty; expected a FITS file of at least 2880 bytes", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file is packed by gzip and cannot be unpacked.
    #[error("`{}` is compressed by gzip and damaged: {source}", path.display())]
    Gzip {
        /// The file.
        path: PathBuf,
        /// What the decoder found.
        source: io::Error,
    },
    /// The file unpacks to more than any image takes.
    #[error("`{}` is compressed by gzip and holds more than {limit} bytes, the most that is read", path.display())]
    GzipTooLarge {
        /// The file.
        path: PathBuf,
        /// The most bytes that are unpacked.
        limit: u64,
    },
    /// The file does not begin as every FITS file does.
    #[error("`{}` is not a FITS file: expected it to begin with `SIMPLE  =`, found `{found}`", path.display())]
    NotFits {
        /// The file.
        path: PathBuf,
        /// Its first bytes, escaped.
        found: String,
    },
    /// A header has no END card.
    #[error("a header of `{}` has no END card in the {searched} bytes from byte {start}; the file is truncated or damaged", path.display())]
    NoEnd {
        /// The file.
        path: PathBuf,
        /// Where the header begins, in bytes.
        start: u64,
        /// How many bytes were looked through.
        searched: u64,
    },
    /// The data are shorter than the header says.
    #[error("`{}` is truncated: its header promises {expected} bytes, the file has {found}", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// The least size of a whole file, in bytes.
        expected: u64,
        /// Its size, in bytes.
        found: u64,
    },
    /// The bytes of the data are not those that were written.
    #[error("the data of `{}` are damaged: DATASUM promises the checksum {expected}, found {found}", path.display())]
    Checksum {
        /// The file.
        path: PathBuf,
        /// The DATASUM card.
        expected: u32,
        /// The sum of the bytes that are there.
        found: u32,
    },
    /// The tiles of a compressed image take more than there is.
    #[error("the tiles of `{}` claim {claimed} bytes together, its data have {found}", path.display())]
    Tiles {
        /// The file.
        path: PathBuf,
        /// What the rows of the table say that their tiles take, in bytes.
        claimed: u64,
        /// The size of the data, in bytes.
        found: u64,
    },
    /// There is no image in any unit of the file.
    #[error("`{}` holds no image: expected a primary array, an IMAGE extension or a compressed image", path.display())]
    NoImage {
        /// The file.
        path: PathBuf,
    },
    /// A card that describes the data is missing or has a value it must not have.
    #[error("`{}`: {keyword} must be {expected}, found {found}", path.display())]
    Card {
        /// The file.
        path: PathBuf,
        /// The card's keyword.
        keyword: String,
        /// What may stand there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// The decoder gave up.
    #[error("cannot decode the image of `{}`: {source}", path.display())]
    Decode {
        /// The file.
        path: PathBuf,
        /// The decoder's reason.
        source: fits_well::FitsError,
    },
    /// The decoder met a state it did not foresee.
    #[error("the image of `{}` is damaged in a way that the decoder does not name: {message}", path.display())]
    Decoder {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        message: String,
    },
}
