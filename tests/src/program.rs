//! The program `helioql` as a process: what it is given, what it writes, how it ends.

use std::{
    env,
    ffi::OsStr,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// The program with these arguments, its demo catalogue in the build's own folder, and standard input closed.
///
/// # Panics
/// When the program has not been built.
pub fn helioql<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(binary());
    command
        .args(arguments)
        .env("HELIOQL_CACHE", cache())
        .stdin(Stdio::null());
    command
}

/// Runs a command to its end.
///
/// # Errors
/// When it cannot be started.
pub fn run(command: &mut Command) -> io::Result<Outcome> {
    let output = command.output()?;
    Ok(Outcome {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Runs a command that reads `input`.
///
/// # Errors
/// When it cannot be started or does not read.
pub fn run_with_input(command: &mut Command, input: &str) -> io::Result<Outcome> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    Ok(Outcome {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// The newest of the program itself and its copy among this package's examples: cargo builds the latter with
/// the tests, but not when a single one of them is named.
fn binary() -> PathBuf {
    let built = profile_folder();
    let name = format!("helioql{}", env::consts::EXE_SUFFIX);
    let age = |path: &PathBuf| path.metadata().and_then(|metadata| metadata.modified()).ok();
    let found = [built.join("examples").join(&name), built.join(&name)]
        .into_iter()
        .max_by_key(age);
    match found.filter(|path| path.is_file()) {
        Some(path) => path,
        None => panic!(
            "{name} is not in {}: `cargo build --release` makes it",
            built.display()
        ),
    }
}

fn cache() -> PathBuf {
    profile_folder().join("../tmp/helioql-cache")
}

/// `target/release` of `target/release/deps/shell-0123456789abcdef`.
fn profile_folder() -> PathBuf {
    let test = env::current_exe().unwrap_or_default();
    test.parent()
        .and_then(Path::parent)
        .map(Path::to_owned)
        .unwrap_or_default()
}
