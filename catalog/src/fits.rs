//! FITS files as JSOC writes them: a header of cards, and an image that may be compressed by tiles. They are
//! read as they are found, and written as the standard asks.
//!
//! The crate `fits-well` decodes the pixels; headers are read here, because SHARP files carry cards that
//! the standard forbids (`R_VALUE = nan`) and that a conforming parser refuses together with the file.
//!
//! Reference: FITS standard 4.0 (Pence et al. 2010, A&A 524, A42).

mod gzip;
mod header;
mod image;
mod unit;
mod write;

pub use self::header::{Header, Value};
pub use self::image::Image;
pub use self::write::{Packing, write_image};

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::error::FitsError;

/// Reads the header of the file's image, and nothing of its pixels.
///
/// # Errors
/// When the file cannot be read, is not FITS, or ends within a header.
pub fn read_header(path: impl AsRef<Path>) -> Result<Header, FitsError> {
    let path = path.as_ref();
    Ok(unit::find_image(&mut open(path)?, path)?.header)
}

/// Reads the file's image with its header: the first unit that holds one, compressed or not.
///
/// # Errors
/// As [`read_header`]; also when the data end early, do not match their checksum, or cannot be decoded.
pub fn read_image(path: impl AsRef<Path>) -> Result<Image, FitsError> {
    let path = path.as_ref();
    let mut file = open(path)?;
    let unit = unit::find_image(&mut file, path)?;
    image::read(&mut file, path, unit)
}

/// A file, or what one holds that is packed.
trait Source: Read + Seek {}
impl<T: Read + Seek> Source for T {}

fn open(path: &Path) -> Result<Box<dyn Source>, FitsError> {
    // A directory opens like a file on some systems and not on others, so it is told apart first.
    if path.is_dir() {
        return Err(FitsError::Directory {
            path: path.to_owned(),
        });
    }
    let io = |source| FitsError::Io {
        path: path.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(io)?;
    let mut first = Vec::new();
    (&file).take(2).read_to_end(&mut first).map_err(io)?;
    file.seek(SeekFrom::Start(0)).map_err(io)?;
    Ok(if first == gzip::MAGIC {
        Box::new(gzip::unpack(file, path)?)
    } else {
        Box::new(file)
    })
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
