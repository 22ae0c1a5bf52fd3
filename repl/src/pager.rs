//! A pager for what is longer than the screen: that of `HELIOQL_PAGER` or `PAGER`, else `less`. What fits is
//! written as it is, so no program starts for it, and the first lines of a long result do not wait.

use std::{
    io::{self, BufWriter, Write},
    process::{Child, ChildStdin, Command, Stdio},
};

/// Where the pager's command may stand, the first before the second. An empty one means none.
const VARIABLES: [&str; 2] = ["HELIOQL_PAGER", "PAGER"];
/// How `less` shows a result where its user has not said otherwise: colours as they are, lines cut instead of
/// wrapped, and the screen left as it was.
const LESS: (&str, &str) = ("LESS", "RSX");

/// Holds back as much as a screen shows; all of it goes to the pager once there is more.
pub(crate) struct Pager {
    /// Lines that may still be held back.
    lines: usize,
    held: Vec<u8>,
    state: State,
}

enum State {
    /// Nothing is shown yet.
    Holding,
    /// A pager reads.
    Running(Child, BufWriter<ChildStdin>),
    /// There is no pager, so nothing is held back.
    Missing,
}

impl Pager {
    /// A pager for results of more than `lines` lines.
    pub(crate) fn new(lines: usize) -> Self {
        Self {
            lines,
            held: Vec::new(),
            state: State::Holding,
        }
    }

    /// Shows what was held back, or waits until the pager is left.
    ///
    /// # Errors
    /// When the terminal cannot be written.
    pub(crate) fn finish(self) -> io::Result<()> {
        match self.state {
            State::Holding => io::stdout().write_all(&self.held),
            State::Running(mut child, stdin) => {
                // The end of its input tells it that this is all; it may have been left before.
                let _ = stdin.into_inner();
                child.wait().map(|_| ())
            }
            State::Missing => Ok(()),
        }
    }

    fn start(&mut self) -> io::Result<()> {
        match spawn() {
            Some((child, stdin)) => self.state = State::Running(child, BufWriter::new(stdin)),
            None => self.state = State::Missing,
        }
        let held = std::mem::take(&mut self.held);
        self.write_all(&held)
    }
}

impl Write for Pager {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.state {
            State::Running(_, stdin) => stdin.write(bytes),
            State::Missing => io::stdout().write(bytes),
            State::Holding => {
                self.held.extend_from_slice(bytes);
                let lines = bytes.split(|byte| *byte == b'\n').count() - 1;
                match self.lines.checked_sub(lines) {
                    Some(left) => self.lines = left,
                    None => self.start()?,
                }
                Ok(bytes.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.state {
            State::Running(_, stdin) => stdin.flush(),
            State::Missing => io::stdout().flush(),
            State::Holding => Ok(()),
        }
    }
}

/// The pager with its input, if there is one.
fn spawn() -> Option<(Child, ChildStdin)> {
    let chosen = VARIABLES.iter().find_map(|name| std::env::var(name).ok());
    let command = chosen.unwrap_or_else(|| "less".to_owned());
    let mut words = command.split_whitespace();
    let mut pager = Command::new(words.next()?);
    pager.args(words).stdin(Stdio::piped());
    if std::env::var_os(LESS.0).is_none() {
        pager.env(LESS.0, LESS.1);
    }
    let mut child = pager.spawn().ok()?;
    let stdin = child.stdin.take()?;
    Some((child, stdin))
}
