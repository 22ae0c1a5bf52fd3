//! Real observations against the values that JSOC and the reference implementation give for them.
//!
//! Without the observations every test here says that it was skipped.

use std::{collections::BTreeMap, error::Error, fs, path::Path, sync::OnceLock};

use helioql::{
    Engine,
    patch::{Grid, Patch},
    physics,
};
use helioql_catalog::{read_header, read_image};
use helioql_tests::{Bench, observations};
use tempfile::TempDir;

type Outcome = Result<(), Box<dyn Error>>;

/// USFLUX is a sum of 45,703 to 100,000 values of float32 times one area; headers print eight digits of it.
const USFLUX_RTOL: f64 = 2e-7;

/// The records in `fits`: HARP 377 once, six of 2025, HARPs 2875 and 6060 at three times each.
const RECORDS: usize = 13;
/// Those of 2025, which have Br and both masks.
const WITH_MASKS: [i64; 6] = [13171, 13561, 13641, 13773, 13777, 13845];

/// All of `fits` imported into a catalogue on disk, once for all tests; `None` without observations.
fn imported() -> Option<&'static Bench> {
    static IMPORTED: OnceLock<Option<(TempDir, Bench)>> = OnceLock::new();
    let imported = IMPORTED.get_or_init(|| {
        let folder = observations::folder("fits", "golden keywords")?;
        let home = TempDir::new().expect("a temporary folder");
        let engine = Engine::open(home.path().join("sun.helio")).expect("an empty catalogue");
        let bench = Bench::over(&engine).expect("a session");
        import(&bench, &format!("{}/*.fits", folder.display())).expect("whole records");
        Some((home, bench))
    });
    imported.as_ref().map(|(_, bench)| bench)
}

/// Runs an import; returns how many lines of the report have each outcome.
fn import(bench: &Bench, pattern: &str) -> Result<BTreeMap<String, usize>, helioql::Error> {
    let report = bench.rows(&format!("IMPORT SHARPS FROM '{pattern}'"))?;
    let mut outcomes = BTreeMap::new();
    for mut line in report {
        *outcomes.entry(line.swap_remove(1)).or_default() += 1;
    }
    Ok(outcomes)
}

fn number(bench: &Bench, sql: &str) -> Result<f64, Box<dyn Error>> {
    Ok(bench.value(sql)?.parse()?)
}

#[test]
fn every_record_is_imported() -> Outcome {
    let Some(bench) = imported() else { return Ok(()) };
    assert_eq!(bench.value("SELECT count(*) FROM sharps")?, RECORDS.to_string());
    assert_eq!(
        bench.value("SELECT count(*) FROM sharps WHERE patch IS NULL OR embedding IS NULL")?,
        "0"
    );
    assert_eq!(
        bench.value("SELECT count(DISTINCT source) FROM sharps WHERE source = 'jsoc'")?,
        "1"
    );
    Ok(())
}

#[test]
fn usflux_and_cmask_of_2025_equal_their_headers() -> Outcome {
    let Some(bench) = imported() else { return Ok(()) };
    for harpnum in WITH_MASKS {
        let path = bench.value(&format!("SELECT path FROM sharps WHERE harpnum = {harpnum}"))?;
        let header = read_header(Path::new(&path))?;
        let cards = (header.real("USFLUX"), header.real("CMASK"));
        let (Some(usflux), Some(cmask)) = cards else {
            return Err(format!("{path}: {cards:?}").into());
        };
        let computed = number(
            bench,
            &format!("SELECT usflux FROM sharps WHERE harpnum = {harpnum}"),
        )?;
        assert!(
            (computed / usflux - 1.0).abs() < USFLUX_RTOL,
            "HARP {harpnum}: {computed} Mx, header {usflux} Mx"
        );
        let computed = number(
            bench,
            &format!("SELECT cmask FROM sharps WHERE harpnum = {harpnum}"),
        )?;
        // Counts of pixels are whole, so they are compared as such.
        assert_eq!(computed as i64, cmask as i64, "HARP {harpnum}");
    }
    Ok(())
}

#[test]
fn harp_377_equals_the_reference_implementation() -> Outcome {
    // golden/harp377_20110215_020000.json, from mbobra/SHARPs' calculate_sharpkeys.py.
    const USFLUX_MX: f64 = 2.714_759_937_2e22;
    const MASK_PIXELS: &str = "45703.0";
    let Some(bench) = imported() else { return Ok(()) };
    let usflux = number(bench, "SELECT usflux FROM sharps WHERE harpnum = 377")?;
    assert!(
        (usflux / USFLUX_MX - 1.0).abs() < USFLUX_RTOL,
        "{usflux} Mx, expected {USFLUX_MX} Mx"
    );
    assert_eq!(
        bench.value("SELECT cmask FROM sharps WHERE harpnum = 377")?,
        MASK_PIXELS
    );
    // TAI was 34 s ahead of UTC; this old file has `nan` for R_VALUE, which is no value.
    let row = &bench.rows("SELECT t_rec, t_rec_tai, noaa_ar, r_value FROM sharps WHERE harpnum = 377")?[0];
    assert_eq!(
        row[..],
        ["2011-02-15T01:59:26", "2011.02.15_02:00:00_TAI", "11158", "NULL"]
    );
    Ok(())
}

