//! The texts that the fuzzer has kept (`tests/fuzz`): each once reached code that no other reached, or failed.

use std::{error::Error, fs, path::Path};

#[path = "../../tests/fuzz/check.rs"]
mod check;

#[test]
fn the_kept_corpus_holds() -> Result<(), Box<dyn Error>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus/parse");
    let mut texts = 0;
    for entry in fs::read_dir(&corpus)? {
        let bytes = fs::read(entry?.path())?;
        if let Ok(text) = std::str::from_utf8(&bytes) {
            check::check(text);
            texts += 1;
        }
    }
    assert!(texts > 0, "{} is empty", corpus.display());
    Ok(())
}
