//! Runs `slt/**/*.slt`, every file on a session of its own (see `slt/README.md`).
//!
//! ```text
//! cargo test --release -p helioql-tests --test sqllogictest -- nearest       only files with that name
//! cargo test --release -p helioql-tests --test sqllogictest -- --complete    write what is found into the files
//! ```

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use helioql_tests::{Bench, observations, rows};
use sqllogictest::{
    DBOutput, DefaultColumnType, Runner,
    column_type::ColumnType,
    harness::{Arguments, Failed, Trial, glob, run},
    runner::{default_normalizer, default_validator, strict_column_validator},
};

/// Where the files stand.
const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/slt");
/// The first line of a file that is also run on a catalogue on disk, with the same answers.
const ON_DISK: &str = "# In memory and on disk.";
/// The first line of a file about what there is only on disk.
const ONLY_ON_DISK: &str = "# On disk.";
/// The condition of records that need real observations, and the folder it stands for.
const CONDITION: (&str, &str) = ("fits", "fits");

fn main() -> ExitCode {
    let (flags, arguments): (Vec<_>, Vec<_>) =
        std::env::args().partition(|argument| argument == "--complete");
    let complete = !flags.is_empty();
    let paths = glob(&format!("{FILES}/**/*.slt"))
        .into_iter()
        .flatten()
        .filter_map(Result::ok);
    let trials: Vec<Trial> = paths.flat_map(|path| trials(path, complete)).collect();
    assert!(!trials.is_empty(), "no .slt files in {FILES}");
    run(&Arguments::from_iter(arguments), trials).exit_code()
}

fn trials(path: PathBuf, complete: bool) -> Vec<Trial> {
    let name = path
        .strip_prefix(FILES)
        .unwrap_or(&path)
        .with_extension("")
        .display()
        .to_string();
    let text = fs::read_to_string(&path).unwrap_or_default();
    let first = text.lines().next();
    let only_on_disk = first == Some(ONLY_ON_DISK);
    let bench = move || {
        if only_on_disk {
            Bench::stored()
        } else {
            Bench::simulated()
        }
    };
    if complete {
        return vec![Trial::test(name, move || write(&path, bench()?))];
    }
    let mut trials = Vec::new();
    if first == Some(ON_DISK) {
        let path = path.clone();
        let name = format!("{name} on disk");
        trials.push(Trial::test(name, move || check(&path, Bench::stored()?)));
    }
    trials.push(Trial::test(name, move || check(&path, bench()?)));
    trials
}

fn check(path: &Path, bench: Bench) -> Result<(), Failed> {
    let mut runner = runner(path, bench)?;
    runner.with_column_validator(strict_column_validator);
    runner.run_file(path)?;
    Ok(())
}

/// Replaces what a file expects by what is found. To be read before it is committed.
fn write(path: &Path, bench: Bench) -> Result<(), Failed> {
    let mut runner = runner(path, bench)?;
    let written = runner.update_test_file(
        path,
        " ",
        default_validator,
        default_normalizer,
        strict_column_validator,
    );
    futures::executor::block_on(written).map_err(|error| error.to_string())?;
    Ok(())
}

type Connect = Box<dyn FnMut() -> std::future::Ready<Result<Connection, Report>> + Send>;

fn runner(path: &Path, bench: Bench) -> Result<Runner<Connection, Connect>, Failed> {
    let bench = Arc::new(bench);
    let connect: Connect = Box::new(move || std::future::ready(Ok(Connection(Arc::clone(&bench)))));
    let mut runner = Runner::new(connect);
    let (condition, folder) = CONDITION;
    let needed = format!("onlyif {condition}");
    if fs::read_to_string(path)?.lines().any(|line| line == needed) {
        let folder = observations::folder(folder, &path.display().to_string());
        if folder.is_some() {
            runner.add_label(condition);
        }
        // Variables are put in before conditions are looked at, so it must be there in any case.
        runner.set_var(
            "FITS".to_owned(),
            folder.unwrap_or_default().display().to_string(),
        );
    }
    Ok(runner)
}

/// A session as sqllogictest sees a database.
struct Connection(Arc<Bench>);

impl sqllogictest::DB for Connection {
    type Error = Report;
    type ColumnType = DefaultColumnType;

    fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Report> {
        let report = |error: helioql::Error| Report(error.diagnostic().render(sql, None));
        let (schema, batches) = self.0.batches(sql).map_err(report)?;
        if schema.fields().is_empty() {
            return Ok(DBOutput::StatementComplete(0));
        }
        let mut types: Vec<_> = schema
            .fields()
            .iter()
            .map(|field| rows::type_letter(field.data_type()))
            .collect();
        let mut rows = rows::texts(&batches).map_err(|error| Report(error.to_string()))?;
        if schema
            .fields()
            .iter()
            .map(|field| field.name())
            .eq(["plan_type", "plan"])
        {
            (types, rows) = (vec!['T'], rows::plan_lines(&rows));
        }
        let types = types
            .into_iter()
            .filter_map(DefaultColumnType::from_char)
            .collect();
        Ok(DBOutput::Rows { types, rows })
    }
}

/// An error as the shell shows it, with its place.
#[derive(Debug)]
struct Report(String);

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Report {}
