//! Readers that are at work: who reads a commit holds a shared lock on the file `readers/<generation>`, which is free
//! again whenever its holder ends, in whatever way. Files that a later commit left out are deleted once no reader of
//! an earlier one is left.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// Their folder.
pub(super) const FOLDER: &str = "readers";

/// A reader's hold on a commit, until it is dropped.
#[derive(Debug)]
pub(super) struct Hold {
    _file: File,
}

/// Holds the commit `generation`.
pub(super) fn hold(root: &Path, generation: u64) -> io::Result<Hold> {
    let folder = root.join(FOLDER);
    fs::create_dir_all(&folder)?;
    let path = folder.join(generation.to_string());
    loop {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)?;
        file.lock_shared()?;
        // A writer may have deleted it between the two, and then looks at another file of this name.
        if is_at(&file, &path)? {
            return Ok(Hold { _file: file });
        }
    }
}

/// The earliest commit that is read. Files of readers that have ended are deleted on the way.
pub(super) fn earliest(root: &Path) -> Option<u64> {
    let entries = fs::read_dir(root.join(FOLDER)).ok()?;
    let held = entries.filter_map(Result::ok).filter_map(|entry| {
        let generation: u64 = entry.file_name().to_str()?.parse().ok()?;
        is_held(&entry.path()).then_some(generation)
    });
    held.min()
}

fn is_held(path: &PathBuf) -> bool {
    let Ok(file) = OpenOptions::new().write(true).open(path) else {
        // What cannot be looked at may be held.
        return path.exists();
    };
    if file.try_lock().is_err() {
        return true;
    }
    // Under the lock, so that a reader that has just opened it sees that it is gone. If it stays, it does no harm.
    let _ = fs::remove_file(path);
    false
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let ours = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (ours.dev(), ours.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Elsewhere a file that is open cannot be deleted.
#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> io::Result<bool> {
    path.try_exists()
}
