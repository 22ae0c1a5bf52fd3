//! The error of [`parse`](crate::parse): a diagnostic as a `std::error::Error`.

use crate::diagnostic::Diagnostic;

/// Why a script could not be parsed. The diagnostic's span counts in the whole script.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseError(pub Diagnostic);

impl From<Diagnostic> for ParseError {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(diagnostic)
    }
}
