//! A copy of a catalogue that lies elsewhere. Whoever can fetch its files brings what the copy lacks here, where it is
//! compared with the manifest, and the copy is then read like any catalogue. Nobody writes to it but a [`Mirror`].

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use super::Catalogue;
use super::commit::sweep;
use super::file::{FileEntry, NewFile, io};
use super::lock::{self, WriterLock};
use super::manifest::{self, Manifest};
use crate::error::StoreError;

/// A copy that is being brought to the commit of another catalogue.
///
/// # Examples
/// ```
/// use std::io::Write;
/// use helioql_catalog::{Catalogue, Mirror, ModelKind};
///
/// let directory = tempfile::tempdir()?;
/// let there = directory.path().join("there.helio");
/// let mut change = Catalogue::create(&there)?.begin()?;
/// change.put_model(ModelKind::Encoder, "look", &serde_json::json!({"dim": 64}), b"weights")?;
/// change.commit()?;
///
/// let manifest = std::fs::read(there.join(Mirror::MANIFEST))?;
/// let mirror = Mirror::begin(directory.path().join("here.helio"), "file:there", &manifest)?;
/// for lacking in mirror.lacking() {
///     let mut copy = mirror.fetch(&lacking)?;
///     copy.write_all(&std::fs::read(there.join(lacking.path()))?)?;
///     copy.finish()?;
/// }
/// let here = mirror.commit()?;
/// assert_eq!(here.read_model(ModelKind::Encoder, "look")?.1, b"weights");
/// assert!(here.begin().is_err_and(|error| error.to_string().contains("read only")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Mirror {
    root: PathBuf,
    origin: String,
    manifest: Manifest,
    _lock: WriterLock,
}

/// A file that the copy has not, or not as the manifest says.
#[derive(Clone, Debug)]
pub struct Lacking {
    /// What it belongs to.
    what: String,
    entry: FileEntry,
}

impl Lacking {
    /// Where it lies, relative to the catalogue, with `/` on every system.
    pub fn path(&self) -> &str {
        &self.entry.path
    }

    /// Its size.
    pub fn bytes(&self) -> u64 {
        self.entry.bytes
    }
}

/// A file on its way into the copy.
pub struct Fetch<'a> {
    mirror: &'a Mirror,
    lacking: &'a Lacking,
    file: NewFile,
}

impl Mirror {
    /// The name of the manifest, in the catalogue's directory.
    pub const MANIFEST: &'static str = manifest::FILE;

    /// Begins to bring the copy at `root`, which is made where there is none, to the commit of `manifest`, as it was
    /// read of `origin`.
    ///
    /// # Errors
    /// When the manifest is damaged or of a newer format, another process fetches just now, or the disk refuses.
    pub fn begin(root: impl Into<PathBuf>, origin: &str, manifest: &[u8]) -> Result<Self, StoreError> {
        let root = root.into();
        let manifest = Manifest::parse(format!("{origin}/{}", manifest::FILE).as_ref(), manifest)?;
        fs::create_dir_all(&root).map_err(|source| io("create", &root, source))?;
        let lock = lock::acquire(&root)?;
        Ok(Self {
            root,
            origin: origin.to_owned(),
            manifest,
            _lock: lock,
        })
    }

    /// The files that have to be fetched; the others were compared with the manifest. Takes a read of all files that
    /// are here.
    pub fn lacking(&self) -> Vec<Lacking> {
        let entries = self.manifest.entries();
        let lacking = entries.filter(|(_, entry)| entry.verify(&self.root, String::new).is_err());
        lacking
            .map(|(what, entry)| Lacking {
                what,
                entry: entry.clone(),
            })
            .collect()
    }

    /// Begins to write one of them.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn fetch<'a>(&'a self, lacking: &'a Lacking) -> Result<Fetch<'a>, StoreError> {
        let path = self.root.join(lacking.path());
        // What stands there is not what should; it may even be a link to something else.
        if path.symlink_metadata().is_ok() {
            fs::remove_file(&path).map_err(|source| io("remove", &path, source))?;
        }
        Ok(Fetch {
            mirror: self,
            lacking,
            file: NewFile::create(&self.root, lacking.path())?,
        })
    }

    /// Shows the commit to readers, once all that was lacking is there, and removes what it does not need.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn commit(mut self) -> Result<Catalogue, StoreError> {
        let before = Manifest::read(&self.root).unwrap_or_default();
        // Readers of an earlier commit keep its files, as in a catalogue.
        let left_out: Vec<_> = {
            let named = self.manifest.files();
            let before = before.files();
            before.difference(&named).map(|file| (*file).to_owned()).collect()
        };
        let generation = self.manifest.generation;
        self.manifest.retired = before.retired;
        self.manifest
            .retired
            .extend(left_out.into_iter().map(|file| (file, generation)));
        self.manifest
            .retired
            .retain(|file, _| self.root.join(file).exists());
        self.manifest.write(&self.root)?;
        // Files that cannot be deleted now are left to the next time.
        let _ = sweep(&self.root, &self.manifest);
        Ok(Catalogue {
            origin: Some(self.origin.into()),
            ..Catalogue::open(&self.root)?
        })
    }
}

impl Fetch<'_> {
    /// Ends the file.
    ///
    /// # Errors
    /// When it is not what the manifest says of it, or the disk refuses. It then stays lacking.
    pub fn finish(self) -> Result<(), StoreError> {
        let found = self.file.finish()?;
        let (was, should) = (&found, &self.lacking.entry);
        let reason = if was.bytes != should.bytes {
            format!("has {} bytes, expected {}", was.bytes, should.bytes)
        } else if was.xxh3 != should.xxh3 {
            format!("has the checksum {}, expected {}", was.xxh3, should.xxh3)
        } else {
            return Ok(());
        };
        Err(StoreError::Damaged {
            what: self.lacking.what.clone(),
            path: format!("{}/{}", self.mirror.origin, should.path).into(),
            reason,
        })
    }
}

impl Write for Fetch<'_> {
    /// Takes no more than the manifest says that there is, so that a file without an end fills no disk.
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.file.bytes() + bytes.len() as u64 > self.lacking.entry.bytes {
            return Err(std::io::Error::other(format!(
                "it has more than the {} bytes that the manifest says",
                self.lacking.entry.bytes
            )));
        }
        self.file.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}
