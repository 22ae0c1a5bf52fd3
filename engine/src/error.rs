//! What can go wrong in the engine, and its way through DataFusion: an [`Error`] raised inside a
//! function or a planner travels as `DataFusionError::External` and comes back out as itself.
//!
//! DataFusion's own are written anew in the house form by `error/datafusion.rs`, with the rows of
//! `error/rules.rs`; their place is found by `error/place.rs`, what was meant by `error/names.rs` and, where the parser was lost, by
//! `error/syntax.rs`.

mod datafusion;
mod names;
mod place;
mod rules;
mod syntax;
mod templates;

use std::sync::Arc;

use ::datafusion::{error::DataFusionError, execution::SessionState};
use helioql_grammar::{Diagnostic, ParseError, Span, TokenWithSpan, closest};

use self::{datafusion::Translated, rules::Family, templates::About};
pub(crate) use self::{
    place::{find_words, tokens},
    templates::plain,
};

use crate::{directions::DirectionsError, nn::ModelError, patch, physics, simulator, target::TargetError};

/// The engine's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that a query, a statement or opening a catalogue can fail with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is not a statement, or a call does not fit its function.
    #[error("{}", .0.message)]
    Diagnostic(Box<Diagnostic>),
    /// The catalogue, a FITS file or a stored table.
    #[error(transparent)]
    Catalog(#[from] helioql_catalog::Error),
    /// Weights that do not load, or a network given the wrong shapes.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Directions that cannot be fitted or read.
    #[error(transparent)]
    Directions(#[from] DirectionsError),
    /// A patch whose pixels do not fit its grid.
    #[error(transparent)]
    Patch(#[from] patch::Error),
    /// The simulator was asked for a grid that it cannot draw.
    #[error(transparent)]
    Simulator(#[from] simulator::Error),
    /// A physical quantity could not be computed from what a file holds.
    #[error(transparent)]
    Physics(#[from] physics::Error),
    /// A target that the generator cannot reach; shared, as DataFusion shares the errors of an operator that several read.
    #[error(transparent)]
    Target(Arc<TargetError>),
    /// No model of that kind and name.
    #[error("unknown {kind} `{name}`; known: {known}")]
    UnknownModel {
        /// `generator`, `encoder` or `directions`.
        kind: &'static str,
        /// The name that was asked for.
        name: String,
        /// The names that exist, joined by commas.
        known: String,
    },
    /// Planning or execution by DataFusion.
    #[error("{}", .0.strip_backtrace())]
    DataFusion(Box<DataFusionError>),
    /// An error whose place in the statement was found afterwards.
    #[error("{}", .diagnostic.message)]
    Placed {
        /// What went wrong.
        #[source]
        error: Box<Error>,
        /// The same with its place.
        diagnostic: Box<Diagnostic>,
    },
    /// Reading or writing outside the catalogue.
    #[error("{path}: {source}")]
    Io {
        /// The path that could not be read or written.
        path: std::path::PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A table of keywords that cannot be read.
    #[error("{name}: {reason}")]
    KeywordTable {
        /// The file, or the record set.
        name: String,
        /// What was expected and what was found.
        reason: String,
    },
    /// JSOC cannot be reached, or does not answer what it is asked.
    #[error("{url}: {reason}")]
    Jsoc {
        /// Where it was asked.
        url: String,
        /// What the server or the connection said.
        reason: String,
    },
    /// A catalogue on object storage that cannot be fetched.
    #[error("cannot fetch `{url}`: {reason}")]
    Remote {
        /// The file.
        url: String,
        /// What the storage or the connection said.
        reason: String,
    },
    /// Something that only a catalogue on disk can do, asked of one in memory, or the like.
    #[error("{0}")]
    Unsupported(String),
    /// The statement was cancelled.
    #[error("cancelled")]
    Cancelled,
}

impl Error {
    /// An error of a call, placed at its span.
    pub(crate) fn at(span: Span, message: impl Into<String>) -> Self {
        Self::Diagnostic(Box::new(Diagnostic::error(message.into()).with_span(span)))
    }

    /// The error as data for whoever draws it: the message with, where they are known, the place in the
    /// statement's text, notes and hints, and beside it what else is wrong with the statement.
    pub fn diagnostic(&self) -> Diagnostic {
        match self {
            Self::Diagnostic(diagnostic) | Self::Placed { diagnostic, .. } => (**diagnostic).clone(),
            _ => self.translated().diagnostic,
        }
    }

    /// The error in the house form, and what it is about.
    fn translated(&self) -> Translated {
        match self {
            Self::DataFusion(error) => datafusion::translate(error),
            Self::UnknownModel { kind, name, known } => Translated {
                diagnostic: Diagnostic::error(format!("unknown {kind} `{name}`"))
                    .with_note(format!("known: {known}"))
                    .with_suggestion(closest(name, known.split(", "))),
                about: Some(About::name(name)),
            },
            Self::Model(ModelError::Setting { setting, .. }) => Translated {
                diagnostic: self.diagnostic_as_it_is(),
                about: Some(About::name(setting)),
            },
            Self::Target(error) => Translated {
                diagnostic: self.diagnostic_as_it_is(),
                about: About::arguments(&error.keywords()),
            },
            other => {
                let diagnostic = other.diagnostic_as_it_is();
                let about = templates::title(&diagnostic.message).map(About::call);
                Translated { diagnostic, about }
            }
        }
    }

    fn diagnostic_as_it_is(&self) -> Diagnostic {
        match self {
            Self::Diagnostic(diagnostic) | Self::Placed { diagnostic, .. } => (**diagnostic).clone(),
            other => Diagnostic::error(other.to_string()),
        }
    }

    /// The error with its place among the tokens of a statement, and with the name that was meant if the session knows
    /// one.
    pub(crate) fn located(self, tokens: &[TokenWithSpan], state: &SessionState) -> Self {
        match &self {
            Self::Diagnostic(_)
            | Self::DataFusion(_)
            | Self::UnknownModel { .. }
            | Self::Model(ModelError::Setting { .. }) => {}
            Self::Target(error) if !error.keywords().is_empty() => {}
            _ => return self,
        }
        let Translated { diagnostic, about } = self.translated();
        let diagnostic = names::suggest(diagnostic, about.as_ref(), tokens, state);
        let diagnostic = place::place(diagnostic, about.as_ref(), tokens);
        self.placed(diagnostic)
    }

    /// The same error, of which `diagnostic` says more.
    pub(crate) fn placed(self, diagnostic: Diagnostic) -> Self {
        let diagnostic = Box::new(diagnostic);
        match self {
            Self::Diagnostic(_) => Self::Diagnostic(diagnostic),
            Self::Placed { error, .. } => Self::Placed { error, diagnostic },
            error => Self::Placed {
                error: Box::new(error),
                diagnostic,
            },
        }
    }

    /// Whether nothing in the message says where it lies, though it is about a part of a query.
    pub(crate) fn is_without_words(&self) -> bool {
        match self {
            Self::Placed { error, .. } => error.is_without_words(),
            other => other
                .translated()
                .about
                .is_some_and(|about| about.texts.is_empty()),
        }
    }

    /// Whether it may be nothing but the trace of something that was taken out of its query for NULL, or of a table
    /// that was, with all its columns.
    pub(crate) fn may_follow(&self, a_table: bool) -> bool {
        match self {
            Self::Placed { error, .. } => error.may_follow(a_table),
            Self::DataFusion(inner) => {
                let about = self.translated().about;
                let of_columns = matches!(inner.find_root(), DataFusionError::SchemaError(..));
                about.is_some_and(|about| about.family == Family::Query)
                    || (a_table && of_columns)
                    || says_null(&inner.to_string())
            }
            other => says_null(&other.to_string()),
        }
    }

    /// Whether a file, a table or a model is missing or damaged, as opposed to a query that is wrong.
    pub fn is_missing_or_damaged(&self) -> bool {
        matches!(
            self,
            Self::Io { .. } | Self::Model(_) | Self::UnknownModel { .. } | Self::Remote { .. }
        ) || matches!(self, Self::Catalog(error) if error.is_missing_or_damaged())
            || matches!(self, Self::Placed { error, .. } if error.is_missing_or_damaged())
    }

    /// Whether the statement ended because it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        matches!(
            self,
            Self::Cancelled
                | Self::Model(ModelError::Cancelled)
                | Self::Directions(DirectionsError::Model(ModelError::Cancelled))
        )
    }
}

/// Whether a message speaks of the type of NULL, which is written as Arrow writes it.
fn says_null(message: &str) -> bool {
    message.contains("Null")
}

/// The catalogue's errors come by their kind; all of them are the catalogue's.
macro_rules! from_catalog {
    ($($kind:ty),+) => {
        $(impl From<$kind> for Error {
            fn from(error: $kind) -> Self {
                Self::Catalog(error.into())
            }
        })+
    };
}

from_catalog!(
    helioql_catalog::error::StoreError,
    helioql_catalog::error::RecordError,
    helioql_catalog::error::FitsError
);

impl From<TargetError> for Error {
    fn from(error: TargetError) -> Self {
        Self::Target(Arc::new(error))
    }
}

impl From<Diagnostic> for Error {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Diagnostic(Box::new(diagnostic))
    }
}

impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        error.0.into()
    }
}

