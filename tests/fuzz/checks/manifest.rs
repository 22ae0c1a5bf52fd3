//! What must hold for any bytes that stand where the manifest of a catalogue should: no panic, and a catalogue that
//! opens can be listed, checked and written.

use std::{fs, path::Path};

use helioql_catalog::{Catalogue, ModelKind};

/// Puts the bytes into a catalogue and does with it all that does not depend on its files.
///
/// # Panics
/// When something that must hold does not.
pub(crate) fn check(bytes: &[u8]) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let root = directory.path();
    let manifest = root.join("manifest.json");
    fs::write(&manifest, bytes).expect("a temporary file");
    match Catalogue::open(root) {
        Ok(_) => used(root),
        Err(error) => {
            let message = error.to_string();
            assert!(message.contains("manifest.json"), "{message}");
            // A checksum would keep everything behind it out of reach, but the error says which it should be.
            if let Some(mended) = mended(bytes, &message) {
                fs::write(&manifest, mended).expect("a temporary file");
                if Catalogue::open(root).is_ok() {
                    used(root);
                }
            }
        }
    }
}

/// The manifest with the checksum of its content.
fn mended(bytes: &[u8], message: &str) -> Option<Vec<u8>> {
    let (_, found) = message.split_once("its content has the checksum ")?;
    let mut manifest: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    // A text may read as that message does.
    manifest
        .as_object_mut()?
        .insert("xxh3".to_owned(), found.get(..16)?.into());
    serde_json::to_vec(&manifest).ok()
}

fn used(root: &Path) {
    let catalogue = Catalogue::open(root).expect("it was opened before");
    for table in catalogue.tables() {
        assert_eq!(catalogue.table(&table.name).as_ref(), Some(&table));
        // None of its files is there.
        assert!(table.paths.is_empty() || catalogue.verify_table(&table.name).is_err());
        assert!(table.schema().is_err());
        for path in &table.paths {
            assert!(path.starts_with(root.join("tables")), "{}", path.display());
        }
    }
    for kind in ModelKind::ALL {
        for model in catalogue.models(kind) {
            assert!(catalogue.model(kind, &model.name).is_some());
            assert!(catalogue.read_model(kind, &model.name).is_err());
        }
    }
    catalogue.check().expect("a catalogue that opens can be checked");
    catalogue.remove_unused().expect("nothing is in the way");
    let before = catalogue.generation();
    if before == u64::MAX {
        assert!(catalogue.begin().is_err());
        return;
    }
    let mut change = catalogue.begin().expect("nobody else writes");
    change
        .put_model(ModelKind::Encoder, "new", &serde_json::Value::Null, b"weights")
        .expect("a catalogue that opens takes a model");
    change.commit().expect("a catalogue that opens can be written");
    let again = Catalogue::open(root).expect("a catalogue that was written opens");
    assert_eq!(again.generation(), before + 1);
    assert_eq!(again.tables(), catalogue.tables());
}
