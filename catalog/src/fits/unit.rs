//! Units of a file, header and data: where each begins, how long it is, and which one is the image.
//!
//! Every unit takes whole blocks of 2880 bytes. Its data take |BITPIX|/8 · GCOUNT · (PCOUNT + Π `NAXISn`)
//! bytes (FITS 4.0, equation 2), so that headers alone lead from one unit to the next.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::header::{CARD, Header};
use crate::error::FitsError;

/// Bytes of a block.
pub(super) const BLOCK: u64 = 2880;

/// A header with more cards than this (36 a block) is no header: the search for END must end somewhere.
const MAX_HEADER_BLOCKS: u64 = 1000;

/// One unit of a file.
pub(super) struct Unit {
    pub(super) header: Header,
    /// The header's bytes, whole blocks.
    pub(super) cards: Vec<u8>,
    /// Where the data begin, in bytes from the start of the file.
    pub(super) data_start: u64,
    /// How long they are, without the fill of their last block.
    pub(super) data_bytes: u64,
}

/// The first unit that holds an image.
pub(super) fn find_image(file: &mut (impl Read + Seek), path: &Path) -> Result<Unit, FitsError> {
    let io = |source| FitsError::Io {
        path: path.to_owned(),
        source,
    };
    let size = file.seek(SeekFrom::End(0)).map_err(io)?;
    file.rewind().map_err(io)?;
    let mut start = 0;
    loop {
        let unit = read_unit(file, path, start, size)?;
        if unit.is_image() {
            return Ok(unit);
        }
        start = unit
            .data_start
            .saturating_add(unit.data_bytes.next_multiple_of(BLOCK));
        if start >= size {
            return Err(FitsError::NoImage {
                path: path.to_owned(),
            });
        }
        file.seek(SeekFrom::Start(start)).map_err(io)?;
    }
}

impl Unit {
    /// Whether a table holds the image, tile by tile.
    pub(super) fn is_compressed(&self) -> bool {
        self.header.text("XTENSION") == Some("BINTABLE") && self.header.logical("ZIMAGE") == Some(true)
    }

    fn is_image(&self) -> bool {
        let plain = matches!(self.header.text("XTENSION"), None | Some("IMAGE"));
        self.is_compressed() || plain && self.data_bytes > 0
    }
}

/// Reads a header at the file's position, which is `start`.
fn read_unit(file: &mut impl Read, path: &Path, start: u64, size: u64) -> Result<Unit, FitsError> {
    let mut cards = Vec::new();
    loop {
        let before = cards.len();
        file.take(BLOCK)
            .read_to_end(&mut cards)
            .map_err(|source| FitsError::Io {
                path: path.to_owned(),
                source,
            })?;
        if before == 0 && start == 0 {
            check_beginning(&cards, path)?;
        }
        if cards[before..]
            .chunks(CARD)
            .any(|card| card.trim_ascii_end() == b"END")
        {
            break;
        }
        let ended = cards.len() - before < BLOCK as usize;
        if ended || cards.len() as u64 >= MAX_HEADER_BLOCKS * BLOCK {
            return Err(FitsError::NoEnd {
                path: path.to_owned(),
                start,
                searched: cards.len() as u64,
            });
        }
    }
    let header = Header::parse(&cards);
    let data_start = start + (cards.len() as u64).next_multiple_of(BLOCK);
    let data_bytes = data_bytes(&header, path)?;
    // The last block's fill may be missing: no pixel is lost with it, and such files are about.
    let expected = data_start.saturating_add(data_bytes);
    if data_bytes > 0 && expected > size {
        return Err(FitsError::Truncated {
            path: path.to_owned(),
            expected,
            found: size,
        });
    }
    Ok(Unit {
        header,
        cards,
        data_start,
        data_bytes,
    })
}

/// Says what the file is when it is not FITS.
fn check_beginning(bytes: &[u8], path: &Path) -> Result<(), FitsError> {
    let path = path.to_owned();
    match bytes {
        [] => Err(FitsError::Empty { path }),
        _ if bytes.starts_with(b"SIMPLE  =") => Ok(()),
        _ => {
            let found = bytes[..bytes.len().min(20)].escape_ascii().to_string();
            Err(FitsError::NotFits { path, found })
        }
    }
}

/// The size of the data by the cards that describe them.
fn data_bytes(header: &Header, path: &Path) -> Result<u64, FitsError> {
    const COUNT: &str = "a whole number, 0 or more";
    let card = |keyword: &str, default: Option<i64>, expected, valid: fn(i64) -> bool| {
        let value = header.get(keyword).map_or(default, |_| header.integer(keyword));
        value
            .filter(|value| valid(*value))
            .ok_or_else(|| FitsError::Card {
                path: path.to_owned(),
                keyword: keyword.to_owned(),
                expected,
                found: header.found(keyword),
            })
    };
    let axes = card("NAXIS", None, "a whole number from 0 to 999", |axes| {
        (0..=999).contains(&axes)
    })?;
    let bits = card("BITPIX", None, "one of 8, 16, 32, 64, -32, -64", |bits| {
        [8, 16, 32, 64, -32, -64].contains(&bits)
    })?;
    let parameters = card("PCOUNT", Some(0), COUNT, |bytes| bytes >= 0)? as u64;
    let groups = card("GCOUNT", Some(1), "a whole number, 1 or more", |groups| {
        groups >= 1
    })? as u64;
    // Products saturate: a size beyond every file is caught when it is compared with the file's.
    let mut elements = u64::from(axes > 0);
    for axis in 1..=axes {
        let length = card(&format!("NAXIS{axis}"), None, COUNT, |length| length >= 0)? as u64;
        elements = elements.saturating_mul(length);
    }
    let values = groups.saturating_mul(parameters.saturating_add(elements));
    Ok(values.saturating_mul(bits.unsigned_abs() / 8))
}
