//! Real files against golden sums, and files that are none: every one an error that says so.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use super::*;

fn read_bytes(bytes: &[u8]) -> Result<Image, FitsError> {
    let path = Path::new("memory.fits");
    let mut file = Cursor::new(bytes);
    let unit = unit::find_image(&mut file, path)?;
    image::read(&mut file, path, unit)
}

#[test]
fn every_real_file_has_its_golden_sums() {
    let Some(data) = sample::real_files() else { return };
    let table = fs::read_to_string(data.join("golden/pixel_sums.csv")).expect("the golden table is readable");
    let mut files = 0;
    for line in table.lines().skip(1) {
        let mut cells = line.split(',');
        let file = cells.next().expect("a line begins with its file");
        let golden: Vec<f64> = cells
            .map(|cell| cell.parse().expect("the other cells are numbers"))
            .collect();
        let image = read_image(data.join(file)).unwrap_or_else(|error| panic!("{error}"));
        let valid: Vec<f64> = image
            .pixels
            .iter()
            .map(|value| f64::from(*value))
            .filter(|v| !v.is_nan())
            .collect();
        let found = [
            image.width as f64,
            image.height as f64,
            valid.len() as f64,
            valid.iter().sum(),
            valid.iter().copied().fold(f64::INFINITY, f64::min),
            valid.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        ];
        for (what, (golden, found)) in ["naxis1", "naxis2", "valid", "sum", "min", "max"]
            .iter()
            .zip(golden.iter().zip(found))
        {
            // The table has ten digits; pixels are rounded to f32, which adds up to some 0.01 G over 500,000.
            let tolerance = 1e-9 * golden.abs() + if *what == "sum" { 0.02 } else { 1e-3 };
            assert!(
                (golden - found).abs() <= tolerance,
                "{file}: {what} must be {golden}, found {found}"
            );
        }
        files += 1;
    }
    assert_eq!(files, 87, "the golden table names every file");
}

#[test]
fn a_real_header_is_read_with_its_nan_cards() {
    let Some(data) = sample::real_files() else { return };
    let header = read_header(data.join("fits/hmi.sharp_cea_720s.377.20110215_020000_TAI.Br.fits"))
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(header.integer("HARPNUM"), Some(377));
    assert_eq!(header.real("USFLUX"), Some(2.714_760e22));
    assert!(matches!(header.get("R_VALUE"), Some(Value::Real(value)) if value.is_nan()));
    assert_eq!(header.text("T_REC"), Some("2011.02.15_02:00:00_TAI"));
    assert_eq!(header.text("LICENSE"), None);
    let header = read_header(data.join("fits/hmi.sharp_cea_720s.13171.20250504_150000_TAI.bitmap.fits"))
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(header.real("USFLUXL"), Some(5.673_359_190_264_156e22));
    assert!(
        header
            .text("LICENSE")
            .is_some_and(|text| text.contains("CC0 1.0") && !text.contains('&'))
    );
}

#[test]
fn stored_values_become_physical_ones_and_blank_becomes_nan() {
    let cards = [
        "BSCALE  = 0.1",
        "BZERO   = 5.0",
        "BLANK   = -32768",
        "GWILL   = nan",
    ];
    let image = read_bytes(&sample::plain(&cards, 3, 2, &[0, 10, -10, i16::MIN, 1, 2])).expect("a good file");
    assert_eq!(image.shape(), (3, 2));
    assert_eq!(image.pixels[..3], [5.0, 6.0, 4.0]); // the first row is the southern one
    assert!(image.pixels[3].is_nan());
}

#[test]
fn compressed_tiles_are_read() {
    let image = read_bytes(&sample::rice(40, 7)).expect("a good file");
    assert_eq!(image.shape(), (40, 7));
    assert_eq!(image.pixels[..3], [-5.0, -4.63, -4.26]);
}

#[test]
fn what_is_no_image_is_named() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let write = |name: &str, bytes: &[u8]| {
        let path = directory.path().join(name);
        fs::write(&path, bytes).expect("a temporary file can be written");
        path
    };
    let whole = sample::plain(&[], 100, 100, &vec![7; 10_000]);
    let no_image = format!(
        "{:80}{:80}{:80}{:2640}",
        "SIMPLE  =                    T",
        "BITPIX  =                    8",
        "NAXIS   =                    0",
        "END"
    );
    let cases = [
        (
            write("empty.fits", b""),
            "is empty; expected a FITS file of at least 2880 bytes",
        ),
        (
            write("text.fits", b"usflux,t_rec\n1e22,2011"),
            "expected it to begin with `SIMPLE  =`, found `usflux,t_rec\\n1e22,20`",
        ),
        (
            write("zipped.fits", b"\x1f\x8b\x08\x00rest"),
            "compressed by gzip",
        ),
        (
            write("header.fits", &whole[..300]),
            "has no END card in the 300 bytes from byte 0",
        ),
        (
            write("data.fits", &whole[..12_000]),
            "is truncated: its header promises 22880 bytes, the file has 12000",
        ),
        (write("table.fits", no_image.as_bytes()), "holds no image"),
        (directory.path().to_owned(), "found the directory"),
        (directory.path().join("none.fits"), "cannot read"),
    ];
    for (path, expected) in cases {
        let message = read_image(&path).expect_err("not an image").to_string();
        assert!(message.contains(expected), "expected `{expected}` in: {message}");
        assert!(message.contains(&path.display().to_string()), "{message}");
    }
}

