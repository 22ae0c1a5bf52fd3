//! A catalogue loses nothing: writers that are killed, files that are damaged, readers and writers that meet.
//!
//! The usual run takes seconds. `HELIOQL_KILLS=300 HELIOQL_SECONDS=60 HELIOQL_DAMAGES=50` make it thorough.

#![expect(clippy::print_stdout, reason = "how much was tried is told")]

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use helioql::Engine;
use helioql_tests::{Bench, folder::copy, program};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn setting(name: &str, default: u64) -> u64 {
    let set = std::env::var(name).ok().and_then(|text| text.parse().ok());
    set.unwrap_or(default)
}

fn open(path: &Path) -> Outcome<Bench> {
    Ok(Bench::over(&Engine::open(path)?)?)
}

/// The first column of an answer.
fn column(bench: &Bench, sql: &str) -> Outcome<Vec<String>> {
    let rows = bench.rows(sql)?.into_iter();
    Ok(rows.filter_map(|row| row.into_iter().next()).collect())
}

/// What is wrong with the catalogue, as it says itself.
fn problems(bench: &Bench) -> Outcome<Vec<Vec<String>>> {
    let mut rows = bench.rows("CHECK CATALOG")?;
    rows.retain(|row| row[3] != "NULL");
    Ok(rows)
}

/// What a catalogue holds: the rows of each table, as sums that any lost or doubled row would change.
fn state(bench: &Bench) -> Outcome<Vec<String>> {
    let mut state = Vec::new();
    let tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1";
    for table in column(bench, tables)? {
        let sums = match table.as_str() {
            "sharps" => "count(*), sum(harpnum), sum(usflux), count(patch), count(embedding)",
            _ => "count(*), sum(a), min(a), max(a), count(b)",
        };
        state.push(format!(
            "{table}: {:?}",
            bench.rows(&format!("SELECT {sums} FROM {table}"))?
        ));
    }
    state.push(format!(
        "{:?}",
        bench.rows(
            "SELECT name FROM system.encoders UNION ALL SELECT name FROM system.generators UNION ALL \
             SELECT name FROM system.indexes ORDER BY 1"
        )?
    ));
    Ok(state)
}

