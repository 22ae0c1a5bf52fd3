//! What must hold for any bytes that are taken for a FITS file: no panic, no more memory than the bytes bear out, and
//! an error that names the file.
//!
//! A file of FITS is mostly blanks. So that an input is short, its headers may stand in lines, each up to a line `END`;
//! they are written out before the file is read. Anything else is a file as it stands.

use std::{fs, iter::repeat_n};

use helioql_catalog::{
    Error, KEYWORDS, RecordFiles, Segment, bipole::Bipole, find_records, read_header, read_image,
};

const CARD: usize = 80;
const BLOCK: usize = 2880;

/// Reads the bytes as a file, by itself and as a segment of a record.
///
/// # Panics
/// When something that must hold does not.
pub(crate) fn check(bytes: &[u8]) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory
        .path()
        .join("hmi.sharp_cea_720s.377.20110215_020000_TAI.Br.fits");
    fs::write(&path, written_out(bytes)).expect("a temporary file");
    let name = path.display().to_string();
    let named = |error: &dyn std::error::Error| {
        let message = error.to_string();
        assert!(message.contains(&name), "{message}");
    };
    match (read_header(&path), read_image(&path)) {
        (header, Ok(image)) => {
            assert_eq!(image.pixels.len(), image.width * image.height);
            assert!(header.is_ok());
        }
        (Ok(_), Err(error)) => named(&error),
        (Err(header), Err(image)) => {
            named(&header);
            assert_eq!(header.to_string(), image.to_string());
        }
    }
    let found = find_records(std::slice::from_ref(&name), None).expect("the pattern names the file");
    assert_eq!(found.records.len() + found.rejected.len(), 1);
    found.rejected.iter().for_each(|file| named(&file.reason));
    found.records.iter().for_each(record);
}

fn record(files: &RecordFiles) {
    let record = match files.read(&[Segment::Br]) {
        Ok(record) => record,
        Err(Error::Fits(_)) => return,
        Err(error) => panic!("a record of one file: {error}"),
    };
    for keyword in KEYWORDS {
        let values = [record.keyword(keyword), record.keyword_error(keyword)];
        assert!(
            values.into_iter().flatten().all(f64::is_finite),
            "{}",
            keyword.name
        );
    }
    let _ = (record.projection(), Bipole::from_header(&record.header));
}

/// The file of an input whose headers are in lines, or the input.
fn written_out(mut input: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    while let Some(header) = lines(input) {
        for card in input[..header]
            .split(|byte| *byte == b'\n')
            .filter(|card| !card.is_empty())
        {
            file.extend_from_slice(card);
            file.extend(repeat_n(b' ', card.len().next_multiple_of(CARD) - card.len()));
        }
        file.resize(file.len().next_multiple_of(BLOCK), b' ');
        input = &input[header..];
    }
    let data = file.len();
    file.extend_from_slice(input);
    if data > 0 {
        file.resize(file.len().next_multiple_of(BLOCK), 0);
    }
    file
}

/// How far a header in lines goes, if one is next.
fn lines(input: &[u8]) -> Option<usize> {
    let is_header = input.starts_with(b"SIMPLE") || input.starts_with(b"XTENSION");
    let end = input.windows(5).position(|window| window == b"\nEND\n")? + 5;
    is_header.then_some(end)
}
