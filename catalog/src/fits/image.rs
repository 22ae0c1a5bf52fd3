//! The pixels of an image, in physical values: BZERO + BSCALE · stored, NaN where stored = BLANK.
//!
//! The decoder is handed the one unit with its structural cards only. Cards that it would refuse (see
//! [`super`]) never reach it, and neither do sizes that the file cannot bear out, which are checked first.

use std::any::Any;
use std::io::{Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use fits_well::{FitsReader, Tform, TformKind};

use super::header::{CARD, Header};
use super::unit::{BLOCK, Unit};
use super::write::data_sum;
use crate::error::FitsError;

/// The largest image that is read, 8192 × 8192: four times HMI's full disk, and far above any patch.
const MAX_PIXELS: u64 = 1 << 26;

/// The most pixels in a byte of compressed data: deflate packs at most 1032 bytes into one, and Rice's code less.
const MAX_PIXELS_PER_BYTE: u64 = 1032;

/// An image with the header of its unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// Pixels in a row, from east to west: NAXIS1.
    pub width: usize,
    /// Rows, from south to north: NAXIS2.
    pub height: usize,
    /// The values, row by row as the file has them: the first is the south-eastern corner. NaN where the
    /// file has none. JSOC's values, integers in hundredths at most, are exact to one part in 10⁷.
    pub pixels: Vec<f32>,
    /// The cards of the image's own unit.
    pub header: Header,
}

impl Image {
    /// Width and height in pixels.
    pub fn shape(&self) -> (usize, usize) {
        (self.width, self.height)
    }
}

/// Reads the data of a unit and decodes them.
pub(super) fn read(file: &mut (impl Read + Seek), path: &Path, unit: Unit) -> Result<Image, FitsError> {
    let (width, height) = check_shape(&unit, path)?;
    let in_tiles = unit.is_compressed();
    let mut bytes = unit.cards;
    bytes.resize(bytes.len().next_multiple_of(BLOCK as usize), b' ');
    keep_structure(&mut bytes);
    let header_bytes = bytes.len();
    file.seek(SeekFrom::Start(unit.data_start))
        .and_then(|_| {
            file.take(unit.data_bytes.next_multiple_of(BLOCK))
                .read_to_end(&mut bytes)
        })
        .map_err(|source| FitsError::Io {
            path: path.to_owned(),
            source,
        })?;
    bytes.resize(bytes.len().next_multiple_of(BLOCK as usize), 0);
    check_sum(&unit.header, &bytes[header_bytes..], path)?;
    if in_tiles {
        // Without the fill of the last block.
        let end = bytes.len().min(header_bytes + unit.data_bytes as usize);
        check_tiles(&unit.header, &bytes[header_bytes..end], path)?;
    }
    let pixels = decode(&bytes, path)?;
    if pixels.len() != width * height {
        let message = format!("{} pixels instead of {}", pixels.len(), width * height);
        return Err(FitsError::Decoder {
            path: path.to_owned(),
            message,
        });
    }
    Ok(Image {
        width,
        height,
        pixels,
        header: unit.header,
    })
}

/// The image's width and height, if it is one that can be read.
fn check_shape(unit: &Unit, path: &Path) -> Result<(usize, usize), FitsError> {
    let header = &unit.header;
    let refuse = |keyword: &str, expected| FitsError::Card {
        path: path.to_owned(),
        keyword: keyword.to_owned(),
        expected,
        found: header.found(keyword),
    };
    let [axes, first, second] = if unit.is_compressed() {
        ["ZNAXIS", "ZNAXIS1", "ZNAXIS2"]
    } else {
        ["NAXIS", "NAXIS1", "NAXIS2"]
    };
    if header.integer(axes) != Some(2) {
        return Err(refuse(axes, "2, for an image"));
    }
    let length = |keyword| {
        let length = header
            .integer(keyword)
            .and_then(|value| u64::try_from(value).ok());
        length
            .filter(|value| (1..=MAX_PIXELS).contains(value))
            .ok_or_else(|| refuse(keyword, "1 or more"))
    };
    let (width, height) = (length(first)?, length(second)?);
    if width * height > MAX_PIXELS {
        return Err(refuse(second, "at most 67108864 pixels in the whole image"));
    }
    if unit.is_compressed() {
        // A row holds one tile: without this check a header could ask for rows that take no bytes, and
        // for more of them than there is memory.
        if header.integer("NAXIS") != Some(2) || header.integer("NAXIS1").is_none_or(|bytes| bytes < 8) {
            return Err(refuse(
                "NAXIS1",
                "8 bytes or more, the place of one compressed tile",
            ));
        }
        if !matches!(header.text("ZCMPTYPE"), Some("RICE_1" | "GZIP_1" | "GZIP_2")) {
            return Err(refuse("ZCMPTYPE", "one of RICE_1, GZIP_1, GZIP_2"));
        }
        if width * height > unit.data_bytes.saturating_mul(MAX_PIXELS_PER_BYTE) {
            return Err(refuse(second, "no more rows than the compressed data can hold"));
        }
    }
    Ok((width as usize, height as usize))
}