#[test]
fn cards_that_lie_about_the_data_are_named() {
    let card = |from: &str, to: &str| {
        let text = sample::plain(&["DATASUM = '0'"], 4, 4, &[1; 16]);
        let at = text
            .windows(from.len())
            .position(|window| window == from.as_bytes())
            .expect("the card is there");
        let mut text = text;
        text[at..at + 30].copy_from_slice(format!("{to:30}").as_bytes());
        read_bytes(&text).expect_err("the card lies").to_string()
    };
    let cases = [
        (
            "BITPIX  =",
            "BITPIX  = 17",
            "BITPIX must be one of 8, 16, 32, 64, -32, -64, found 17",
        ),
        (
            "BITPIX  =",
            "BITPIX  = nan",
            "BITPIX must be one of 8, 16, 32, 64, -32, -64, found NaN",
        ),
        (
            "NAXIS   =",
            "NAXIS   = 1",
            "NAXIS must be 2, for an image, found 1",
        ),
        (
            "NAXIS   =",
            "NAXIS   = 12345",
            "NAXIS must be a whole number from 0 to 999, found 12345",
        ),
        (
            "NAXIS1  =",
            "NAXIS1  = -4",
            "NAXIS1 must be a whole number, 0 or more, found -4",
        ),
        (
            "NAXIS2  =",
            "NAXIS2  = 'four'",
            "NAXIS2 must be a whole number, 0 or more, found 'four'",
        ),
        (
            "NAXIS2  =",
            "NAXIS9  = 4",
            "NAXIS2 must be a whole number, 0 or more, found no such card",
        ),
        ("NAXIS2  =", "NAXIS2  = 9223372036854775807", "is truncated"),
    ];
    for (from, to, expected) in cases {
        let message = card(from, to);
        assert!(message.contains(expected), "expected `{expected}` in: {message}");
    }
}

#[test]
fn a_flipped_bit_of_the_data_is_found_by_their_checksum() {
    // 10,000 pixels of 7 are 5,000 words of 0x00070007 = 458,759, and the fill adds nothing.
    let mut file = sample::plain(&["DATASUM = '2293795000'"], 100, 100, &vec![7; 10_000]);
    assert!(read_bytes(&file).is_ok());
    file[5000] ^= 1;
    let error = read_bytes(&file).expect_err("a bit is wrong");
    assert!(
        matches!(
            error,
            FitsError::Checksum {
                expected: 2_293_795_000,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn no_damage_gets_past_an_error() {
    for whole in [
        sample::plain(&["R_VALUE = nan"], 20, 9, &[300; 180]),
        sample::rice(40, 7),
    ] {
        let pixels = read_bytes(&whole).expect("a good file").pixels.len();
        for (at, _) in whole.iter().enumerate() {
            for flip in [0x01, 0x10, 0x80, 0xff] {
                let mut file = whole.clone();
                file[at] ^= flip;
                if let Ok(image) = read_bytes(&file) {
                    assert_eq!(
                        image.pixels.len(),
                        image.width * image.height,
                        "byte {at} ^ {flip:#x}"
                    );
                }
            }
            // The data may lack the fill of their last block, but not a byte of their own.
            if let Ok(image) = read_bytes(&whole[..at]) {
                assert_eq!(image.pixels.len(), pixels, "the first {at} bytes");
            }
        }
    }
}

/// The bytes with other values in the cards that begin so.
fn with_cards(file: &[u8], cards: &[(&str, usize)]) -> Vec<u8> {
    let mut file = file.to_vec();
    for (keyword, value) in cards {
        let card = format!("{keyword:8}=");
        let at = file
            .windows(card.len())
            .position(|window| window == card.as_bytes());
        let at = at.expect("the card is there");
        file[at..at + 30].copy_from_slice(format!("{card} {value:20}").as_bytes());
    }
    file
}

#[test]
fn a_small_file_of_a_large_image_is_refused() {
    let file = with_cards(&sample::rice(40, 7), &[("ZNAXIS1", 8192), ("ZNAXIS2", 8192)]);
    let error = read_bytes(&file).expect_err("64 million pixels of some hundred bytes");
    let expected = "ZNAXIS2 must be no more rows than the compressed data can hold, found 8192";
    assert!(error.to_string().ends_with(expected), "{error}");
}

#[test]
fn tiles_cannot_all_be_the_whole_file() {
    let mut file = sample::rice(40, 7);
    let unit = unit::find_image(&mut Cursor::new(&file), Path::new("memory.fits")).expect("an image");
    let (heap, rows) = (unit.header.integer("PCOUNT"), unit.header.integer("NAXIS2"));
    let heap = heap.and_then(|heap| u32::try_from(heap).ok()).expect("a heap");
    assert_eq!((rows, unit.header.integer("NAXIS1")), (Some(7), Some(8)));
    for row in 0..7 {
        let at = unit.data_start as usize + 8 * row;
        file[at..at + 4].copy_from_slice(&heap.to_be_bytes());
        file[at + 4..at + 8].fill(0);
    }
    let error = read_bytes(&file).expect_err("each row claims all tiles");
    assert!(
        matches!(error, FitsError::Tiles { claimed, .. } if claimed == 7 * u64::from(heap)),
        "{error}"
    );
}
