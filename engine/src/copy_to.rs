//! `COPY query TO 'file'`: the file is there as a whole, or it is as it was.
//!
//! DataFusion writes into the file that is named, so that an error in the middle or Ctrl-C would leave what was written
//! until then, in place of what was there before; of a CSV nobody would see it. What is written goes to a file beside it
//! and takes its name at the end. Several files, as PARTITIONED BY makes them, and other places than this machine's
//! directories stay DataFusion's.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use datafusion::{
    dataframe::DataFrame,
    execution::SessionState,
    logical_expr::{LogicalPlan, dml::CopyTo},
};

use crate::{Error, Result, session::Session};

pub(crate) async fn execute(session: &Session, state: SessionState, mut copy: CopyTo) -> Result<DataFrame> {
    let Some(target) = target(&copy) else {
        return Ok(DataFrame::new(state, LogicalPlan::Copy(copy)));
    };
    let part = Part::beside(&target)?;
    copy.output_url = part.path.to_string_lossy().into_owned();
    let count = DataFrame::new(state, LogicalPlan::Copy(copy)).collect().await?;
    fs::rename(&part.path, &target).map_err(at(&target))?;
    Ok(session.context().read_batches(count)?)
}

/// The one file that is written.
fn target(copy: &CopyTo) -> Option<PathBuf> {
    let url = &copy.output_url;
    let path = Path::new(url);
    if url.contains("://")
        || url.ends_with('/')
        || !copy.partition_by.is_empty()
        || path.extension().is_none()
    {
        return None;
    }
    match fs::metadata(path) {
        // Behind a link lies the file that is meant.
        Ok(there) if there.is_file() => fs::canonicalize(path).ok(),
        Ok(_) => None,
        Err(error) => (error.kind() == io::ErrorKind::NotFound).then(|| path.to_owned()),
    }
}

/// A file that is being written. What did not get its name by the end is deleted.
struct Part {
    path: PathBuf,
}

impl Part {
    /// Its name ends as the target's, since the ending tells how a file is packed.
    fn beside(target: &Path) -> Result<Self> {
        static WRITTEN: AtomicU64 = AtomicU64::new(0);
        let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
        let name = target.file_name().unwrap_or_default();
        let mut hidden = OsString::from(format!(".{}-{number}-", std::process::id()));
        hidden.push(name);
        let directory = match target.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        fs::create_dir_all(directory).map_err(at(directory))?;
        let path = directory.join(hidden);
        // Whether it can be written at all is known here, and told of the file that was named.
        File::create_new(&path).map_err(at(target))?;
        Ok(Self { path })
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // It has its name by now, or nobody wants it.
        if fs::remove_file(&self.path).is_err() {
            return;
        }
        // object_store writes under that name and a number.
        let name = self.path.file_name().map(OsStr::to_string_lossy);
        let (Some(name), Some(directory)) = (name, self.path.parent()) else {
            return;
        };
        let begins = format!("{name}#");
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&begins) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { path, source }
}
