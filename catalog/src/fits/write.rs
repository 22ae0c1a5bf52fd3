//! Writing an image as JSOC does: integers with BSCALE, compressed by tiles of one row (`RICE_1`), with its cards.
//!
//! The crate `fits-well` compresses; cards are formatted here, since those of a record are ours. A file is
//! written beside its place, synced and renamed, so that a name never stands for a part of a file.
//!
//! Reference: FITS standard 4.0 (Pence et al. 2010, A&A 524, A42), section 4 for cards, 10.1 for tiles.

use std::fs::{self, File};
use std::io::{Cursor, Write};
use std::path::Path;

use fits_well::{CompressOptions, FitsWriter, ImageData, Scaling};

use super::header::{CARD, Value};
use super::unit::{self, BLOCK};
use crate::error::FitsError;

/// How the values of an image are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// 32-bit integers in hundredths (BSCALE 0.01), as JSOC stores fields; NaN is BLANK. A field that stands on
    /// hundredths is read again to the bit.
    Hundredths,
    /// 16-bit integers, as JSOC stores masks; NaN is BLANK.
    Whole,
}

/// The stored value of a missing pixel.
const BLANK_32: i32 = i32::MIN;
const BLANK_16: i16 = i16::MIN;

/// Longest part of a string that fits a card with its quotes.
const TEXT: usize = 67;

/// Writes an image of `width` pixels in a row, in FITS order, with the cards of a record. A file of that name is
/// replaced.
///
/// # Errors
/// When a card cannot be one, the image is not a whole number of rows, or the file cannot be written.
///
/// # Examples
/// ```
/// use helioql_catalog::fits::{Packing, Value, read_image, write_image};
///
/// let path = std::env::temp_dir().join(format!("helioql-{}-write.fits", std::process::id()));
/// let cards = [("HARPNUM", Value::Integer(377)), ("OBJECT", Value::Text("it's".to_owned()))];
/// write_image(&path, &[1.25, -300.0, f32::NAN, 0.01], 2, Packing::Hundredths, &cards)?;
/// let image = read_image(&path)?;
/// assert_eq!(image.shape(), (2, 2));
/// assert_eq!(image.pixels[..2], [1.25, -300.0]);
/// assert!(image.pixels[2].is_nan());
/// assert_eq!((image.header.integer("HARPNUM"), image.header.text("OBJECT")), (Some(377), Some("it's")));
/// # std::fs::remove_file(path).expect("the file was written");
/// # Ok::<(), helioql_catalog::error::FitsError>(())
/// ```
pub fn write_image(
    path: impl AsRef<Path>,
    pixels: &[f32],
    width: usize,
    packing: Packing,
    cards: &[(&str, Value)],
) -> Result<(), FitsError> {
    let path = path.as_ref();
    let refuse = |message: String| FitsError::Unwritable {
        path: path.to_owned(),
        message,
    };
    if width == 0 || pixels.is_empty() || !pixels.len().is_multiple_of(width) {
        return Err(refuse(format!("{} pixels are no rows of {width}", pixels.len())));
    }
    let mut text = String::new();
    for (keyword, value) in cards {
        push_card(&mut text, keyword, value).map_err(refuse)?;
    }
    let bytes = with_cards(&compressed(pixels, width, packing, path)?, &text, path)?;
    store(path, &bytes).map_err(|source| FitsError::Write {
        path: path.to_owned(),
        source,
    })
}

/// A whole file with the image in its first extension.
fn compressed(pixels: &[f32], width: usize, packing: Packing, path: &Path) -> Result<Vec<u8>, FitsError> {
    let (samples, bscale, blank) = match packing {
        Packing::Hundredths => (
            ImageData::I32(pixels.iter().map(|&value| hundredths(value)).collect()),
            0.01,
            i64::from(BLANK_32),
        ),
        Packing::Whole => (
            ImageData::I16(pixels.iter().map(|&value| whole(value)).collect()),
            1.0,
            i64::from(BLANK_16),
        ),
    };
    let image = fits_well::Image {
        shape: vec![width, pixels.len() / width],
        samples,
        scaling: Scaling {
            bscale,
            bzero: 0.0,
            blank: Some(blank),
        },
    };
    let mut writer = FitsWriter::new(Cursor::new(Vec::new()));
    writer
        .write_compressed_image(&image, "RICE_1", &CompressOptions::tiled([width, 1]))
        .map_err(|source| FitsError::Unwritable {
            path: path.to_owned(),
            message: source.to_string(),
        })?;
    Ok(writer.into_inner().into_inner())
}

