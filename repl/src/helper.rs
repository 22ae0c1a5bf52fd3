//! What rustyline asks while a line is typed, each answered by a file of its own.

use rustyline::{Completer, Helper, Highlighter, Hinter, Validator};

use crate::{
    completer::WordCompleter, highlighter::SqlHighlighter, hinter::CallHinter, validator::StatementValidator,
    words::Vocabulary,
};

/// Completion, hints, colours and line ends.
#[derive(Helper, Completer, Hinter, Highlighter, Validator)]
pub(crate) struct ShellHelper {
    #[rustyline(Completer)]
    completer: WordCompleter,
    #[rustyline(Hinter)]
    hinter: CallHinter,
    #[rustyline(Highlighter)]
    highlighter: SqlHighlighter,
    #[rustyline(Validator)]
    validator: StatementValidator,
}

impl ShellHelper {
    /// A helper that knows these names.
    pub(crate) fn new(vocabulary: &Vocabulary) -> Self {
        Self {
            completer: WordCompleter::new(vocabulary.clone()),
            hinter: CallHinter::new(vocabulary.clone()),
            highlighter: SqlHighlighter,
            validator: StatementValidator,
        }
    }

    /// Whether the line that is being typed, or was let go of, has text.
    pub(crate) fn is_drafting(&self) -> bool {
        self.hinter.drafting.get()
    }
}