#[test]
fn a_record_is_nearest_to_itself() -> Outcome {
    let Some(bench) = imported() else { return Ok(()) };
    let sql =
        "SELECT harpnum, _distance FROM NEAREST((SELECT patch FROM sharps WHERE harpnum = 377), k => 3)";
    let rows = bench.rows(sql)?;
    assert_eq!((rows.len(), rows[0][0].as_str()), (3, "377"));
    // The stored embedding and the one made for the query are of one patch by one encoder.
    assert!(rows[0][1].parse::<f64>()? < 1e-5, "{rows:?}");
    assert!(rows[1][1].parse::<f64>()? > 1e-3, "{rows:?}");
    Ok(())
}

#[test]
fn importing_again_replaces() -> Outcome {
    let Some(folder) = observations::folder("fits", "importing again") else {
        return Ok(());
    };
    let home = TempDir::new()?;
    let engine = Engine::open(home.path().join("sun.helio"))?;
    let bench = Bench::over(&engine)?;
    let pattern = format!("{}/*.6060.*.fits", folder.display());
    assert_eq!(
        import(&bench, &pattern)?,
        BTreeMap::from([("imported".to_owned(), 3)])
    );
    let before = bench.rows("SELECT t_rec, usflux, patch FROM sharps ORDER BY t_rec")?;
    assert_eq!(
        import(&bench, &pattern)?,
        BTreeMap::from([("replaced".to_owned(), 3)])
    );
    assert_eq!(
        bench.rows("SELECT t_rec, usflux, patch FROM sharps ORDER BY t_rec")?,
        before
    );
    // Another process finds what this one has committed.
    let other = Bench::over(&Engine::open(home.path().join("sun.helio"))?)?;
    assert_eq!(
        other.rows("SELECT t_rec, usflux, patch FROM sharps ORDER BY t_rec")?,
        before
    );
    Ok(())
}

#[test]
fn bad_files_are_named_and_do_not_stop_the_others() -> Outcome {
    let Some(folder) = observations::folder("fits", "bad files") else {
        return Ok(());
    };
    let home = TempDir::new()?;
    let engine = Engine::open(home.path().join("sun.helio"))?;
    let bench = Bench::over(&engine)?;
    import(&bench, &format!("{}/*.6060.*.fits", folder.display()))?;

    let bad = home.path().join("delivery");
    fs::create_dir(&bad)?;
    let good = "hmi.sharp_cea_720s.13171.20250504_150000_TAI";
    for segment in ["Br", "bitmap", "conf_disambig", "magnetogram"] {
        let name = format!("{good}.{segment}.fits");
        fs::copy(folder.join(&name), bad.join(&name))?;
    }
    let truncated = "hmi.sharp_cea_720s.13561.20250727_150000_TAI.Br.fits";
    let bytes = fs::read(folder.join(truncated))?;
    fs::write(bad.join(truncated), &bytes[..bytes.len() / 2])?;
    fs::write(bad.join("notes.fits"), "not an image, whatever its name says\n")?;
    fs::write(bad.join("empty.fits"), "")?;

    let report = bench.rows(&format!("IMPORT SHARPS FROM '{}/*.fits'", bad.display()))?;
    let line = |part: &str| {
        report
            .iter()
            .find(|line| line[0].contains(part) || line[4].contains(part))
    };
    for part in [truncated, "notes.fits", "empty.fits"] {
        let line = line(part).unwrap_or_else(|| panic!("{part} is not in {report:?}"));
        assert_eq!(line[1], "skipped", "{line:?}");
        assert!(line[4].len() > 20, "no reason in {line:?}");
    }
    assert_eq!(
        line("[13171]").map(|line| line[1].as_str()),
        Some("imported"),
        "{report:?}"
    );
    // What was there is still there, beside the one good record.
    assert_eq!(bench.value("SELECT count(*) FROM sharps")?, "4");
    Ok(())
}

#[test]
fn a_folder_of_bad_files_changes_nothing() -> Outcome {
    let home = TempDir::new()?;
    let bench = Bench::over(&Engine::open(home.path().join("sun.helio"))?)?;
    fs::write(home.path().join("notes.fits"), "no image")?;
    let refused = import(&bench, &format!("{}/*.fits", home.path().display()));
    let message = refused.err().map(|error| error.to_string());
    assert_eq!(message.as_deref(), Some("no record was imported, 1 skipped"));
    assert_eq!(bench.value("SELECT count(*) FROM sharps")?, "0");
    Ok(())
}

