//! Whether a catalogue is what its manifest says.

use super::snapshot::Snapshot;
use super::{commit, table};

/// What was found of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The table, model or index that it belongs to, by name, such as "table `sharps`"; nothing has left-over files.
    pub what: Option<String>,
    /// Where it lies in the catalogue; nothing for what is said of several files.
    pub file: Option<String>,
    /// Its size in bytes, as the manifest has it.
    pub bytes: u64,
    /// What is wrong, and what to do about it; nothing where it is as it was written.
    pub problem: Option<String>,
}

pub(super) fn check(snapshot: &Snapshot) -> Vec<Finding> {
    let (root, manifest) = (snapshot.root(), snapshot.manifest());
    let mut findings = Vec::new();
    for (name, entry) in &manifest.tables {
        let what = format!("table `{name}`");
        let mut schema = None;
        for part in &entry.parts {
            let whole = part.file.verify(root, || what.clone());
            let problem = whole.and_then(|path| {
                let rows = table::read_rows(name, &path)?;
                let found = table::read_schema(name, &path)?;
                let expected = schema.get_or_insert_with(|| found.clone());
                Ok(if rows != part.rows {
                    Some(format!(
                        "has {rows} rows, expected {}; restore the file",
                        part.rows
                    ))
                } else if *expected != found {
                    Some("has other columns than the file before it; restore the file".to_owned())
                } else {
                    None
                })
            });
            findings.push(Finding {
                what: Some(what.clone()),
                file: Some(part.file.path.clone()),
                bytes: part.file.bytes,
                problem: problem.unwrap_or_else(|error| Some(error.to_string())),
            });
        }
    }
    for (kind, models) in &manifest.models {
        for (name, model) in models {
            let what = format!("{kind} `{name}`");
            for file in [&model.config, &model.weights] {
                let problem = file.verify(root, || what.clone()).err();
                findings.push(Finding {
                    what: Some(what.clone()),
                    file: Some(file.path.clone()),
                    bytes: file.bytes,
                    problem: problem.map(|error| error.to_string()),
                });
            }
        }
    }
    for (name, entry) in &manifest.indexes {
        let what = format!("index `{name}`");
        for file in entry.own_files() {
            let problem = file.verify(root, || what.clone()).err();
            findings.push(Finding {
                what: Some(what.clone()),
                file: Some(file.path.clone()),
                bytes: file.bytes,
                problem: problem.map(|error| error.to_string()),
            });
        }
    }
    let named = manifest.files();
    for file in commit::files(root) {
        if !named.contains(file.as_str()) {
            let bytes = root.join(&file).metadata().map_or(0, |metadata| metadata.len());
            findings.push(Finding {
                what: None,
                file: Some(file),
                bytes,
                problem: None,
            });
        }
    }
    findings
}
