//! `COPY query TO 'file'`: the file is there as a whole, or it is as it was.
//!
//! DataFusion writes into the file that is named, so that an error in the middle or Ctrl-C would leave what was written
//! until then, in place of what was there before; of a CSV nobody would see it. What is written goes to a folder beside it
//! and takes its place at the end. Several files, as PARTITIONED BY makes them, and other places than this machine's
//! directories stay DataFusion's.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
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
    copy.output_url = part.file.to_string_lossy().into_owned();
    let count = DataFrame::new(state, LogicalPlan::Copy(copy)).collect().await?;
    part.put(&target)?;
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

/// A file that is being written, in a folder of its own beside the target: on the same disk, and whatever lies there in the
/// end, also what a writer adds that has not yet heard of the error, goes with the folder.
struct Part {
    folder: PathBuf,
    file: PathBuf,
    is_put: bool,
}

/// How often, and after which pause, the folder of a file that was not put is deleted.
const ATTEMPTS: usize = 5;
const PAUSE: Duration = Duration::from_millis(10);

impl Part {
    fn beside(target: &Path) -> Result<Self> {
        static WRITTEN: AtomicU64 = AtomicU64::new(0);
        let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
        let directory = match target.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let folder = directory.join(format!(".copy-{}-{number}", std::process::id()));
        // Whether anything can be written there is known here, and told of the file that was named.
        fs::create_dir_all(&folder).map_err(at(target))?;
        let file = folder.join(target.file_name().unwrap_or_default());
        Ok(Self {
            folder,
            file,
            is_put: false,
        })
    }

    /// Gives the file, which is whole, the target's place.
    fn put(mut self, target: &Path) -> Result<()> {
        fs::rename(&self.file, target).map_err(at(target))?;
        self.is_put = true;
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        for _ in 0..ATTEMPTS {
            // What cannot be deleted is in nobody's way.
            let _ = fs::remove_dir_all(&self.folder);
            if self.is_put {
                break;
            }
            // A writer that was stopped while it began makes its folder once more.
            thread::sleep(PAUSE);
        }
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { path, source }
}
