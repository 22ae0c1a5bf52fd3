//! Where this user's files lie that can be made again: the demo catalogue, copies of catalogues that lie elsewhere,
//! and replies of JSOC.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use helioql_catalog::error::StoreError;

use crate::{Error, Result, progress::Observer};

/// `HELIOQL_CACHE`, else the folder `helioql` of the user's cache directory; `None` where that is not known.
pub(crate) fn directory() -> Option<PathBuf> {
    match std::env::var_os("HELIOQL_CACHE") {
        Some(path) => Some(path.into()),
        None => dirs::cache_dir().map(|cache| cache.join("helioql")),
    }
}

/// The same, or what to do where it is not known; `what` is to lie there.
pub(crate) fn needed(what: &str) -> Result<PathBuf> {
    directory().ok_or_else(|| {
        Error::Unsupported(format!(
            "no cache directory is known for this user; set HELIOQL_CACHE to a directory for {what}"
        ))
    })
}

/// Waits for another process that makes the same just now, unless `observer` cancels.
pub(crate) fn patiently<T>(
    observer: &dyn Observer,
    attempt: impl Fn() -> Result<T, StoreError>,
) -> Result<T> {
    const PATIENCE: Duration = Duration::from_mins(1);
    let start = Instant::now();
    loop {
        match attempt() {
            Err(StoreError::Locked { .. }) if observer.is_cancelled() => return Err(Error::Cancelled),
            Err(StoreError::Locked { .. }) if start.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(100));
            }
            done => return Ok(done?),
        }
    }
}