/// Compares what the tiles are said to take with what is there. Rows may point to any bytes: if all pointed to the
/// same, each would get a copy, and a file of a megabyte could ask for gigabytes.
fn check_tiles(header: &Header, data: &[u8], path: &Path) -> Result<(), FitsError> {
    let size = |keyword| header.integer(keyword).unwrap_or(0).max(0) as usize;
    let (row, rows, fields) = (size("NAXIS1"), size("NAXIS2"), size("TFIELDS"));
    let rows = data
        .get(..row.saturating_mul(rows))
        .unwrap_or(data)
        .chunks_exact(row);
    let (mut start, mut claimed) = (0_usize, 0_u64);
    for field in 1..=fields {
        // What the decoder does not understand it refuses.
        let format = header.text(&format!("TFORM{field}")).map(Tform::parse);
        let Some(Ok(format)) = format else { return Ok(()) };
        if let Some(element) = format.vla_elem {
            let wide = format.kind == TformKind::ArrayDesc64;
            let tiles = rows.clone().filter_map(|row| elements(row.get(start..)?, wide));
            let count = tiles.fold(0, u64::saturating_add);
            claimed = claimed.saturating_add(count.saturating_mul(element_bytes(element)));
        }
        start = start.saturating_add(format.byte_width());
    }
    let found = data.len() as u64;
    if claimed <= found {
        return Ok(());
    }
    Err(FitsError::Tiles {
        path: path.to_owned(),
        claimed,
        found,
    })
}

/// The size of an element; a bit counts as a byte.
fn element_bytes(kind: TformKind) -> u64 {
    Tform {
        repeat: 1,
        kind,
        vla_elem: None,
    }
    .byte_width() as u64
}

/// How many elements a row says its tile has: the first number of its descriptor.
fn elements(descriptor: &[u8], wide: bool) -> Option<u64> {
    if wide {
        descriptor.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))
    } else {
        descriptor
            .first_chunk()
            .map(|bytes| u64::from(u32::from_be_bytes(*bytes)))
    }
}

/// Blanks every card that does not describe how the data lie.
fn keep_structure(cards: &mut [u8]) {
    const WHOLE: [&str; 16] = [
        "SIMPLE", "XTENSION", "BITPIX", "PCOUNT", "GCOUNT", "TFIELDS", "THEAP", "BSCALE", "BZERO", "BLANK",
        "ZIMAGE", "ZBITPIX", "ZCMPTYPE", "ZQUANTIZ", "ZBLANK", "END",
    ];
    const NUMBERED: [&str; 8] = [
        "NAXIS", "TTYPE", "TFORM", "ZNAXIS", "ZTILE", "ZNAME", "ZVAL", "ZDITHER",
    ];
    for card in cards.chunks_exact_mut(CARD) {
        let keyword = String::from_utf8_lossy(card[..8].trim_ascii_end()).into_owned();
        let stem = keyword.trim_end_matches(|c: char| c.is_ascii_digit());
        if !WHOLE.contains(&keyword.as_str()) && !NUMBERED.contains(&stem) {
            card.fill(b' ');
        }
    }
}

/// Compares the data with the header's DATASUM, where it has one: the ones' complement sum of their
/// 32-bit big-endian words (FITS 4.0, appendix J). A flipped bit in a compressed tile changes the rest of
/// its row and would otherwise go unnoticed.
fn check_sum(header: &Header, data: &[u8], path: &Path) -> Result<(), FitsError> {
    let expected = match header
        .text("DATASUM")
        .map(str::trim)
        .and_then(|text| text.parse().ok())
    {
        None | Some(0) => return Ok(()),
        Some(expected) => expected,
    };
    let found = data_sum(data);
    if found == expected {
        Ok(())
    } else {
        Err(FitsError::Checksum {
            path: path.to_owned(),
            expected,
            found,
        })
    }
}

/// Runs the decoder. It is written to return errors, but it is a large piece of code that reads what
/// anybody may have written, so a panic within it is answered as a damaged file.
fn decode(unit: &[u8], path: &Path) -> Result<Vec<f32>, FitsError> {
    let run = || {
        let mut reader = FitsReader::from_bytes(unit)?;
        reader.read_image(0).map(|image| image.physical_f32())
    };
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(result) => result.map_err(|source| FitsError::Decode {
            path: path.to_owned(),
            source,
        }),
        Err(panic) => Err(FitsError::Decoder {
            path: path.to_owned(),
            message: panic_message(panic.as_ref()),
        }),
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no reason given".to_owned())
}
