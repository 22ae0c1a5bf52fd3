//! Images as the observer sees the Sun: where their pixels lie, and what becomes of them on the way to a patch.

use std::{error::Error, fs, path::Path};

use helioql::physics::reproject::{EqualArea, equal_area};
use helioql_catalog::{Header, Helioprojective, SharpId, read_image};
use helioql_tests::{Bench, observations};
use tempfile::TempDir;

type Outcome = Result<(), Box<dyn Error>>;

/// A full-disk image of HMI, which stands on its head.
const DISK: &str = "CTYPE1  = 'HPLN-TAN'\nCTYPE2  = 'HPLT-TAN'\nCUNIT1  = 'arcsec'\nCUNIT2  = 'arcsec'\n\
    CRPIX1  = 2040.8\nCRPIX2  = 2046.3\nCRVAL1  = 0.0\nCRVAL2  = 0.0\nCDELT1  = 0.504365\nCDELT2  = 0.504365\n\
    CROTA2  = 179.9286\nDSUN_OBS= 147746220503.41\nRSUN_REF= 696000000.0\nCRLN_OBS= 21.73\nCRLT_OBS= -6.83";

fn disk(cards: &str) -> Result<Helioprojective, Box<dyn Error>> {
    let t_rec = "2011.02.15_02:00:00_TAI".parse()?;
    Ok(Helioprojective::from_header(
        SharpId { harpnum: 377, t_rec },
        &Header::from_lines(cards),
    )?)
}

#[test]
fn places_and_pixels_are_those_of_sunpy() -> Outcome {
    // Computed by sunpy 7.0.5 with astropy 8.0.2 for a map with these cards.
    let pixels = [
        ([0.0, 0.0], [2_040.086_849_208_368, 1_815.114_558_983_52]),
        ([15.13, -19.49], [1_563.119_251_186_893, 2_476.336_451_976_422_3]),
        ([-62.5, 33.2], [3_473.263_502_917_392, 909.452_368_301_031_4]),
        ([70.0, -8.0], [243.864_618_322_058_73, 2_231.995_590_893_732]),
    ];
    let places = [
        (
            [2040.0, 2046.0],
            [-0.005_988_671_322_938_899, -6.850_712_912_081_387],
        ),
        ([1500.0, 1200.0], [17.242_052_682_871_968, 19.382_195_790_085_007]),
        (
            [3500.0, 2600.0],
            [-53.960_021_023_499_51, -20.740_508_319_187_757],
        ),
    ];
    let disk = disk(DISK)?;
    // Both compute in double precision.
    let near = |found: Option<[f64; 2]>, expected: [f64; 2]| {
        found.is_some_and(|found| (0..2).all(|axis| (found[axis] - expected[axis]).abs() < 1e-7))
    };
    for (place, pixel) in pixels {
        assert!(
            near(disk.pixel_of(place), pixel),
            "{place:?}: {:?}",
            disk.pixel_of(place)
        );
    }
    for (pixel, place) in places {
        assert!(
            near(disk.place_of(pixel), place),
            "{pixel:?}: {:?}",
            disk.place_of(pixel)
        );
    }
    Ok(())
}

#[test]
fn a_spot_near_the_limb_keeps_its_place_and_its_flux() -> Outcome {
    let disk = disk(DISK)?;
    let centre = [55.0_f64, 20.0];
    // A Gaussian of 1.5 degrees' width on the sphere.
    let spot = |[longitude, latitude]: [f64; 2]| {
        let east = (longitude - centre[0]) * latitude.to_radians().cos();
        1000.0 * (-(east * east + (latitude - centre[1]).powi(2)) / (2.0 * 1.5 * 1.5)).exp()
    };
    let image: Vec<f32> = (0..4096 * 4096)
        .map(|pixel| {
            let place = disk.place_of([f64::from(pixel % 4096), f64::from(pixel / 4096)]);
            place.map_or(f32::NAN, |place| spot(place) as f32)
        })
        .collect();
    let grid = EqualArea::new(centre, 0.03, [401, 401])?;
    let found = equal_area(&image, (4096, 4096), &grid, |place| disk.pixel_of(place))?;
    let mut worst = 0.0_f64;
    for (index, &b) in found.iter().enumerate() {
        let place = grid.place_of(index % 401, index / 401).ok_or("on the sphere")?;
        worst = worst.max((f64::from(b) - spot(place)).abs());
    }
    // Up to 63° from the middle of the disk pixels are 0.066° by 0.03°. Between them a straight line misses the
    // curve of the spot by at most h²/8 · 1000/1.5² G along each axis.
    let bound = (0.066_f64.powi(2) + 0.03_f64.powi(2)) / 8.0 * 1000.0 / (1.5 * 1.5);
    assert!(worst < bound, "{worst} G, expected at most {bound} G");
    // Its flux: 2π σ² times the peak, in square degrees, less the corners beyond 4 σ.
    let sum: f64 = found.iter().map(|&b| f64::from(b)).sum::<f64>() * 0.03 * 0.03;
    let expected = std::f64::consts::TAU * 1.5 * 1.5 * 1000.0;
    assert!((sum / expected - 1.0).abs() < 2e-3, "{sum}, expected {expected}");
    Ok(())
}

