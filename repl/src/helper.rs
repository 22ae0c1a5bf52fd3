//! What rustyline asks while a line is typed, each answered by a file of its own.

use rustyline::{Completer, Helper, Highlighter, Hinter, Validator};

use crate::{
    completer::WordCompleter, highlighter::SqlHighlighter, hinter::CallHinter, validator::StatementValidator,
    words::Words,
};

/// Completion, hints, colours and line ends.
#[derive(Default, Helper, Completer, Hinter, Highlighter, Validator)]
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
    /// The names that completion knows.
    pub(crate) fn words(&self) -> &Words {
        &self.completer.words
    }

    /// Takes up the names that there are now.
    pub(crate) fn set_words(&mut self, words: Words) {
        self.hinter.follow(&words);
        self.completer.words = words;
    }
}
