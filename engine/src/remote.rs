//! Catalogues on object storage, which are only read. What a copy in the user's cache directory lacks is fetched, and
//! the copy is opened: all that is read has been compared with the manifest, a query is as fast as on a disk, and a
//! second start fetches the manifest alone.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::{StreamExt, TryStreamExt, stream};
use helioql_catalog::{Catalogue, Lacking, Mirror, checksum};
use object_store::{
    ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig, aws::AmazonS3Builder, http::HttpBuilder,
    path::Path as Key,
};
use tokio::time::{sleep, timeout};

use crate::{
    Error, Result, cache,
    progress::{Observer, Progress},
};

/// How many files are fetched side by side.
const AT_ONCE: usize = 4;
/// How long the storage may send nothing.
const SILENCE: Duration = Duration::from_secs(30);
/// How often the observer is asked whether to go on.
const LOOK: Duration = Duration::from_millis(50);
/// How often a commit that a writer replaces meanwhile is begun anew.
const ATTEMPTS: usize = 5;
/// The largest manifest: some hundred thousand files.
const LARGEST_MANIFEST: u64 = 64 << 20;

/// The text of `path`, if it is a URL: letters, digits, `+`, `-` and `.` before `://`.
pub(crate) fn url(path: &Path) -> Option<&str> {
    let text = path.to_str()?;
    let (scheme, _) = text.split_once("://")?;
    // One letter is a drive of Windows.
    let is_scheme = scheme.len() > 1
        && scheme
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter));
    is_scheme.then_some(text)
}

/// Brings the copy of the catalogue at `url` to its last commit, and opens it.
pub(crate) fn open(url: &str, observer: &dyn Observer) -> Result<Catalogue> {
    let remote = Remote::new(url)?;
    let copy = cache::needed("the copy of a catalogue that lies elsewhere")?.join(remote.copy());
    // On a thread of its own: the caller may be one of a runtime, which must not wait for another.
    std::thread::scope(|threads| {
        let fetch = threads.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|source| Error::Io {
                    path: "a runtime".into(),
                    source,
                })?;
            runtime.block_on(async {
                tokio::select! {
                    done = remote.bring(&copy, observer) => done,
                    () = cancelled(observer) => Err(Error::Cancelled),
                }
            })
        });
        fetch.join().unwrap_or_else(|_| {
            Err(Error::Unsupported(
                "internal: a fetch broke off; please report it".to_owned(),
            ))
        })
    })
}

async fn cancelled(observer: &dyn Observer) {
    while !observer.is_cancelled() {
        sleep(LOOK).await;
    }
}

/// A catalogue on object storage.
struct Remote {
    /// Without a slash at its end.
    url: String,
    store: Arc<dyn ObjectStore>,
    /// Where the catalogue lies in the store.
    folder: Key,
}

impl Remote {
    fn new(url: &str) -> Result<Self> {
        let refused = |reason: &str| Error::Remote {
            url: url.to_owned(),
            reason: reason.to_owned(),
        };
        let (scheme, rest) = url.split_once("://").ok_or_else(|| refused("it is not a URL"))?;
        let rest = rest.trim_end_matches('/');
        let (host, folder) = rest.split_once('/').unwrap_or((rest, ""));
        if host.is_empty() {
            return Err(refused("there is no bucket or host in it"));
        }
        // It would stand in messages and histories.
        if host.contains('@') {
            return Err(Error::Unsupported(
                "a URL with a name and a password in it is not taken; AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY have \
                 keys of S3"
                    .to_owned(),
            ));
        }
        let folder = Key::from_url_path(folder).map_err(|error| refused(&error.to_string()))?;
        let retry = RetryConfig {
            max_retries: 3,
            retry_timeout: SILENCE,
            ..RetryConfig::default()
        };
        // A file may take as long as it needs, as long as something comes.
        let client = ClientOptions::new()
            .with_timeout_disabled()
            .with_connect_timeout(SILENCE / 3);
        let store: object_store::Result<Arc<dyn ObjectStore>> = match scheme.to_ascii_lowercase().as_str() {
            "s3" => {
                let builder = AmazonS3Builder::from_env().with_bucket_name(host);
                let client = client.with_allow_http(plain_http());
                let store = builder.with_retry(retry).with_client_options(client).build();
                store.map(|store| Arc::new(store) as _)
            }
            "https" | "http" => {
                let client = client.with_allow_http(scheme.eq_ignore_ascii_case("http"));
                let builder = HttpBuilder::new().with_url(format!("{scheme}://{host}"));
                let store = builder.with_retry(retry).with_client_options(client).build();
                store.map(|store| Arc::new(store) as _)
            }
            _ => return Err(refused("expected a directory, or a URL of s3, https or http")),
        };
        let store = store.map_err(|error| refused(&one_line(&error)))?;
        Ok(Self {
            url: format!("{scheme}://{rest}"),
            store,
            folder,
        })
    }

    /// The name of the copy: what the catalogue is called, for who looks into the cache directory, and what tells it
    /// from others.
    fn copy(&self) -> PathBuf {
        let name = self.folder.filename().unwrap_or_default();
        let name: String = name
            .trim_end_matches(".helio")
            .chars()
            .filter(|letter| letter.is_ascii_alphanumeric() || "-_".contains(*letter))
            .take(40)
            .collect();
        // One bucket's name may be another's at another endpoint.
        let endpoint =
            ["AWS_ENDPOINT", "AWS_ENDPOINT_URL"].map(|name| std::env::var(name).unwrap_or_default());
        let sum = checksum(format!("{}\n{}", self.url, endpoint.join("\n")).as_bytes());
        format!("copy-{name}-{sum}.helio").into()
    }

