//! FITS files for tests: small ones made in memory, and real ones where they are at hand.

use std::io::Cursor;
use std::path::PathBuf;

use fits_well::{CompressOptions, FitsWriter, ImageData, Scaling};

/// The directory of real SHARP files; without it a test says that it is skipped.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
pub(crate) fn real_files() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared");
    let root = std::env::var_os("HELIOQL_SHARED").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    let data = root.join("data");
    if data.join("golden").is_dir() {
        return Some(data);
    }
    eprintln!("skipped: no real SHARP files; set HELIOQL_SHARED to their directory");
    None
}

/// A primary image of 16-bit integers with these cards, in whole blocks.
pub(crate) fn plain(cards: &[&str], width: usize, height: usize, pixels: &[i16]) -> Vec<u8> {
    assert_eq!(
        pixels.len(),
        width * height,
        "a sample has a value for each pixel"
    );
    let structure = [
        "SIMPLE  =                    T".to_owned(),
        "BITPIX  =                   16".to_owned(),
        "NAXIS   =                    2".to_owned(),
        format!("NAXIS1  = {width:20}"),
        format!("NAXIS2  = {height:20}"),
    ];
    let mut file = Vec::new();
    for card in structure
        .iter()
        .map(String::as_str)
        .chain(cards.iter().copied())
        .chain(["END"])
    {
        file.extend_from_slice(format!("{card:80}").as_bytes());
    }
    file.resize(file.len().next_multiple_of(2880), b' ');
    file.extend(pixels.iter().flat_map(|pixel| pixel.to_be_bytes()));
    file.resize(file.len().next_multiple_of(2880), 0);
    file
}

/// A magnetogram of a record, as small as can be.
pub(crate) fn segment(harpnum: i64, t_rec: &str, width: usize, height: usize) -> Vec<u8> {
    let cards = [
        format!("HARPNUM = {harpnum:20}"),
        format!("T_REC   = '{t_rec}'"),
        "R_VALUE = nan".to_owned(),
    ];
    let pixels: Vec<i16> = (0..width * height).map(|n| n as i16).collect();
    plain(&cards.each_ref().map(String::as_str), width, height, &pixels)
}

/// A `RICE_1` image of 32-bit integers in hundredths, a row to a tile, as JSOC's are.
pub(crate) fn rice(width: usize, height: usize) -> Vec<u8> {
    let samples = (0..width * height)
        .map(|n| (n as i32 * 37) % 1000 - 500)
        .collect();
    let image = fits_well::Image {
        shape: vec![width, height],
        samples: ImageData::I32(samples),
        scaling: Scaling {
            bscale: 0.01,
            bzero: 0.0,
            blank: Some(i64::from(i32::MIN)),
        },
    };
    let mut writer = FitsWriter::new(Cursor::new(Vec::new()));
    let written = writer.write_compressed_image(&image, "RICE_1", &CompressOptions::tiled([width, 1]));
    written.expect("a small image in memory can be written");
    writer.into_inner().into_inner()
}
