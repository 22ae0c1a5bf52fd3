//! The files that the fuzzer has kept (`tests/fuzz`): each once reached code that no other reached, or failed.

use std::{error::Error, fs, path::Path};

#[path = "../../tests/fuzz/checks/fits.rs"]
mod fits;
#[path = "../../tests/fuzz/checks/manifest.rs"]
mod manifest;

fn play(target: &str, check: impl Fn(&[u8])) -> Result<(), Box<dyn Error>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/fuzz/corpus")
        .join(target);
    let mut files = 0;
    for entry in fs::read_dir(&corpus)? {
        check(&fs::read(entry?.path())?);
        files += 1;
    }
    assert!(files > 0, "{} is empty", corpus.display());
    Ok(())
}

#[test]
fn kept_fits_files_hold() -> Result<(), Box<dyn Error>> {
    play("fits", fits::check)
}

#[test]
fn kept_manifests_hold() -> Result<(), Box<dyn Error>> {
    play("manifest", manifest::check)
}