fn hundredths(value: f32) -> i32 {
    if value.is_nan() {
        return BLANK_32;
    }
    // The cast saturates; only NaN may be BLANK.
    ((f64::from(value) * 100.0).round() as i32).max(BLANK_32 + 1)
}

fn whole(value: f32) -> i16 {
    if value.is_nan() {
        return BLANK_16;
    }
    (value.round() as i16).max(BLANK_16 + 1)
}

/// The file with more cards in the header of its image, and the sum of its data.
fn with_cards(file: &[u8], cards: &str, path: &Path) -> Result<Vec<u8>, FitsError> {
    let unit = unit::find_image(&mut Cursor::new(file), path)?;
    let data = &file[unit.data_start as usize..];
    let own: Vec<&[u8]> = unit
        .cards
        .chunks_exact(CARD)
        .take_while(|card| card.trim_ascii_end() != b"END")
        .filter(|card| {
            !card.trim_ascii().is_empty() && !card.starts_with(b"DATASUM") && !card.starts_with(b"CHECKSUM")
        })
        .collect();
    let before = unit.data_start as usize - unit.cards.len().next_multiple_of(BLOCK as usize);
    let mut whole = file[..before].to_vec();
    whole.extend(own.into_iter().flatten());
    whole.extend_from_slice(cards.as_bytes());
    whole.extend_from_slice(format!("{:80}", format!("DATASUM = '{:<8}'", data_sum(data))).as_bytes());
    whole.extend_from_slice(format!("{:80}", "END").as_bytes());
    whole.resize(whole.len().next_multiple_of(BLOCK as usize), b' ');
    whole.extend_from_slice(data);
    Ok(whole)
}

/// The ones' complement sum of the data's 32-bit big-endian words (FITS 4.0, appendix J).
pub(super) fn data_sum(data: &[u8]) -> u32 {
    let mut sum: u64 = data
        .chunks_exact(4)
        .map(|word| u64::from(u32::from_be_bytes([word[0], word[1], word[2], word[3]])))
        .sum();
    while sum > u64::from(u32::MAX) {
        sum = (sum & u64::from(u32::MAX)) + (sum >> 32);
    }
    sum as u32
}

/// Adds a card, with as many CONTINUE cards as its string needs.
fn push_card(out: &mut String, keyword: &str, value: &Value) -> Result<(), String> {
    let valid = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if keyword.is_empty() || keyword.len() > 8 || !keyword.chars().all(valid) {
        return Err(format!(
            "`{keyword}` is no keyword: expected at most 8 of A to Z, 0 to 9, _ and -"
        ));
    }
    let mut line = |text: String| {
        out.push_str(&text);
        // Every part fits a card.
        out.extend(std::iter::repeat_n(' ', CARD.saturating_sub(text.len())));
    };
    match value {
        Value::Logical(value) => line(format!("{keyword:8}= {:>20}", if *value { "T" } else { "F" })),
        Value::Integer(value) => line(format!("{keyword:8}= {value:>20}")),
        Value::Real(value) if value.is_finite() => line(format!("{keyword:8}= {:>20}", real(*value))),
        // The standard has no NaN; a card without a value is one that is not known.
        Value::Real(_) | Value::Undefined => line(format!("{keyword:8}=")),
        Value::Text(text) => {
            if !text.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
                return Err(format!("{keyword}: a card holds printable ASCII, found {text:?}"));
            }
            let parts = pieces(&text.replace('\'', "''"));
            let last = parts.len() - 1;
            for (index, part) in parts.iter().enumerate() {
                let more = if index < last { "&" } else { "" };
                let quoted = format!("'{:8}'", format!("{part}{more}"));
                line(if index == 0 {
                    format!("{keyword:8}= {quoted}")
                } else {
                    format!("CONTINUE  {quoted}")
                });
            }
        }
    }
    Ok(())
}

/// A number with all its digits, and a point so that it is no integer.
fn real(value: f64) -> String {
    let text = format!("{value:E}");
    match text.split_once('E') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
        _ => text,
    }
}

