//! A folder of simulated records with damaged files among them: what is whole comes in, what is not is named, and a
//! second import finds nothing to do.

use std::{collections::BTreeMap, error::Error, fs, path::PathBuf};

use helioql::Engine;
use helioql_tests::Bench;
use tempfile::TempDir;

type Outcome = Result<(), Box<dyn Error>>;

const RECORDS: usize = 6;

/// How many lines of an import's report have each outcome.
fn outcomes(report: &[Vec<String>]) -> BTreeMap<&str, usize> {
    let mut outcomes = BTreeMap::new();
    for line in report {
        *outcomes.entry(line[1].as_str()).or_default() += 1;
    }
    outcomes
}

#[test]
fn nothing_whole_is_lost_and_nothing_damaged_comes_in() -> Outcome {
    let home = TempDir::new()?;
    let folder = home.path().join("fits");
    let bench = Bench::over(&Engine::open(home.path().join("sun.helio"))?)?;
    bench.rows(&format!(
        "EXPORT SHARPS TO '{}' AS SELECT * FROM SIMULATE(n => {RECORDS}, seed => 11)",
        folder.display()
    ))?;
    let mut magnetograms: Vec<PathBuf> = fs::read_dir(&folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_, std::io::Error>>()?;
    magnetograms.retain(|path| path.to_string_lossy().ends_with(".magnetogram.fits"));
    magnetograms.sort();
    assert_eq!(magnetograms.len(), RECORDS);
    // The first loses its end, the second a bit within its pixels, the third its beginning, the fourth all.
    let bytes = magnetograms.iter().map(fs::read).collect::<Result<Vec<_>, _>>()?;
    fs::write(&magnetograms[0], &bytes[0][..bytes[0].len() / 2])?;
    let mut flipped = bytes[1].clone();
    let last_block = flipped.len() - 2880;
    flipped[last_block] ^= 1;
    fs::write(&magnetograms[1], flipped)?;
    fs::write(&magnetograms[2], "no image")?;
    fs::write(&magnetograms[3], "")?;

    let import = format!("IMPORT SHARPS FROM '{}/*.fits'", folder.display());
    let report = bench.rows(&import)?;
    // Three files are refused by their header, and their records come in without them; a flipped bit shows only when
    // the pixels are read, and the record is refused as a whole.
    assert_eq!(
        outcomes(&report),
        BTreeMap::from([("imported", RECORDS - 1), ("skipped", 4)])
    );
    for damaged in &magnetograms[..4] {
        let named = damaged.display().to_string();
        let lines = report
            .iter()
            .filter(|line| line[0].contains(&named) || line[4].contains(&named));
        assert_eq!(lines.count(), 1, "{named} in {report:?}");
    }
    // What is whole is what was simulated.
    let differing = bench.value(&format!(
        "SELECT count(*) FROM sharps i JOIN SIMULATE(n => {RECORDS}, seed => 11) s USING (harpnum, t_rec)
         WHERE i.patch_component = 'los' AND (i.usflux <> s.usflux OR i.r_value <> s.r_value OR i.patch <> s.patch)"
    ))?;
    assert_eq!(differing, "0");
    let rows =
        "SELECT harpnum, t_rec, patch_component, usflux, meanshr_pot, r_value FROM sharps ORDER BY 1, 2";
    let before = bench.rows(rows)?;
    assert_eq!(before.len(), RECORDS - 1);
    assert_eq!(
        outcomes(&bench.rows(&import)?),
        BTreeMap::from([("unchanged", RECORDS - 1), ("skipped", 4)])
    );
    assert_eq!(bench.rows(rows)?, before);

    // Once the files are mended, the records are whole.
    for (path, bytes) in magnetograms.iter().zip(&bytes) {
        fs::write(path, bytes)?;
    }
    assert_eq!(
        outcomes(&bench.rows(&import)?),
        BTreeMap::from([("imported", 1), ("replaced", 3), ("unchanged", RECORDS - 4)])
    );
    Ok(())
}
