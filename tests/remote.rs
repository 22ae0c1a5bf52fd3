//! Catalogues on object storage, read of a server on the loopback that stores as S3 does, or as a plain web server.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{LazyLock, Once},
    time::{Duration, Instant},
};

use helioql_tests::{
    folder::copy,
    program::{Outcome, helioql, run},
    server::{Answer, Request, Server},
};

type Tested = Result<(), Box<dyn Error>>;

/// What a storage answers to a request.
type Answering = Box<dyn Fn(&Request) -> Answer + Send + Sync>;

/// A catalogue, the server that gives out its files below `/bucket/sun.helio`, and the cache of those who read it.
struct Storage {
    directory: tempfile::TempDir,
    server: Server,
}

impl Storage {
    fn new() -> Result<Self, Box<dyn Error>> {
        static MADE: LazyLock<Result<tempfile::TempDir, String>> =
            LazyLock::new(|| make().map_err(|error| error.to_string()));
        let made = MADE.as_ref().map_err(Clone::clone)?;
        let directory = tempfile::tempdir()?;
        copy(
            &made.path().join("sun.helio"),
            &directory.path().join("bucket/sun.helio"),
        )?;
        let root = directory.path().to_owned();
        let server = Server::of_files(move |_, request| give(&root, request))?;
        Ok(Self { directory, server })
    }

    /// Where the catalogue lies for those who write it.
    fn there(&self) -> PathBuf {
        self.directory.path().join("bucket/sun.helio")
    }

    fn cache(&self) -> PathBuf {
        self.directory.path().join("cache")
    }

    /// The program with these arguments, as a reader who has keys to the bucket.
    fn reader(&self, arguments: &[&str]) -> Command {
        let mut command = helioql(arguments);
        // What this machine knows of buckets and proxies is not to be used.
        for (name, _) in std::env::vars_os() {
            let upper = name.to_string_lossy().to_uppercase();
            if upper.starts_with("AWS_") || upper.ends_with("_PROXY") {
                command.env_remove(name);
            }
        }
        command
            .env("HELIOQL_CACHE", self.cache())
            .env("AWS_ENDPOINT", self.server.url())
            .env("AWS_ALLOW_HTTP", "true")
            .env("AWS_ACCESS_KEY_ID", "reader")
            .env("AWS_SECRET_ACCESS_KEY", "hidden")
            .env("AWS_REGION", "eu-central-1");
        command
    }

    fn read(&self, sql: &str) -> Result<Outcome, Box<dyn Error>> {
        Ok(run(&mut self.reader(&[S3, "--format", "csv", "-c", sql]))?)
    }

    /// The answer of the directory itself, to a query or to a change.
    fn here(&self, sql: &str) -> Result<String, Box<dyn Error>> {
        let there = self.there();
        let there = there.to_str().unwrap_or_default();
        let done = run(&mut helioql([there, "--format", "csv", "-c", sql]))?;
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
        Ok(done.stdout)
    }

    /// The files asked for since the first `before` requests, without the folder.
    fn asked_since(&self, before: usize) -> Vec<String> {
        let requests = self.server.requests();
        let paths = requests.iter().skip(before).map(|request| &request.path);
        paths.map(|path| path.replace("/bucket/sun.helio/", "")).collect()
    }
}

/// A catalogue with a table, an index and a model.
fn make() -> Result<tempfile::TempDir, Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let made = run(&mut helioql([
        directory.path().join("sun.helio").to_str().unwrap_or_default(),
        "-c",
        "CREATE TABLE kept AS SELECT harpnum, usflux, patch, embedding FROM SIMULATE(n => 100, seed => 1)",
        "-c",
        "CREATE INDEX near ON kept USING HNSW (embedding)",
        "-c",
        "CREATE DIRECTIONS FOR GENERATOR sun (usflux) WITH (samples = 500)",
    ]))?;
    assert_eq!(
        (made.code, made.stderr.as_str()),
        (Some(0), ""),
        "{}",
        made.stdout
    );
    Ok(directory)
}

const S3: &str = "s3://bucket/sun.helio";

/// What lies at the path of a request.
fn give(root: &Path, request: &Request) -> Answer {
    match fs::read(root.join(request.path.trim_start_matches('/'))) {
        Ok(bytes) => Answer::File(bytes),
        Err(_) => Answer::Status(404, "<Error><Code>NoSuchKey</Code></Error>".to_owned()),
    }
}

const TOTAL: &str = "SELECT count(*) AS n, sum(usflux) AS flux FROM kept";

