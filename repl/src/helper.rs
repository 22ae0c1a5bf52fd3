//! What rustyline asks while a line is typed, each answered by a file of its own.

use rustyline::{Completer, Helper, Highlighter, Hinter, Validator};

use crate::{completer::WordCompleter, highlighter::SqlHighlighter, validator::StatementValidator};

/// Completion, colours and line ends.
#[derive(Default, Helper, Completer, Hinter, Highlighter, Validator)]
pub(crate) struct ShellHelper {
    /// Completion, whose words follow the catalogue.
    #[rustyline(Completer)]
    pub(crate) completer: WordCompleter,
    #[rustyline(Highlighter)]
    highlighter: SqlHighlighter,
    #[rustyline(Validator)]
    validator: StatementValidator,
}
