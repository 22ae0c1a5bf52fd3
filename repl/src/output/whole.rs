//! A file of the user's that holds whole results and nothing else.
//!
//! Until its first result is whole it lies beside its name, so that a statement that fails, Ctrl-C or a full disk
//! leaves what was there before; of a later result that does not end, what was written is cut off again.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, BufWriter, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use tempfile::{Builder, TempPath};

/// A file that is being written.
pub(crate) struct WholeFile {
    path: PathBuf,
    out: BufWriter<File>,
    /// Where it lies until its first result is whole.
    beside: Option<TempPath>,
    /// How long its whole results are; `None` for what has no length, such as a pipe.
    whole: Option<u64>,
}

impl WholeFile {
    /// Begins a file. What is no file on a disk, such as `/dev/null` or a named pipe, is written as it comes.
    ///
    /// # Errors
    /// When it cannot be made, or when one that is there cannot be written.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let present = match fs::metadata(path) {
            Ok(found) => Some(found),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        // One that may not be written is not replaced either.
        let opened = present
            .as_ref()
            .map(|_| OpenOptions::new().write(true).open(path));
        let opened = opened.transpose()?;
        if let (Some(file), Some(found)) = (opened, &present)
            && !found.is_file()
        {
            return Ok(Self::new(path.to_owned(), file, None, None));
        }
        // A link stays one: what it leads to is replaced.
        let path = if present.is_some() {
            fs::canonicalize(path)?
        } else {
            path.to_owned()
        };
        let beside = beside(&path, present.as_ref())?;
        let (file, beside) = beside.into_parts();
        Ok(Self::new(path, file, Some(beside), Some(0)))
    }

    fn new(path: PathBuf, file: File, beside: Option<TempPath>, whole: Option<u64>) -> Self {
        Self {
            path,
            out: BufWriter::new(file),
            beside,
            whole,
        }
    }

    /// The file's name.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What was written since the last whole result is one.
    ///
    /// # Errors
    /// When it cannot be written, or the file cannot take its name.
    pub(crate) fn keep(&mut self) -> io::Result<()> {
        self.out.flush()?;
        if let Some(whole) = &mut self.whole {
            *whole = self.out.stream_position()?;
        }
        match self.beside.take() {
            Some(beside) => beside.persist(&self.path).map_err(|error| error.error),
            None => Ok(()),
        }
    }

    /// Takes back what was written since the last whole result.
    ///
    /// # Errors
    /// When the file cannot be cut.
    pub(crate) fn take_back(&mut self) -> io::Result<()> {
        let Some(whole) = self.whole else {
            return self.out.flush();
        };
        let mut file = self.out.get_ref().try_clone()?;
        file.set_len(whole)?;
        file.seek(SeekFrom::Start(whole))?;
        // Parted, so that what it still holds is not written when it goes.
        let _ = std::mem::replace(&mut self.out, BufWriter::new(file)).into_parts();
        Ok(())
    }
}

/// A file in the folder of `path`, which may be read by whom that at `path` may, or by whom a new one may.
fn beside(path: &Path, present: Option<&Metadata>) -> io::Result<tempfile::NamedTempFile> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut prefix = path.file_name().unwrap_or_default().to_owned();
    prefix.push(".");
    let mut builder = Builder::new();
    builder.prefix(&prefix).suffix(".part");
    give_usual_rights(&mut builder);
    let file = builder.tempfile_in(folder)?;
    if let Some(present) = present {
        file.as_file().set_permissions(present.permissions())?;
    }
    Ok(file)
}

/// Files of `tempfile` are for their owner alone; this one may be read by whom any new file may.
#[cfg(unix)]
fn give_usual_rights(builder: &mut Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt;

    // The process's mask takes its part of it.
    builder.permissions(fs::Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
fn give_usual_rights(_: &mut Builder<'_, '_>) {}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_by_a_whole_result_only() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("out.csv");
        fs::write(&path, "before\n")?;
        let mut file = WholeFile::create(&path)?;
        file.write_all(b"half a res")?;
        file.flush()?;
        assert_eq!(fs::read(&path)?, b"before\n");
        file.take_back()?;
        file.write_all(b"first\n")?;
        file.keep()?;
        file.write_all(b"half of the sec")?;
        file.flush()?;
        file.write_all(b"ond")?;
        file.take_back()?;
        assert_eq!(fs::read(&path)?, b"first\n");
        file.write_all(b"third\n")?;
        file.keep()?;
        assert_eq!(fs::read(&path)?, b"first\nthird\n");
        drop(WholeFile::create(&path)?);
        assert_eq!(
            fs::read_dir(folder.path())?.count(),
            1,
            "nothing is left beside it"
        );
        assert_eq!(fs::read(&path)?, b"first\nthird\n");
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn links_rights_and_devices_stay_what_they_are() -> io::Result<()> {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let folder = tempfile::tempdir()?;
        let [path, link] = ["out.csv", "link.csv"].map(|name| folder.path().join(name));
        fs::write(&path, "before\n")?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640))?;
        symlink(&path, &link)?;
        let mut file = WholeFile::create(&link)?;
        file.write_all(b"after\n")?;
        file.keep()?;
        assert_eq!(fs::read(&path)?, b"after\n");
        assert!(fs::symlink_metadata(&link)?.is_symlink());
        assert_eq!(fs::metadata(&path)?.permissions().mode() & 0o777, 0o640);
        let mut nothing = WholeFile::create(Path::new("/dev/null"))?;
        nothing.write_all(b"gone")?;
        nothing.take_back()?;
        nothing.keep()?;
        assert!(!fs::metadata("/dev/null")?.is_file());
        assert!(WholeFile::create(folder.path()).is_err(), "a folder");
        Ok(())
    }
}
