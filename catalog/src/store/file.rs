//! One file of the catalogue: written once, synced, and described by its size and checksum.
//!
//! The checksum is XXH3 (64 bit). It guards against damage, not against malice: whoever can change a file
//! can change the manifest.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3Default;

use crate::error::StoreError;

/// What the manifest says of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileEntry {
    /// Where it lies, relative to the catalogue, with `/` on every system.
    pub(super) path: String,
    /// Its size.
    pub(super) bytes: u64,
    /// Its checksum, 16 hexadecimal digits.
    pub(super) xxh3: String,
}

impl FileEntry {
    /// Checks the file, and returns its path.
    pub(super) fn verify(&self, root: &Path, what: impl Fn() -> String) -> Result<PathBuf, StoreError> {
        self.scan(root, what, |_| true)?;
        Ok(root.join(&self.path))
    }

    /// Reads the file, and checks it.
    pub(super) fn read(&self, root: &Path, what: impl Fn() -> String) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::new();
        self.scan(root, what, |chunk| {
            bytes.extend_from_slice(chunk);
            true
        })?;
        Ok(bytes)
    }

    /// An error that says the file is not what was written.
    pub(super) fn damaged(&self, root: &Path, what: impl Fn() -> String, reason: String) -> StoreError {
        StoreError::Damaged {
            what: what(),
            path: root.join(&self.path),
            reason,
        }
    }

    /// What a file is that another library wrote, once it is on disk.
    pub(super) fn of(root: &Path, relative: &str) -> Result<Self, StoreError> {
        let path = root.join(relative);
        let mut file = File::open(&path).map_err(|source| io("open", &path, source))?;
        let mut read = || {
            let (mut bytes, mut hash) = (0, Xxh3Default::new());
            let mut chunk = vec![0; 1 << 16];
            loop {
                match file.read(&mut chunk)? {
                    0 => break,
                    n => {
                        hash.update(&chunk[..n]);
                        bytes += n as u64;
                    }
                }
            }
            file.sync_all()?;
            Ok((bytes, hash.digest()))
        };
        let (bytes, digest) = read().map_err(|source| io("write", &path, source))?;
        Ok(Self {
            path: relative.to_owned(),
            bytes,
            xxh3: hex(digest),
        })
    }

    /// Reads the file piece by piece, and checks it. Returns whether it did: not where `visit` would not go on.
    pub(super) fn scan(
        &self,
        root: &Path,
        what: impl Fn() -> String,
        mut visit: impl FnMut(&[u8]) -> bool,
    ) -> Result<bool, StoreError> {
        let path = root.join(&self.path);
        let damaged = |reason| self.damaged(root, &what, reason);
        // A link would lead out of the catalogue, which has no more than is in its directory.
        match std::fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(damaged("is missing".to_owned()));
            }
            Ok(metadata) if !metadata.is_file() => {
                return Err(damaged("is not a file of its own".to_owned()));
            }
            looked => looked.map_err(|source| io("read", &path, source))?,
        };
        let mut file = File::open(&path).map_err(|source| io("open", &path, source))?;
        let bytes = file.metadata().map_err(|source| io("read", &path, source))?.len();
        if bytes != self.bytes {
            return Err(damaged(format!("has {bytes} bytes, expected {}", self.bytes)));
        }
        let mut hash = Xxh3Default::new();
        let mut chunk = vec![0; 1 << 16];
        loop {
            match file
                .read(&mut chunk)
                .map_err(|source| io("read", &path, source))?
            {
                0 => break,
                n => {
                    hash.update(&chunk[..n]);
                    if !visit(&chunk[..n]) {
                        return Ok(false);
                    }
                }
            }
        }
        let found = hex(hash.digest());
        if found == self.xxh3 {
            Ok(true)
        } else {
            Err(damaged(format!(
                "has the checksum {found}, expected {}",
                self.xxh3
            )))
        }
    }
}

/// A file while it is being written.
pub(super) struct NewFile {
    relative: String,
    path: PathBuf,
    out: BufWriter<File>,
    hash: Xxh3Default,
    bytes: u64,
}

impl NewFile {
    /// Begins the file, and its directory where that is missing.
    pub(super) fn create(root: &Path, relative: &str) -> Result<Self, StoreError> {
        let path = root.join(relative);
        let directory = path.parent().unwrap_or(root);
        std::fs::create_dir_all(directory).map_err(|source| io("create", directory, source))?;
        let file = File::create(&path).map_err(|source| io("create", &path, source))?;
        let out = BufWriter::with_capacity(1 << 16, file);
        Ok(Self {
            relative: relative.to_owned(),
            path,
            out,
            hash: Xxh3Default::new(),
            bytes: 0,
        })
    }

    /// How many bytes have been written.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes all that is left to disk, and waits until it is there.
    pub(super) fn finish(mut self) -> Result<FileEntry, StoreError> {
        self.out
            .flush()
            .and_then(|()| self.out.get_ref().sync_all())
            .map_err(|source| io("write", &self.path, source))?;
        Ok(FileEntry {
            path: self.relative,
            bytes: self.bytes,
            xxh3: hex(self.hash.digest()),
        })
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.out.write(bytes)?;
        self.hash.update(&bytes[..n]);
        self.bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Waits until the names in a directory are on disk. Only Unix has this notion.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(path)?.sync_all()?;
    }
    Ok(())
}

/// The checksum of some bytes as the manifest writes it: XXH3, 16 hexadecimal digits.
pub fn checksum(bytes: &[u8]) -> String {
    hex(xxhash_rust::xxh3::xxh3_64(bytes))
}

/// An error of the operating system, with what was tried on which path.
pub(super) fn io(action: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

fn hex(digest: u64) -> String {
    format!("{digest:016x}")
}