/// A statement that is killed at any moment has happened, or has not.
#[test]
fn a_killed_statement_is_done_or_was_never_begun() -> Outcome {
    let home = TempDir::new()?;
    let (catalogue, fits) = (home.path().join("sun.helio"), home.path().join("fits"));
    let bench = open(&catalogue)?;
    bench.rows(&format!(
        "EXPORT SHARPS TO '{}' AS SELECT * FROM SIMULATE(n => 2, seed => 5)",
        fits.display()
    ))?;
    bench.rows("INSERT INTO sharps SELECT * FROM SIMULATE(n => 40, seed => 1)")?;
    bench.rows("CREATE TABLE t AS SELECT value AS a, 'b' AS b FROM generate_series(1, 1000)")?;
    drop(bench);
    let statements = [
        "INSERT INTO t SELECT value, 'more' FROM generate_series(1, 100000)".to_owned(),
        "UPDATE sharps SET usflux = usflux * 2 WHERE harpnum % 2 = 0".to_owned(),
        "CREATE OR REPLACE TABLE u AS SELECT harpnum AS a, patch AS b FROM sharps".to_owned(),
        format!("IMPORT SHARPS FROM '{}/*.fits'", fits.display()),
        "DELETE FROM t WHERE a % 7 = 3".to_owned(),
        "VACUUM".to_owned(),
        "DELETE FROM sharps WHERE harpnum = (SELECT CASE WHEN count(*) > 30 THEN max(harpnum) END FROM sharps)".to_owned(),
        "CREATE OR REPLACE TABLE t AS SELECT a, b FROM t WHERE a < 50000".to_owned(),
        "CREATE OR REPLACE ENCODER glance WITH (steps = 1, batch = 8) AS SELECT patch FROM sharps".to_owned(),
        "CREATE OR REPLACE INDEX sharps_hnsw ON sharps USING HNSW (embedding)".to_owned(),
        "DROP INDEX IF EXISTS sharps_hnsw".to_owned(),
        "CREATE OR REPLACE GENERATOR small WITH (size = 64, steps = 1, batch = 2) AS SELECT patch FROM sharps"
            .to_owned(),
    ];
    let mut random = ChaCha8Rng::seed_from_u64(6);
    let (mut done, mut undone) = (0, 0);
    let mut lasts = vec![None; statements.len()];
    for run in 0..setting("HELIOQL_KILLS", 36) as usize {
        let number = run % statements.len();
        let statement = statements[number].as_str();
        let twin = home.path().join(format!("twin-{run}.helio"));
        copy(&catalogue, &twin)?;
        let (before, after) = {
            let bench = open(&twin)?;
            let before = state(&bench)?;
            let start = Instant::now();
            bench.rows(statement)?;
            lasts[number].get_or_insert(start.elapsed() + Duration::from_millis(150));
            (before, state(&bench)?)
        };
        fs::remove_dir_all(&twin)?;

        let mut child = program::helioql([catalogue.as_os_str(), "-c".as_ref(), statement.as_ref()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let last = lasts[number].unwrap_or_default();
        thread::sleep(last.mul_f64(random.random_range(0.0..1.2)));
        child.kill()?;
        child.wait()?;

        let bench = open(&catalogue)?;
        assert_eq!(problems(&bench)?, Vec::<Vec<String>>::new(), "{statement}");
        let found = state(&bench)?;
        if found == after {
            done += 1;
        } else {
            assert_eq!(found, before, "{statement}");
            undone += 1;
            bench.rows(statement)?;
            assert_eq!(state(&bench)?, after, "{statement} again");
        }
        assert_eq!(problems(&bench)?, Vec::<Vec<String>>::new(), "{statement} again");
    }
    println!("{done} statements were done when they were killed, {undone} were not");
    Ok(())
}

/// A disk that takes no more is an error with the file's name, and the catalogue is as it was.
#[cfg(unix)]
#[test]
fn a_full_disk_changes_nothing() -> Outcome {
    let home = TempDir::new()?;
    let path = home.path().join("sun.helio");
    let bench = open(&path)?;
    bench.rows("INSERT INTO sharps SELECT * FROM SIMULATE(n => 40, seed => 1)")?;
    bench.rows("CREATE TABLE t AS SELECT value AS a, 'b' AS b FROM generate_series(1, 1000)")?;
    let before = state(&bench)?;
    drop(bench);
    let statements = [
        "INSERT INTO t SELECT value, uuid() FROM generate_series(1, 100000)",
        "CREATE TABLE u AS SELECT patch AS b, harpnum AS a FROM sharps",
        "UPDATE sharps SET usflux = 0",
        "CREATE ENCODER glance WITH (steps = 1, batch = 8) AS SELECT patch FROM sharps",
        "CREATE INDEX sharps_hnsw ON sharps USING HNSW (embedding)",
    ];
    let shell = |blocks: usize, statement: &str| {
        // A file that grows beyond the limit is an error where the signal is ignored, as on a full disk.
        let helioql = program::helioql([path.as_os_str(), "-c".as_ref(), statement.as_ref()]);
        let mut command = std::process::Command::new("sh");
        command
            .args([
                "-c",
                &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""),
                "sh",
            ])
            .arg(helioql.get_program())
            .args(helioql.get_args())
            .envs(
                helioql
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .stdin(Stdio::null());
        program::run(&mut command)
    };
    for statement in statements {
        for blocks in [0, 1, 8] {
            let ended = shell(blocks, statement)?;
            assert_eq!(ended.code, Some(1), "{statement}: {}", ended.stderr);
            let told = ended.stderr.contains("error: ") && ended.stderr.contains("File too large");
            assert!(told, "{statement}: {}", ended.stderr);
            let bench = open(&path)?;
            assert_eq!(problems(&bench)?, Vec::<Vec<String>>::new(), "{statement}");
            assert_eq!(state(&bench)?, before, "{statement}");
        }
    }
    Ok(())
}

/// Where the disk stops to take what it is asked to keep, at whichever of its calls, the statement is an error: the
/// catalogue is as it was, or the very last call failed, and then the error says that the change is made.
#[test]
#[cfg(target_os = "linux")]
fn a_disk_that_does_not_sync_loses_nothing() -> Outcome {
    let home = TempDir::new()?;
    let library = home.path().join("failing_sync.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/failing_sync.c");
    let built = std::process::Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .arg(&library)
        .args([source, "-ldl"])
        .status()?;
    assert!(built.success(), "cc builds {source}");

    let catalogue = home.path().join("sun.helio");
    let bench = open(&catalogue)?;
    bench.rows("INSERT INTO sharps SELECT * FROM SIMULATE(n => 10, seed => 1)")?;
    bench.rows("CREATE TABLE t AS SELECT value AS a, 'b' AS b FROM generate_series(1, 1000)")?;
    // A second file, for VACUUM to have something to do.
    bench.rows("INSERT INTO t SELECT value, 'c' FROM generate_series(1, 10)")?;
    drop(bench);
    let (mut refused, mut unsure) = (0, 0);
    for statement in [
        "INSERT INTO t SELECT value, 'more' FROM generate_series(1, 1000)",
        "UPDATE sharps SET usflux = usflux * 2",
        "DELETE FROM t WHERE a % 7 = 3",
        "CREATE TABLE u AS SELECT harpnum AS a, patch AS b FROM sharps",
        "CREATE ENCODER glance WITH (steps = 1, batch = 8) AS SELECT patch FROM sharps",
        "CREATE INDEX sharps_hnsw ON sharps USING HNSW (embedding)",
        "ALTER TABLE t RENAME TO v",
        "VACUUM",
    ] {
        let before = state(&open(&catalogue)?)?;
        let after = {
            let twin = home.path().join("twin.helio");
            copy(&catalogue, &twin)?;
            let bench = open(&twin)?;
            bench.rows(statement)?;
            let after = state(&bench)?;
            drop(bench);
            fs::remove_dir_all(&twin)?;
            after
        };
        // Each run lets one call more succeed, until the statement is done.
        for call in 1.. {
            let twin = home.path().join("twin.helio");
            copy(&catalogue, &twin)?;
            let ended = program::run(
                program::helioql([twin.as_os_str(), "-c".as_ref(), statement.as_ref()])
                    .env("LD_PRELOAD", &library)
                    .env("FAIL_SYNC", call.to_string()),
            )?;
            let bench = open(&twin)?;
            let found = state(&bench)?;
            assert_eq!(
                problems(&bench)?,
                Vec::<Vec<String>>::new(),
                "{statement}, call {call}"
            );
            if ended.code == Some(0) {
                assert_eq!(found, after, "{statement}, call {call}");
                assert!(call > 2, "{statement} syncs the manifest and its directory");
                break;
            }
            let told = &ended.stderr;
            assert!(
                ended.code == Some(1) || ended.code == Some(3),
                "{statement}, call {call}: {told}"
            );
            assert!(
                told.contains("Input/output error"),
                "{statement}, call {call}: {told}"
            );
            if told.contains("the change is made") {
                assert_eq!(found, after, "{statement}, call {call}");
                unsure += 1;
            } else {
                assert_eq!(found, before, "{statement}, call {call}: {told}");
                bench.rows(statement)?;
                assert_eq!(state(&bench)?, after, "{statement} again");
                refused += 1;
            }
            drop(bench);
            fs::remove_dir_all(&twin)?;
        }
        fs::remove_dir_all(home.path().join("twin.helio"))?;
    }
    println!("{refused} statements were refused, {unsure} were made and may be undone by a loss of power");
    assert!(refused > 0 && unsure > 0);
    Ok(())
}

/// A reader sees the rows of one commit, whatever two writers do, and nobody sees anything but a lock that is taken.
#[test]
fn readers_see_one_commit() -> Outcome {
    let home = TempDir::new()?;
    let path = home.path().join("sun.helio");
    open(&path)?.rows("CREATE TABLE t AS SELECT value - 50 AS a, 'b' AS b FROM generate_series(0, 100)")?;
    let (stop, commits, reads) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let write = |number: usize| -> Result<(), String> {
        let bench = open(&path).map_err(|error| error.to_string())?;
        for turn in 0.. {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            // Each keeps the sum 0 and the count a multiple of 101.
            let statement = match (turn + number) % 4 {
                0 | 1 => "INSERT INTO t SELECT value - 50, 'b' FROM generate_series(0, 100)",
                2 => "UPDATE t SET a = -a",
                _ => {
                    "CREATE OR REPLACE TABLE t AS SELECT value - 50 AS a, 'b' AS b FROM generate_series(0, 100)"
                }
            };
            match bench.rows(statement) {
                Ok(_) => {
                    commits.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) if error.to_string().contains("only one writer at a time") => {
                    thread::sleep(Duration::from_millis(2));
                }
                Err(error) => return Err(format!("{statement}: {error}")),
            }
        }
        Ok(())
    };
    let read = || -> Result<(), String> {
        let bench = open(&path).map_err(|error| error.to_string())?;
        while !stop.load(Ordering::Relaxed) {
            let rows = bench
                .rows("SELECT count(*) % 101, count(*) > 0, sum(a), max(a) FROM t")
                .map_err(|error| error.to_string())?;
            if rows != [["0", "true", "0", "50"].map(str::to_owned).to_vec()] {
                return Err(format!("found {rows:?}"));
            }
            reads.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    };
    thread::scope(|scope| -> Outcome {
        let writers: Vec<_> = (0..2).map(|number| scope.spawn(move || write(number))).collect();
        let readers: Vec<_> = (0..8).map(|_| scope.spawn(read)).collect();
        thread::sleep(Duration::from_secs(setting("HELIOQL_SECONDS", 3)));
        stop.store(true, Ordering::Relaxed);
        for worker in writers.into_iter().chain(readers) {
            worker.join().map_err(|_| "a worker panicked")??;
        }
        Ok(())
    })?;
    let (commits, reads) = (commits.into_inner(), reads.into_inner());
    println!("{commits} commits, {reads} reads");
    assert!(commits > 3 && reads > 8, "{commits} commits, {reads} reads");
    assert_eq!(problems(&open(&path)?)?, Vec::<Vec<String>>::new());
    Ok(())
}

/// A file that is not what was written is refused by name, or read as it was.
#[test]
fn damage_is_named_or_does_no_harm() -> Outcome {
    let home = TempDir::new()?;
    let path = home.path().join("sun.helio");
    {
        let bench = open(&path)?;
        bench.rows("INSERT INTO sharps SELECT * FROM SIMULATE(n => 12, seed => 1)")?;
        bench.rows("CREATE TABLE t AS SELECT value AS a, 'b' AS b FROM generate_series(1, 100)")?;
        bench.rows("CREATE ENCODER glance WITH (steps = 1, batch = 8) AS SELECT patch FROM sharps")?;
    }
    let asked = |path: &Path| -> Outcome<Vec<String>> {
        let bench = open(path)?;
        let mut state = state(&bench)?;
        let embedded =
            "SELECT round(sum(l2_distance(EMBED(patch, 'glance'), EMBED(patch, 'glance'))), 3) FROM sharps";
        state.extend(column(&bench, embedded)?);
        Ok(state)
    };
    let whole = asked(&path)?;
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in ["", "tables", "models/encoder"] {
        for entry in fs::read_dir(path.join(folder))? {
            let entry = entry?;
            if entry.file_type()?.is_file() && entry.file_name() != "lock" {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    assert!(files.len() >= 5, "{files:?}");
    let mut random = ChaCha8Rng::seed_from_u64(6);
    let (mut refused, mut harmless) = (0, 0);
    for file in &files {
        let bytes = fs::read(file)?;
        for turn in 0..setting("HELIOQL_DAMAGES", 4) {
            let at = random.random_range(0..bytes.len());
            let mut damaged = bytes.clone();
            if turn % 4 == 3 {
                damaged.truncate(at);
            } else {
                damaged[at] ^= 1 << random.random_range(0..8);
            }
            fs::write(file, damaged)?;
            match asked(&path) {
                Ok(answer) => {
                    assert_eq!(answer, whole, "{} at {at}", file.display());
                    harmless += 1;
                }
                Err(error) => {
                    let error = error.to_string();
                    let name = file.file_name().unwrap_or_default().to_string_lossy();
                    assert!(error.contains(&*name), "{name}, byte {at}: {error}");
                    refused += 1;
                }
            }
        }
        fs::write(file, bytes)?;
    }
    assert_eq!(asked(&path)?, whole);
    println!("{refused} damaged files were refused by name, {harmless} did no harm");
    assert!(refused > harmless);
    Ok(())
}

/// A table that cannot be read takes nothing else with it, and can be dropped.
#[test]
fn a_damaged_table_stands_alone() -> Outcome {
    let home = TempDir::new()?;
    let path = home.path().join("sun.helio");
    open(&path)?.rows("CREATE TABLE good AS SELECT value AS a FROM generate_series(1, 100)")?;
    open(&path)?.rows("CREATE TABLE bad AS SELECT value AS a, 'b' AS b FROM generate_series(1, 100)")?;
    let file = path.join("tables/bad-2.parquet");
    let whole = fs::read(&file)?;
    let end = whole.len();
    // A bit among the rows, one in the name of a column, and nothing at all.
    let mut row = whole.clone();
    row[10] ^= 1;
    let mut name = whole.clone();
    let at = whole[..end - 8].iter().rposition(|byte| *byte == b'b');
    name[at.ok_or("a name")?] ^= 4;
    for damaged in [row, name, Vec::new()] {
        fs::write(&file, damaged)?;
        let bench = open(&path)?;
        assert_eq!(column(&bench, "SELECT sum(a) FROM good")?, ["5050"]);
        for sql in [
            "SELECT count(*) FROM bad",
            "SELECT b FROM bad",
            "SELECT a FROM good WHERE a IN (SELECT a FROM Bad)",
            "DESCRIBE bad",
            "UPDATE bad SET a = 1",
            "DELETE FROM bad",
        ] {
            let error = match bench.rows(sql) {
                Ok(rows) => return Err(format!("{sql}: {rows:?}").into()),
                Err(error) => error.to_string(),
            };
            assert!(error.starts_with("table `bad` is damaged: `"), "{sql}: {error}");
            assert!(error.contains("bad-2.parquet"), "{sql}: {error}");
        }
        let problems = problems(&bench)?;
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0][..2], ["table `bad`", "tables/bad-2.parquet"]);
    }
    fs::write(&file, &whole)?;
    assert_eq!(column(&open(&path)?, "SELECT count(b) FROM bad")?, ["100"]);
    fs::remove_file(&file)?;
    let bench = open(&path)?;
    bench.rows("DROP TABLE bad")?;
    assert_eq!(problems(&bench)?, Vec::<Vec<String>>::new());
    Ok(())
}

/// An index whose files are not what was written is made anew, and the answer is that of before.
#[test]
fn a_damaged_index_is_made_anew() -> Outcome {
    let home = TempDir::new()?;
    let path = home.path().join("sun.helio");
    {
        let bench = open(&path)?;
        bench.rows("INSERT INTO sharps SELECT * FROM SIMULATE(n => 40, seed => 1)")?;
        bench.rows("CREATE INDEX sharps_hnsw ON sharps USING HNSW (embedding)")?;
    }
    let asked = |path: &Path, exact: bool| -> Outcome<(Vec<Vec<String>>, Vec<String>)> {
        let bench = open(path)?;
        let warnings = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&warnings);
        bench.session().on_warning(Some(Box::new(move |warning| {
            kept.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(warning.to_owned());
        })));
        // So that it is the graph that answers, which looks at forty candidates and so misses none.
        bench.rows("SET helioql.index_pays_from = 0")?;
        let rows = bench.rows(&format!(
            "SELECT harpnum, t_rec, _distance FROM NEAREST((SELECT patch FROM sharps ORDER BY harpnum, t_rec LIMIT 1), \
             k => 5, exact => {exact}) ORDER BY _rank"
        ))?;
        let warnings = warnings.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok((rows, warnings))
    };
    let (truth, _) = asked(&path, true)?;
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut made = 0;
    for form in ["vectors", "usearch"] {
        for turn in 0..setting("HELIOQL_DAMAGES", 4) {
            assert_eq!(asked(&path, false)?, (truth.clone(), Vec::new()));
            // Those of earlier commits go with the next change after their readers.
            let generation = |file: &PathBuf| -> Option<u64> {
                let (_, generation) = file.file_stem()?.to_str()?.rsplit_once('-')?;
                generation.parse().ok()
            };
            let files = fs::read_dir(path.join("indexes"))?.filter_map(Result::ok);
            let files = files.map(|file| file.path());
            let files = files.filter(|file| file.extension().is_some_and(|found| found == form));
            let file = files.max_by_key(generation).ok_or("no file of the index")?;
            let mut bytes = fs::read(&file)?;
            let at = random.random_range(0..bytes.len());
            match turn % 4 {
                3 => fs::remove_file(&file)?,
                2 => fs::write(&file, &bytes[..at])?,
                _ => {
                    bytes[at] ^= 1 << random.random_range(0..8);
                    fs::write(&file, bytes)?;
                }
            }
            let told = problems(&open(&path)?)?;
            assert!(told.len() == 1 && told[0][0] == "index `sharps_hnsw`", "{told:?}");
            let (rows, warnings) = asked(&path, false)?;
            assert_eq!(rows, truth, "{form}, byte {at}");
            assert!(
                warnings.len() == 1 && warnings[0].starts_with("index `sharps_hnsw` is damaged"),
                "{warnings:?}"
            );
            assert_eq!(problems(&open(&path)?)?, Vec::<Vec<String>>::new());
            made += 1;
        }
    }
    println!("an index was damaged and made anew {made} times");
    Ok(())
}
