//! Where this user's files lie that can be made again: the demo catalogue, and replies of JSOC.

use std::path::PathBuf;

/// `HELIOQL_CACHE`, else the folder `helioql` of the user's cache directory; `None` where that is not known.
pub(crate) fn directory() -> Option<PathBuf> {
    match std::env::var_os("HELIOQL_CACHE") {
        Some(path) => Some(path.into()),
        None => dirs::cache_dir().map(|cache| cache.join("helioql")),
    }
}
