//! The writer's lock: the file `lock`, held by the operating system's advisory lock, so that it is free
//! again whenever its holder ends, in whatever way.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use super::file::io;
use crate::error::StoreError;

/// The lock file's name.
pub(super) const FILE: &str = "lock";

/// The right to write, until it is dropped.
#[derive(Debug)]
pub(super) struct WriterLock {
    _file: File,
}

/// Takes the lock, or says who has it.
pub(super) fn acquire(root: &Path) -> Result<WriterLock, StoreError> {
    let path = root.join(FILE);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|source| io("open", &path, source))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(StoreError::Locked {
                path: root.to_owned(),
                holder: holder(&mut file),
            });
        }
        Err(TryLockError::Error(source)) => return Err(io("lock", &path, source)),
    }
    // Only a hint for whoever comes next; the lock holds without it.
    let _ = file
        .set_len(0)
        .and_then(|()| write!(file, "{}", std::process::id()));
    Ok(WriterLock { _file: file })
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file
        .rewind()
        .and_then(|()| file.take(32).read_to_string(&mut text));
    match (read, text.trim().parse::<u32>()) {
        (Ok(_), Ok(id)) if id == std::process::id() => "another statement of this process".to_owned(),
        (Ok(_), Ok(id)) => format!("process {id}"),
        _ => "another process".to_owned(),
    }
}
