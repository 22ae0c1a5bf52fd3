//! Replies that were whole, a file for each question. The first line of a file says what was asked and what
//! the reply's checksum is; a file that does not hold to it is as good as none.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use helioql_catalog::checksum;
use serde::{Deserialize, Serialize};

/// A directory of replies.
pub(super) struct Cache {
    directory: PathBuf,
}

/// The first line of a file.
#[derive(Serialize, Deserialize, PartialEq)]
struct Head {
    asked: String,
    bytes: usize,
    xxh3: String,
}

impl Head {
    fn of(url: &str, reply: &[u8]) -> Self {
        Self {
            asked: url.to_owned(),
            bytes: reply.len(),
            xxh3: checksum(reply),
        }
    }
}

impl Cache {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// The reply to exactly this question, if there is one and it is undamaged.
    pub(super) fn get(&self, url: &str) -> Option<Vec<u8>> {
        let file = fs::read(self.path(url)).ok()?;
        let end = file.iter().position(|byte| *byte == b'\n')?;
        let (head, reply) = (file.get(..end)?, file.get(end + 1..)?);
        let head: Head = serde_json::from_slice(head).ok()?;
        (head == Head::of(url, reply)).then(|| reply.to_vec())
    }

    /// Keeps a reply, all of it or nothing. One that cannot be kept is asked for again the next time.
    pub(super) fn put(&self, url: &str, reply: &[u8]) {
        let _ = self.write(&self.path(url), &Head::of(url, reply), reply);
    }

    fn write(&self, path: &Path, head: &Head, reply: &[u8]) -> std::io::Result<()> {
        static DRAFTS: AtomicU64 = AtomicU64::new(0);
        fs::create_dir_all(&self.directory)?;
        let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
        let draft = path.with_extension(format!("{}-{number}.draft", std::process::id()));
        let written = fs::File::create(&draft).and_then(|mut file| {
            serde_json::to_writer(&file, head)?;
            file.write_all(b"\n")?;
            file.write_all(reply)?;
            file.sync_all()?;
            fs::rename(&draft, path)
        });
        if written.is_err() {
            let _ = fs::remove_file(&draft);
        }
        written
    }

    fn path(&self, url: &str) -> PathBuf {
        self.directory.join(format!("{}.reply", checksum(url.as_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_reply_to_the_question_is_found_and_only_whole() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        let cache = Cache::new(folder.path().join("jsoc"));
        assert_eq!(cache.get("a"), None);
        cache.put("a", b"{\"count\":1}\n");
        assert_eq!(cache.get("a").as_deref(), Some(&b"{\"count\":1}\n"[..]));
        // Another question whose reply lies, for whatever reason, at its place.
        fs::copy(cache.path("a"), cache.path("b"))?;
        assert_eq!(cache.get("b"), None);
        let whole = fs::read(cache.path("a"))?;
        for cut in 0..whole.len() {
            fs::write(cache.path("a"), &whole[..cut])?;
            assert_eq!(cache.get("a"), None, "{cut} bytes");
        }
        fs::write(cache.path("a"), &whole)?;
        assert!(cache.get("a").is_some());
        assert_eq!(
            fs::read_dir(folder.path().join("jsoc"))?.count(),
            2,
            "no draft is left"
        );
        Ok(())
    }
}
