//! The texts that the fuzzer has kept (`tests/fuzz`): each once reached code that no other reached, or failed.

use std::{error::Error, fs, path::Path};

#[path = "../../tests/fuzz/checks/parse.rs"]
mod parse;
#[path = "../../tests/fuzz/checks/record_set.rs"]
mod record_set;

fn play(target: &str, check: impl Fn(&str)) -> Result<(), Box<dyn Error>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/fuzz/corpus")
        .join(target);
    let mut texts = 0;
    for entry in fs::read_dir(&corpus)? {
        let bytes = fs::read(entry?.path())?;
        if let Ok(text) = std::str::from_utf8(&bytes) {
            check(text);
            texts += 1;
        }
    }
    assert!(texts > 0, "{} is empty", corpus.display());
    Ok(())
}

#[test]
fn kept_statements_hold() -> Result<(), Box<dyn Error>> {
    play("parse", parse::check)
}

#[test]
fn kept_record_sets_hold() -> Result<(), Box<dyn Error>> {
    play("record_set", record_set::check)
}