#[test]
fn the_answer_is_that_of_the_directory_and_a_second_start_fetches_the_manifest() -> Tested {
    let storage = Storage::new()?;
    let query = "SELECT n.harpnum, n._distance \
                 FROM kept, NEAREST(kept.embedding, k => 3, within => (SELECT harpnum, embedding FROM kept)) AS n \
                 WHERE kept.harpnum % 10 = 0 ORDER BY kept.harpnum, n._distance";
    let here = storage.here(query)?;
    let first = storage.read(query)?;
    assert_eq!((first.code, first.stderr.as_str()), (Some(0), ""));
    assert!(first.stdout.lines().count() > 3);
    assert_eq!(first.stdout, here);
    let asked = storage.asked_since(0);
    assert_eq!(asked.first().map(String::as_str), Some("manifest.json"));
    assert!(asked.len() > 5, "{asked:?}");
    // Signed with the key, which is not told.
    for request in storage.server.requests() {
        let signature = request.authorization.unwrap_or_default();
        assert!(
            signature.starts_with("AWS4-HMAC-SHA256 Credential=reader/"),
            "{signature}"
        );
        assert!(!signature.contains("hidden"));
    }
    let again = storage.read(query)?;
    assert_eq!(again.stdout, here);
    assert_eq!(storage.asked_since(asked.len()), ["manifest.json"]);
    Ok(())
}

#[test]
fn a_web_server_will_do() -> Tested {
    let storage = Storage::new()?;
    let url = format!("{}/bucket/sun.helio/", storage.server.url());
    let read = run(&mut storage.reader(&[&url, "--format", "csv", "-c", TOTAL]))?;
    assert_eq!(
        (read.code, read.stdout.lines().count()),
        (Some(0), 2),
        "{}",
        read.stderr
    );
    let here = storage.here(TOTAL)?;
    assert_eq!(read.stdout, here);
    assert!(
        storage
            .server
            .requests()
            .iter()
            .all(|request| request.authorization.is_none())
    );
    Ok(())
}

#[test]
fn a_later_commit_is_seen_by_who_opens_it_then_and_fetches_what_is_new() -> Tested {
    let storage = Storage::new()?;
    assert!(storage.read(TOTAL)?.stdout.contains("100,"));
    let before = storage.server.requests().len();
    storage.here(
        "INSERT INTO kept SELECT harpnum + 1000, usflux, patch, embedding FROM kept WHERE harpnum % 10 = 0",
    )?;
    let read = storage.read(TOTAL)?;
    assert!(read.stdout.contains("110,"), "{}{}", read.stdout, read.stderr);
    let asked = storage.asked_since(before);
    assert_eq!(asked.len(), 2, "{asked:?}");
    storage.here("DROP TABLE kept")?;
    assert!(storage.read(TOTAL)?.stderr.contains("unknown table `kept`"));
    // What nobody needs any more is gone from the copy too.
    let kept = copies(&storage.cache())?
        .into_iter()
        .filter(|path| path.to_string_lossy().contains("kept"))
        .collect::<Vec<_>>();
    assert_eq!(kept, Vec::<PathBuf>::new());
    Ok(())
}

#[test]
fn it_is_only_read() -> Tested {
    let storage = Storage::new()?;
    for sql in [
        "DROP TABLE kept",
        "DELETE FROM kept",
        "CREATE TABLE more AS SELECT 1 AS one",
        "CREATE INDEX other ON kept USING HNSW (embedding)",
        "VACUUM",
    ] {
        let refused = storage.read(sql)?;
        assert_eq!(refused.code, Some(1), "{sql}: {}", refused.stdout);
        assert!(refused.stderr.contains("read only"), "{sql}: {}", refused.stderr);
    }
    let checked = storage.read("CHECK CATALOG")?;
    assert_eq!((checked.code, checked.stderr.as_str()), (Some(0), ""));
    assert!(storage.read(TOTAL)?.stdout.contains("100,"));
    Ok(())
}

#[test]
fn what_is_damaged_there_is_refused_and_what_is_damaged_here_is_fetched_again() -> Tested {
    let storage = Storage::new()?;
    let good = storage.read(TOTAL)?.stdout;
    for copy in copies(&storage.cache())? {
        flip(&copy)?;
        let read = storage.read(TOTAL)?;
        assert_eq!(
            (read.stdout.as_str(), read.stderr.as_str()),
            (good.as_str(), ""),
            "{}",
            copy.display()
        );
    }
    fs::remove_dir_all(storage.cache())?;
    for name in fs::read_dir(storage.there().join("tables"))? {
        flip(&name?.path())?;
    }
    let read = storage.read(TOTAL)?;
    assert_eq!(read.code, Some(3), "{}", read.stderr);
    assert!(
        read.stderr
            .contains("table `kept` is damaged: `s3://bucket/sun.helio/tables/kept-"),
        "{}",
        read.stderr
    );
    fs::remove_dir_all(storage.there().join("tables"))?;
    let read = storage.read(TOTAL)?;
    assert_eq!(read.code, Some(3), "{}", read.stderr);
    assert!(
        read.stderr.contains("the manifest names it, and it is not there"),
        "{}",
        read.stderr
    );
    Ok(())
}