#[test]
fn real_patches_are_searched_by_plain_sql() -> Outcome {
    let Some(folder) = observations::folder("patches", "patches by plain SQL") else {
        return Ok(());
    };
    let bench = Bench::empty()?;
    let table = folder.join("hmi_los_patches_128.parquet");
    bench.rows(&format!(
        "CREATE VIEW observed AS
         SELECT noaa_ar, t_obs,
                TO_PATCH(dn, height => 128, width => 128, cell_mm => 1.54Mm, scale => 2, zero => 127.5) AS patch
         FROM '{}' WHERE NOT off_limb AND noaa_ar < 11660",
        table.display()
    ))?;
    let known = bench.value("SELECT count(*) FROM observed")?.parse::<usize>()?;
    assert!(known > 10, "{known} patches");
    let nearest = bench.rows(
        "SELECT noaa_ar, _rank, USFLUX(patch) > 0 FROM NEAREST(GENERATE(seed => 7), k => 9, within => observed)",
    )?;
    assert_eq!(nearest.len(), 9);
    assert!(nearest.iter().all(|row| row[2] == "true"), "{nearest:?}");
    Ok(())
}

#[test]
fn keyword_records_are_queried_by_plain_sql() -> Outcome {
    let Some(folder) = observations::folder("keywords", "keyword records") else {
        return Ok(());
    };
    let home = TempDir::new()?;
    let bench = Bench::empty()?;
    let source = folder.join("sharp_keywords.parquet");
    bench.rows(&format!(
        "CREATE VIEW keywords AS SELECT * FROM '{}'",
        source.display()
    ))?;
    assert_eq!(bench.value("SELECT count(*) FROM keywords")?, "216580");
    let copy = home.path().join("copy.parquet");
    assert_eq!(
        bench.value(&format!("COPY (SELECT * FROM keywords) TO '{}'", copy.display()))?,
        "216580"
    );
    let sum = |table: &str| {
        bench.rows(&format!(
            "SELECT count(*), count(\"USFLUX\"), min(\"USFLUX\"), max(\"USFLUX\") FROM {table}"
        ))
    };
    assert_eq!(sum(&format!("'{}'", copy.display()))?, sum("keywords")?);
    Ok(())
}

/// HARP 377 as the paper's formulas see it: squashed as here, and as an image library with another filter did once.
#[test]
fn quantities_of_the_paper_are_those_of_its_formulas() -> Outcome {
    let Some(folder) = observations::folder("fits", "quantities of the paper") else {
        return Ok(());
    };
    let image = read_image(folder.join("hmi.sharp_cea_720s.377.20110215_020000_TAI.Br.fits"))?;
    let (width, height) = image.shape();
    // A FITS image begins in the south.
    let rows = image.pixels.chunks_exact(width).rev().flatten().copied();
    let cell_mm = 0.3644;
    let grid = Grid {
        height,
        width,
        cell_mm,
    };
    let found = physics::paper::measure(&Patch::new(grid, rows.collect())?);
    for (name, squashed, other_filter, other_rtol) in PAPER {
        let found = found.get(name).ok_or(name)?;
        let near = |expected: f64, rtol: f64| (found - expected).abs() <= rtol * expected.abs();
        assert!(near(squashed, PAPER_RTOL), "{name}: {found}, expected {squashed}");
        assert!(
            near(other_filter, other_rtol),
            "{name}: {found}, expected about {other_filter}"
        );
    }
    Ok(())
}

/// The reference was squashed by torch 2.5.1 (bilinear, anti-aliasing) and is written with six digits.
const PAPER_RTOL: f64 = 1e-5;

/// Name, value with this filter, value with a Gaussian filter before the same steps (scikit-image), and how much that
/// may change it: the paper's R is a sum over the few pixels where polarities touch, which a filter moves most.
const PAPER: [(&str, f64, f64, f64); 9] = [
    ("paper_tuf", 0.074_716_8, 0.0749, 0.01),
    ("paper_tpf", 0.073_735_5, 0.0741, 0.01),
    ("paper_tnf", 0.075_788_9, 0.0758, 0.01),
    ("paper_psep", 0.162_626, 0.163, 0.01),
    ("paper_tilt", -0.542_005, -0.545, 0.01),
    ("paper_eflux", 11.8735, 11.8, 0.01),
    ("paper_area", 0.111_755, 0.111, 0.01),
    ("paper_lp", 25.2193, 25.2, 0.01),
    ("paper_r", 228.406, 243.8, 0.07),
];
