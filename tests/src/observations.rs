//! Real observations, which are no part of the repository: `$HELIOQL_SHARED`, or `../shared` beside it.
//!
//! A test that needs them asks [`folder`] and returns where there are none, having said so.

use std::{io::Write, path::PathBuf};

/// The folder `name` of the observations, such as `fits`; `None`, and a line that says that `test` was
/// skipped, where it is not there.
pub fn folder(name: &str, test: &str) -> Option<PathBuf> {
    let found = find(name);
    if found.is_none() {
        say(&format!(
            "skipped: {test}: no folder `{}`",
            root().join("data").join(name).display()
        ));
    }
    found
}

/// The folder `name` of the observations, if it is there.
pub fn find(name: &str) -> Option<PathBuf> {
    // Relative paths would mean another place to each process that is started with another directory.
    root()
        .join("data")
        .join(name)
        .canonicalize()
        .ok()
        .filter(|path| path.is_dir())
}

/// Tells whoever runs the tests: past the harness, which keeps what a passing test prints to itself.
fn say(text: &str) {
    // Nothing is left to be done where even that cannot be written.
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn root() -> PathBuf {
    match std::env::var_os("HELIOQL_SHARED") {
        Some(path) => path.into(),
        None => concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared").into(),
    }
}