#[test]
fn a_storage_on_a_bad_day_is_named_and_ends() -> Tested {
    let storage = Storage::new()?;
    let whole = fs::read(storage.there().join("manifest.json"))?;
    let root = storage.directory.path().to_owned();
    let days: Vec<(&str, Answering)> = vec![
        (
            "there is no such file, so this is no catalogue",
            Box::new(|_| Answer::Status(404, String::new())),
        ),
        (
            "403",
            Box::new(|_| Answer::Status(403, "<Error><Code>AccessDenied</Code></Error>".to_owned())),
        ),
        ("500", Box::new(|_| Answer::Status(500, String::new()))),
        ("is damaged", Box::new(|_| Answer::File(b"<html>".to_vec()))),
        (
            "manifest.json",
            Box::new(move |_| Answer::Cut(whole.clone(), 100)),
        ),
        (
            "more than the",
            Box::new(move |request| match give(&root, request) {
                Answer::File(bytes) if request.path.ends_with(".parquet") => {
                    Answer::File([bytes.as_slice(), b"more"].concat())
                }
                other => other,
            }),
        ),
    ];
    for (says, answer) in days {
        let server = Server::of_files(move |_, request| answer(request))?;
        let start = Instant::now();
        let mut command = storage.reader(&[S3, "-c", TOTAL]);
        let read = run(command.env("AWS_ENDPOINT", server.url()))?;
        assert_eq!(read.code, Some(3), "{says}: {}{}", read.stdout, read.stderr);
        assert!(
            read.stderr.contains(says) && read.stderr.contains("s3://bucket/sun.helio"),
            "{says}: {}",
            read.stderr
        );
        // Three more tries with pauses that double, and not the silence after which one is given up.
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "{says}: {:?}",
            start.elapsed()
        );
    }
    // Nobody is there at all.
    let nobody = Server::of_files(|_, _| Answer::Endless)?.url().to_owned();
    let read = run(storage.reader(&[S3, "-c", TOTAL]).env("AWS_ENDPOINT", &nobody))?;
    assert_eq!(read.code, Some(3), "{}", read.stderr);
    assert!(
        read.stderr
            .contains("cannot fetch `s3://bucket/sun.helio/manifest.json`"),
        "{}",
        read.stderr
    );
    Ok(())
}

/// A reader who is killed while it fetches leaves a copy that the next one completes.
#[test]
fn a_fetch_that_is_killed_can_be_begun_again() -> Tested {
    let storage = Storage::new()?;
    let root = storage.directory.path().to_owned();
    let slow = Server::of_files(move |number, request| {
        if number > 1 {
            std::thread::sleep(Duration::from_millis(150));
        }
        give(&root, request)
    })?;
    for after in [100, 250, 400] {
        let mut command = storage.reader(&[S3, "-c", TOTAL]);
        command
            .env("AWS_ENDPOINT", slow.url())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = command.spawn()?;
        std::thread::sleep(Duration::from_millis(after));
        child.kill()?;
        child.wait()?;
    }
    let read = run(storage
        .reader(&[S3, "--format", "csv", "-c", TOTAL])
        .env("AWS_ENDPOINT", slow.url()))?;
    assert!(read.stdout.contains("100,"), "{}{}", read.stdout, read.stderr);
    Ok(())
}

/// A writer replaces all files between the manifest and the first of them.
#[test]
fn a_commit_in_the_middle_is_fetched_anew() -> Tested {
    let storage = Storage::new()?;
    let (root, there) = (storage.directory.path().to_owned(), storage.there());
    // Whatever is asked for behind the manifest waits until the commit is made.
    let commit = Once::new();
    let server = Server::of_files(move |number, request| {
        if number > 0 {
            commit.call_once(|| {
                let tables = || fs::read_dir(there.join("tables")).into_iter().flatten().flatten();
                let before: Vec<PathBuf> = tables().map(|file| file.path()).collect();
                let update = [
                    there.to_str().unwrap_or_default(),
                    "-c",
                    "UPDATE kept SET usflux = 1.0",
                ];
                assert!(run(&mut helioql(update)).is_ok_and(|ran| ran.code == Some(0)));
                // As VACUUM would as soon as no process reads them any more.
                for file in before {
                    assert!(fs::remove_file(file).is_ok());
                }
            });
        }
        give(&root, request)
    })?;
    let read = run(storage
        .reader(&[S3, "--format", "csv", "-c", TOTAL])
        .env("AWS_ENDPOINT", server.url()))?;
    assert_eq!(read.stdout.lines().nth(1), Some("100,100.0"), "{}", read.stderr);
    Ok(())
}

/// All files of the copies in a cache, without their locks.
fn copies(cache: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let (mut files, mut folders) = (Vec::new(), vec![cache.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if entry.path().extension().is_some() {
                files.push(entry.path());
            }
        }
    }
    Ok(files)
}

/// Flips one bit in the middle of a file.
fn flip(path: &Path) -> Tested {
    let mut bytes = fs::read(path)?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    Ok(fs::write(path, bytes)?)
}
