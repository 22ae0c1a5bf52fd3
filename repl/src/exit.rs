//! Exit codes: what scripts and `make` are told.

use std::process::ExitCode;

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All was done.
    Success = 0,
    /// A statement or a meta-command failed.
    Query = 1,
    /// The arguments were not understood.
    Usage = 2,
    /// A file, a table or a model is missing or damaged.
    Missing = 3,
    /// Out of time, as `timeout` of coreutils has it.
    TimedOut = 124,
    /// Ctrl-C; 128 + SIGINT, as shells count.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
