//! What can go wrong in the shell, and the exit code that each kind means.

use std::{io, path::PathBuf, time::Duration};

use arrow::error::ArrowError;
use helioql_grammar::{Diagnostic, Location, ParseError, Span};

use crate::{exit::Exit, script::Source};

/// The shell's result.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that ends a statement, a script or the shell early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The engine refused a statement, or could not finish it.
    #[error(transparent)]
    Engine(#[from] helioql::Error),
    /// A meta-command that does not exist, or that was given the wrong arguments.
    #[error("{}", .0.message)]
    Command(Box<Diagnostic>),
    /// A file of the user's that cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file as it was named.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The output cannot be written.
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
    /// A value that the chosen format has no form for.
    #[error("the result cannot be written in this format: {0}")]
    Format(ArrowError),
    /// The prompt's terminal failed.
    #[error("the terminal cannot be read: {0}")]
    Terminal(#[from] rustyline::error::ReadlineError),
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// A statement ran longer than it may.
    #[error("the statement ran longer than {}", humantime::format_duration(*.0))]
    TimedOut(Duration),
    /// A mistake of ours.
    #[error("internal error: {0}; please report it with the statement that led to it")]
    Internal(String),
}

impl Error {
    /// A meta-command that failed.
    pub(crate) fn command(message: impl Into<String>) -> Self {
        Diagnostic::error(message).into()
    }

    /// The exit code of a script that ends with this error.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Interrupted => Exit::Interrupted,
            Self::TimedOut(_) => Exit::TimedOut,
            Self::Engine(error) if error.is_cancelled() => Exit::Interrupted,
            Self::Engine(error) if error.is_missing_or_damaged() => Exit::Missing,
            Self::File { .. } => Exit::Missing,
            _ => Exit::Query,
        }
    }

    /// Whether nobody reads our output any more, as when it goes into `head`. That is no failure.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The error as data for whoever draws it.
    pub(crate) fn diagnostic(&self) -> Diagnostic {
        match self {
            Self::Engine(error) if exhausts_memory(error) => Diagnostic::error(
                "the query needs more memory than it may use",
            )
            .with_hint(
                "`--memory-limit` says how much; fewer rows at once, or a smaller side of a join, need less",
            ),
            Self::Engine(error) => error.diagnostic(),
            Self::Command(diagnostic) => (**diagnostic).clone(),
            Self::TimedOut(_) => Diagnostic::error(self.to_string())
                .with_hint("`--timeout` and `.set timeout` say how long it may"),
            other => Diagnostic::error(other.to_string()),
        }
    }
}

/// Whether `DataFusion` had no memory left within the limit. It says so with a list of its operators.
fn exhausts_memory(error: &helioql::Error) -> bool {
    match error {
        helioql::Error::DataFusion(error) => {
            matches!(
                error.find_root(),
                helioql::datafusion::error::DataFusionError::ResourcesExhausted(_)
            )
        }
        helioql::Error::Placed { error, .. } => exhausts_memory(error),
        _ => false,
    }
}

impl From<Diagnostic> for Error {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Command(Box::new(diagnostic))
    }
}

impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        helioql::Error::from(error).into()
    }
}

/// Arrow wraps what the writer under it said; a closed pipe must still be known as one.
impl From<ArrowError> for Error {
    fn from(error: ArrowError) -> Self {
        match error {
            ArrowError::IoError(_, source) => Self::Output(source),
            other => Self::Format(other),
        }
    }
}

/// An error with the text that its place counts in.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What went wrong.
    pub(crate) error: Error,
    /// Where, when it was about a text.
    pub(crate) source: Option<Source>,
}

impl Failure {
    /// An error in `source`.
    pub(crate) fn within(source: Source, error: impl Into<Error>) -> Self {
        Self {
            error: error.into(),
            source: Some(source),
        }
    }

    /// Gives an error that has no place yet that of a line of `source`.
    pub(crate) fn or_at_line(self, source: &Source, line: usize) -> Self {
        let at = |column| Location::new(line as u64, column);
        match self {
            Self {
                error: Error::Command(diagnostic),
                source: None,
            } => Self::within(
                source.clone(),
                diagnostic.with_span(Span::new(at(1), at(u64::MAX))),
            ),
            other => other,
        }
    }
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self {
            error: error.into(),
            source: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_pipe_is_known_through_arrow() {
        let closed = || io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(Error::from(closed()).is_closed_pipe());
        assert!(Error::from(ArrowError::from(closed())).is_closed_pipe());
        assert!(!Error::from(io::Error::from(io::ErrorKind::StorageFull)).is_closed_pipe());
    }

    #[test]
    fn exit_codes_tell_the_cause() {
        let missing = Error::File {
            path: "a.sql".into(),
            source: io::ErrorKind::NotFound.into(),
        };
        assert_eq!(missing.exit(), Exit::Missing);
        assert_eq!(Error::Interrupted.exit(), Exit::Interrupted);
        assert_eq!(Error::TimedOut(Duration::from_secs(1)).exit(), Exit::TimedOut);
        assert_eq!(Error::from(helioql::Error::Cancelled).exit(), Exit::Interrupted);
        assert_eq!(Error::command("no such command").exit(), Exit::Query);
    }

    #[test]
    fn a_mistake_in_a_command_is_placed_once() {
        let script = Source::of("SELECT 1;\n.tabels");
        let placed = Failure::from(Error::command("no such command")).or_at_line(&script, 2);
        assert_eq!(
            placed.error.diagnostic().span.map(|span| span.start.line),
            Some(2)
        );
        let query = Source::of("SELECT GENERATE()");
        let failure = Failure::within(query.clone(), Error::Interrupted).or_at_line(&script, 2);
        assert_eq!(failure.source, Some(query));
    }
}