/// A file with one image of 32-bit floats.
fn write_fits(path: &Path, cards: &str, (width, height): (usize, usize), pixels: &[f32]) -> Outcome {
    let axes = format!(
        "SIMPLE  = T\nBITPIX  = -32\nNAXIS   = 2\nNAXIS1  = {width}\nNAXIS2  = {height}\n{cards}\nEND"
    );
    let mut bytes: Vec<u8> = axes
        .lines()
        .flat_map(|card| {
            // The value of a card that is no text ends at column 30.
            let card = match card.split_once("= ") {
                Some((name, value)) if !value.starts_with('\'') => format!("{name:8}= {value:>20}"),
                _ => card.to_owned(),
            };
            format!("{card:80}").into_bytes()
        })
        .collect();
    bytes.resize(bytes.len().next_multiple_of(2880), b' ');
    bytes.extend(pixels.iter().flat_map(|b| b.to_be_bytes()));
    bytes.resize(bytes.len().next_multiple_of(2880), 0);
    Ok(fs::write(path, bytes)?)
}

#[test]
fn a_cut_out_of_the_disk_becomes_the_patch_of_the_mapped_record() -> Outcome {
    let Some(folder) = observations::folder("fits", "a cut-out of the disk") else {
        return Ok(());
    };
    let mapped = folder.join("hmi.sharp_cea_720s.377.20110215_020000_TAI.magnetogram.fits");
    let image = read_image(&mapped)?;
    let real = |card: &str| image.header.real(card).ok_or(format!("no {card}"));
    let (width, height) = image.shape();
    let centre = [real("CRVAL1")? - real("CRLN_OBS")?, real("CRVAL2")?];
    let mapped_grid = EqualArea::new(centre, real("CDELT1")?, [width, height])?;
    // The disk as it would be seen if it had this region alone: each of its pixels is looked up in the record.
    let disk = disk(DISK)?;
    let [column, row] = disk.pixel_of(centre).ok_or("on the near side")?;
    let (first_column, first_row) = (column as usize - 500, row as usize - 300);
    let (cut_width, cut_height) = (1000, 600);
    let seen: Vec<f32> = (0..cut_width * cut_height)
        .map(|pixel| {
            let at = [
                (first_column + pixel % cut_width) as f64,
                (first_row + pixel / cut_width) as f64,
            ];
            let place = disk.place_of(at)?;
            let [x, y] = mapped_grid.pixel_of(place)?;
            let inside = x >= 0.0 && y >= 0.0 && x <= width as f64 - 1.0 && y <= height as f64 - 1.0;
            inside.then(|| image.pixels[y.round() as usize * width + x.round() as usize])
        })
        .map(|b| b.unwrap_or(f32::NAN))
        .collect();
    let home = TempDir::new()?;
    let cards = DISK
        .replace("2040.8", &format!("{:.1}", 2040.8 - first_column as f64))
        .replace("2046.3", &format!("{:.1}", 2046.3 - first_row as f64));
    let name = "hmi.M_720s.20110215_020000_TAI.1.magnetogram.fits";
    let file = home.path().join(name);
    write_fits(
        &file,
        &format!("T_REC   = '2011.02.15_02:00:00_TAI'\n{cards}"),
        (cut_width, cut_height),
        &seen,
    )?;
    let bench = Bench::empty()?;
    let refused = bench.rows(&format!("IMPORT SHARPS FROM '{}'", file.display()));
    let refused = refused.err().ok_or("a file without a number is no record")?;
    let notes = refused.diagnostic().notes;
    assert!(notes[0].contains("(or `WITH (harpnum = …)`)"), "{notes:?}");
    let patch_of = |from: &str, with: &str| -> Result<Vec<String>, Box<dyn Error>> {
        bench.rows(&format!("IMPORT SHARPS FROM '{from}' {with}"))?;
        let sql = "SELECT USFLUX(patch), PSEP(patch), TILT(patch), R_VALUE(patch) FROM sharps";
        Ok(bench.rows(sql)?.swap_remove(0))
    };
    let of_record = patch_of(&mapped.display().to_string(), "")?;
    for with in [
        "WITH (harpnum = 377)",
        "WITH (harpnum = 377, lon_fwt = 13.15deg, lat_fwt = -20.2deg)",
    ] {
        let of_disk = patch_of(&file.display().to_string(), with)?;
        for (quantity, (disk, record)) in of_disk.iter().zip(&of_record).enumerate() {
            let (disk, record): (f64, f64) = (disk.parse()?, record.parse()?);
            // Taking the nearest pixel and going between pixels blurs the field by half a pixel each way, which
            // costs flux where polarities touch.
            assert!(
                (disk / record - 1.0).abs() < 0.03,
                "{with}, quantity {quantity}: {disk} and {record}"
            );
        }
    }
    Ok(())
}