/// A string in parts that fit cards; a doubled quote is not taken apart.
fn pieces(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let pair = c == '\'' && chars.peek() == Some(&'\'');
        let part = parts.last().map_or(0, String::len);
        if part + 1 + usize::from(pair) > TEXT {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
            if pair {
                part.extend(chars.next());
            }
        }
    }
    parts
}

/// Writes beside the place and renames, so that the name never stands for a part of the bytes.
fn store(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let written = File::create(&part).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&part, path)
    });
    if written.is_err() {
        // What is left of it is of no use; that it cannot be removed says nothing new.
        let _ = fs::remove_file(&part);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fits::Header;

    fn cards(keyword: &str, value: &Value) -> String {
        let mut out = String::new();
        push_card(&mut out, keyword, value).expect("a card");
        out
    }

    #[test]
    fn cards_are_those_of_the_standard() {
        for (value, expected) in [
            (Value::Logical(true), "KEY     =                    T"),
            (Value::Integer(-32), "KEY     =                  -32"),
            (Value::Real(0.03), "KEY     =               3.0E-2"),
            (Value::Real(2.71e22), "KEY     =              2.71E22"),
            (Value::Real(f64::NAN), "KEY     ="),
            (Value::Text("AR".to_owned()), "KEY     = 'AR      '"),
            (Value::Text("it's".to_owned()), "KEY     = 'it''s   '"),
        ] {
            let card = cards("KEY", &value);
            assert_eq!(card.len(), CARD);
            assert_eq!(card.trim_end(), expected);
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let long = "a quote ' at every tenth".repeat(12);
        for value in [
            Value::Text(long),
            Value::Text(String::new()),
            Value::Text("'".repeat(70)),
            Value::Real(f64::MIN_POSITIVE),
            Value::Real(-1.0 / 3.0),
            Value::Real(1e300),
            Value::Integer(i64::MIN),
        ] {
            let written = cards("KEY", &value);
            assert!(written.len().is_multiple_of(CARD));
            let header = Header::parse(written.as_bytes());
            assert_eq!(header.get("KEY"), Some(&value), "{written}");
        }
    }

    #[test]
    fn what_is_no_card_is_refused() {
        for (keyword, value) in [
            ("lower", Value::Integer(1)),
            ("NINECHARS", Value::Integer(1)),
            ("", Value::Integer(1)),
            ("KEY", Value::Text("µ".to_owned())),
            ("KEY", Value::Text("two\nlines".to_owned())),
        ] {
            assert!(
                push_card(&mut String::new(), keyword, &value).is_err(),
                "{keyword}"
            );
        }
    }

    #[test]
    fn every_hundredth_and_every_mask_value_comes_back_to_the_bit() -> Result<(), Box<dyn std::error::Error>>
    {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("a.fits");
        let field: Vec<f32> = (-5000..5000)
            .map(|n| (f64::from(n) * 7.0 * 0.01) as f32)
            .collect();
        write_image(&path, &field, 100, Packing::Hundredths, &[])?;
        assert_eq!(crate::fits::read_image(&path)?.pixels, field);
        let mask = [0.0, 1.0, 2.0, 33.0, 34.0, 90.0];
        write_image(&path, &mask, 3, Packing::Whole, &[])?;
        let image = crate::fits::read_image(&path)?;
        assert_eq!(
            (image.shape(), image.pixels.as_slice()),
            ((3, 2), mask.as_slice())
        );
        // The name stands for the file, and for nothing else that was left.
        assert_eq!(fs::read_dir(directory.path())?.count(), 1);
        Ok(())
    }

    #[test]
    fn what_cannot_be_written_is_an_error_and_leaves_nothing() -> Result<(), Box<dyn std::error::Error>> {
        let directory = tempfile::tempdir()?;
        let nowhere = directory.path().join("none").join("a.fits");
        let error = write_image(&nowhere, &[1.0], 1, Packing::Whole, &[]).expect_err("no such folder");
        assert!(error.to_string().starts_with("cannot write `"), "{error}");
        let error = write_image(directory.path().join("a.fits"), &[1.0; 5], 2, Packing::Whole, &[]);
        assert!(error.is_err_and(|error| error.to_string().ends_with("5 pixels are no rows of 2")));
        assert_eq!(fs::read_dir(directory.path())?.count(), 0);
        Ok(())
    }
}