impl From<Error> for DataFusionError {
    fn from(error: Error) -> Self {
        match error {
            Error::DataFusion(inner) => *inner,
            other => Self::External(Box::new(other)),
        }
    }
}

impl From<DataFusionError> for Error {
    fn from(error: DataFusionError) -> Self {
        match error {
            DataFusionError::External(inner) => match inner.downcast::<Self>() {
                Ok(own) => *own,
                Err(other) => Self::DataFusion(Box::new(DataFusionError::External(other))),
            },
            DataFusionError::Context(text, inner) => match Self::from(*inner) {
                Self::DataFusion(inner) => Self::DataFusion(Box::new(DataFusionError::Context(text, inner))),
                own => own,
            },
            DataFusionError::Shared(shared) => match Arc::try_unwrap(shared) {
                Ok(inner) => inner.into(),
                Err(shared) => match shared.find_root() {
                    DataFusionError::External(inner) => match inner.downcast_ref::<Self>() {
                        // Callers ask whether it is this one.
                        Some(Self::Cancelled) => Self::Cancelled,
                        // Its place is sought by what it is about.
                        Some(Self::Target(error)) => Self::Target(Arc::clone(error)),
                        Some(own) => own.diagnostic().into(),
                        None => Self::DataFusion(Box::new(DataFusionError::Shared(shared))),
                    },
                    _ => Self::DataFusion(Box::new(DataFusionError::Shared(shared))),
                },
            },
            other => Self::DataFusion(Box::new(other)),
        }
    }
}

impl From<arrow::error::ArrowError> for Error {
    fn from(error: arrow::error::ArrowError) -> Self {
        DataFusionError::from(error).into()
    }
}