/// A mapped record of `width` × `height` pixels with one spot of each polarity, side by side.
fn bipole(width: usize, height: usize) -> Vec<f32> {
    let (middle_x, middle_y) = (width as f32 / 2.0, height as f32 / 2.0);
    (0..width * height)
        .map(|pixel| {
            let (x, y) = (
                (pixel % width) as f32 - middle_x,
                (pixel / width) as f32 - middle_y,
            );
            let spot = |at: f32| 1500.0 * (-((x - at).powi(2) + y * y) / 40.0).exp();
            spot(12.0) - spot(-12.0)
        })
        .collect()
}

const SMARP: &str = "TARPNUM = 13520\nT_REC   = '2010.09.24_00:00:00_TAI'\nCTYPE1  = 'CRLN-CEA'\nCTYPE2  = 'CRLT-CEA'\n\
    CRPIX1  = 50.5\nCRPIX2  = 30.5\nCRVAL1  = 100.0\nCRVAL2  = 10.0\nCDELT1  = 0.12\nCDELT2  = 0.12\n\
    CRLN_OBS= 90.0\nRSUN_REF= 696000000.0\nRSUN_OBS= 970.0\nDSUN_OBS= 149000000000.0\nR_VALUE = 3.25\nNOAA_AR = 11109";

#[test]
fn a_region_of_smarp_keeps_its_headers_keywords() -> Outcome {
    let home = TempDir::new()?;
    let file = home
        .path()
        .join("mdi.smarp_cea_96m.13520.20100924_000000_TAI.magnetogram.fits");
    write_fits(&file, SMARP, (100, 60), &bipole(100, 60))?;
    let bench = Bench::empty()?;
    bench.rows(&format!("IMPORT SHARPS FROM '{}'", file.display()))?;
    let sql = "SELECT harpnum, source, r_value, usfluxl, patch_component, PSEP(patch) FROM sharps";
    let row = bench.rows(sql)?.swap_remove(0);
    // Its pixels are 0.12° or 1.458 Mm; MDI's masks are not HMI's, so nothing is computed.
    assert_eq!(row[..5], ["13520", "smarp", "3.25", "NULL", "los"]);
    let separation = row[5].parse::<f64>()?;
    assert!((separation - 24.0 * 1.458).abs() < 0.5, "{separation} Mm");
    Ok(())
}

#[test]
fn headers_alone_are_enough_for_keywords() -> Outcome {
    let home = TempDir::new()?;
    let name = "hmi.sharp_cea_720s.13520.20100924_000000_TAI.magnetogram.fits";
    let cards = SMARP.replace("TARPNUM", "HARPNUM");
    write_fits(&home.path().join(name), &cards, (100, 60), &bipole(100, 60))?;
    let bench = Bench::empty()?;
    let import = format!("IMPORT SHARPS FROM '{}/*.fits'", home.path().display());
    let report = bench
        .rows(&format!("{import} WITH (patches = false)"))?
        .swap_remove(0);
    assert_eq!(report[4], "only headers were read: no patch");
    let sql = "SELECT harpnum, noaa_ar, r_value, patch IS NULL, embedding IS NULL FROM sharps";
    assert_eq!(
        bench.rows(sql)?[0][..],
        ["13520", "11109", "3.25", "true", "true"]
    );
    // Once its pixels are read, R_VALUE is computed from them.
    assert_eq!(bench.rows(&import)?[0][1], "replaced");
    let row = bench.rows(sql)?.swap_remove(0);
    assert_eq!((row[3].as_str(), row[4].as_str()), ("false", "false"));
    assert!((row[2].parse::<f64>()? - 3.25).abs() > 0.01, "{row:?}");
    Ok(())
}