    async fn bring(&self, copy: &Path, observer: &dyn Observer) -> Result<Catalogue> {
        let mut manifest = self.manifest().await?;
        for _ in 0..ATTEMPTS {
            let mirror = cache::patiently(observer, || Mirror::begin(copy, &self.url, &manifest))?;
            let failed = match self.fetch_all(&mirror, observer).await {
                Ok(()) => return Ok(mirror.commit()?),
                Err(failed) => failed,
            };
            // A writer there may have replaced files since their manifest was read.
            let now = self.manifest().await?;
            if now == manifest {
                return Err(failed);
            }
            manifest = now;
        }
        Err(self.failed(
            Mirror::MANIFEST,
            &format!("it changed {ATTEMPTS} times while its files were fetched"),
        ))
    }

    async fn manifest(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.get(Mirror::MANIFEST, |chunk| {
            if bytes.len() as u64 + chunk.len() as u64 > LARGEST_MANIFEST {
                return Err(self.failed(Mirror::MANIFEST, "it is too large for a manifest"));
            }
            bytes.extend_from_slice(chunk);
            Ok(())
        })
        .await?;
        Ok(bytes)
    }

    async fn fetch_all(&self, mirror: &Mirror, observer: &dyn Observer) -> Result<()> {
        let lacking = mirror.lacking();
        let steps = megabytes(lacking.iter().map(Lacking::bytes).fold(0, u64::saturating_add));
        let fetched = AtomicU64::new(0);
        stream::iter(&lacking)
            .map(|file| {
                let report = |bytes: usize| {
                    let fetched = fetched.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
                    observer.report(&Progress {
                        task: "fetching (MB)".to_owned(),
                        step: megabytes(fetched),
                        steps,
                        metrics: Vec::new(),
                    });
                };
                self.fetch(mirror, file, report)
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }

    async fn fetch(&self, mirror: &Mirror, lacking: &Lacking, report: impl Fn(usize)) -> Result<()> {
        let mut file = mirror.fetch(lacking)?;
        self.get(lacking.path(), |chunk| {
            file.write_all(chunk)
                .map_err(|error| self.failed(lacking.path(), &error.to_string()))?;
            report(chunk.len());
            Ok(())
        })
        .await?;
        Ok(file.finish()?)
    }

    /// Reads a file of the catalogue piece by piece.
    async fn get(&self, path: &str, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let failed = |error: object_store::Error| match error {
            object_store::Error::NotFound { .. } if path == Mirror::MANIFEST => {
                self.failed(path, "there is no such file, so this is no catalogue")
            }
            object_store::Error::NotFound { .. } => {
                self.failed(path, "the manifest names it, and it is not there")
            }
            error => self.failed(path, &one_line(&error)),
        };
        let silent = |_| {
            let seconds = SILENCE.as_secs();
            self.failed(path, &format!("nothing came for {seconds} s"))
        };
        let key = path.split('/').fold(self.folder.clone(), Key::join);
        // The connection is tried several times, each for a while.
        let reply = timeout(3 * SILENCE, self.store.get(&key)).await.map_err(silent)?;
        let mut chunks = reply.map_err(failed)?.into_stream();
        while let Some(chunk) = timeout(SILENCE, chunks.next()).await.map_err(silent)? {
            take(&chunk.map_err(failed)?)?;
        }
        Ok(())
    }

    fn failed(&self, path: &str, reason: &str) -> Error {
        Error::Remote {
            url: format!("{}/{path}", self.url),
            reason: reason.to_owned(),
        }
    }
}

/// Whether an endpoint of S3 may be spoken to without encryption, as its clients agree to say it.
fn plain_http() -> bool {
    std::env::var("AWS_ALLOW_HTTP").is_ok_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
}

fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}

/// What the storage said, in one line.
fn one_line(error: &object_store::Error) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Silent;

    #[test]
    fn a_url_is_told_from_a_path() {
        let is_url = |path: &str| url(Path::new(path)).is_some();
        assert!(["s3://sun/a.helio", "https://host/a.helio", "ftp://host"].map(is_url) == [true; 3]);
        assert!(["sun.helio", "a/b://c", "C://sun", "s3:/sun", ""].map(is_url) == [false; 5]);
    }

    #[test]
    fn what_cannot_be_fetched_is_refused_before_the_network() {
        let refused = |url: &str| open(url, &Silent).map(|_| ()).map_err(|error| error.to_string());
        assert_eq!(
            refused("ftp://host/sun.helio"),
            Err(
                "cannot fetch `ftp://host/sun.helio`: expected a directory, or a URL of s3, https or http"
                    .to_owned()
            )
        );
        assert_eq!(
            refused("s3:///sun.helio"),
            Err("cannot fetch `s3:///sun.helio`: there is no bucket or host in it".to_owned())
        );
        assert_eq!(
            refused("s3://"),
            Err("cannot fetch `s3://`: there is no bucket or host in it".to_owned())
        );
        let secret = refused("https://me:secret@host/sun.helio");
        assert!(secret.is_err_and(|error| error.contains("AWS_ACCESS_KEY_ID") && !error.contains("secret@")));
    }

    #[test]
    fn copies_of_two_catalogues_are_two() -> Result<()> {
        let name = |url: &str| Remote::new(url).map(|remote| remote.copy());
        assert_ne!(name("https://a/sun.helio")?, name("https://b/sun.helio")?);
        assert_eq!(name("https://a/sun.helio")?, name("https://a/sun.helio/")?);
        Ok(())
    }
}
