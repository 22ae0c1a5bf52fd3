//! Meta-commands: what the shell itself does. One table holds them all; `.help` and completion read it.
//!
//! A new one is a file under `command/` and a line in [`COMMANDS`].

mod directions;
mod edit;
mod functions;
mod help;
mod history;
mod indexes;
mod keywords;
mod last;
mod list;
mod mode;
mod models;
mod once;
mod open;
mod output;
mod param;
mod quit;
mod read;
mod save;
mod schema;
mod set;
mod show;
mod tables;
mod timer;

use std::path::Path;

use helioql_grammar::{Diagnostic, closest};

pub(crate) use self::help::help_without_catalogue;
use crate::{
    error::{Error, Failure, Result},
    exec::Flow,
    shell::Shell,
};

/// A meta-command.
pub(crate) struct Command {
    /// Its name without the dot.
    pub(crate) name: &'static str,
    /// The form of its arguments, `[…]` optional; empty when it takes none.
    pub(crate) arguments: &'static str,
    /// What its argument names, for completion.
    pub(crate) takes: Takes,
    /// What it does, in a few words.
    pub(crate) summary: &'static str,
    /// Does it, given what stands behind the name, trimmed.
    pub(crate) action: fn(&mut Shell, &str) -> Result<Flow, Failure>,
}

/// What an argument names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Nothing that there is a list of.
    Nothing,
    /// A file or a directory, which a safe session does not touch.
    File,
    /// A table.
    Table,
    /// A generator or an encoder.
    Model,
    /// An index.
    Index,
    /// A keyword.
    Keyword,
    /// What `.help` explains.
    Topic,
    /// A setting, then its value.
    Setting,
    /// A value of this setting.
    ValueOf(&'static str),
    /// A query or an expression.
    Query,
}

/// Every meta-command, sorted by name.
pub(crate) const COMMANDS: &[Command] = &[
    directions::COMMAND,
    edit::COMMAND,
    functions::COMMAND,
    help::COMMAND,
    history::COMMAND,
    indexes::COMMAND,
    keywords::COMMAND,
    last::COMMAND,
    mode::COMMAND,
    models::COMMAND,
    once::COMMAND,
    open::COMMAND,
    output::COMMAND,
    param::COMMAND,
    quit::COMMAND,
    read::COMMAND,
    save::COMMAND,
    schema::COMMAND,
    set::COMMAND,
    show::COMMAND,
    tables::COMMAND,
    timer::COMMAND,
];

/// Runs the meta-command of a line that begins with a dot. A semicolon at its end is forgiven.
///
/// # Errors
/// When there is no such command, or it fails.
pub(crate) fn run(shell: &mut Shell, line: &str) -> Result<Flow, Failure> {
    let (name, arguments) = split(line);
    let name = name.to_lowercase();
    let command = COMMANDS
        .iter()
        .find(|command| command.name == name)
        .ok_or_else(|| unknown(&name))?;
    if command.arguments.is_empty() && !arguments.is_empty() {
        let message = format!("`.{name}` takes no argument, found `{arguments}`");
        return Err(Error::command(message).into());
    }
    if command.takes == Takes::File {
        shell.check_files(&name)?;
    }
    (command.action)(shell, arguments)
}

/// The path that an argument names, with or without quotes.
fn path(argument: &str) -> Option<&Path> {
    let name = argument.trim_matches(['\'', '"']);
    (!name.is_empty()).then(|| Path::new(name))
}

/// The name without its dot, and the arguments.
fn split(line: &str) -> (&str, &str) {
    let line = line.trim().trim_end_matches(';').trim_start_matches('.');
    let (name, arguments) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    (name, arguments.trim())
}

fn unknown(name: &str) -> Error {
    let names = COMMANDS.iter().map(|command| command.name);
    let suggestion = closest(name, names).map(|name| format!(".{name}"));
    let diagnostic = Diagnostic::error(format!("unknown command `.{name}`")).with_suggestion(suggestion);
    diagnostic.with_hint("`.help` lists the commands").into()
}

/// The error of a command given arguments of another form.
fn usage(command: &Command, found: &str) -> Error {
    let Command { name, arguments, .. } = command;
    let found = if found.is_empty() {
        "nothing".to_owned()
    } else {
        format!("`{found}`")
    };
    Error::command(format!("expected `.{name} {arguments}`, found {found}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_sorted_and_documented() {
        assert!(COMMANDS.is_sorted_by_key(|command| command.name));
        assert!(COMMANDS.iter().all(|command| !command.summary.is_empty()));
    }

    #[test]
    fn a_line_is_a_name_and_its_arguments() {
        for (line, expected) in [
            (".tables", ("tables", "")),
            (".tables;", ("tables", "")),
            (".save  a b.png ", ("save", "a b.png")),
            (".show GENERATE(seed => 7);", ("show", "GENERATE(seed => 7)")),
            (".", ("", "")),
        ] {
            assert_eq!(split(line), expected, "{line}");
        }
    }

    #[test]
    fn a_misspelt_command_is_helped_with() {
        let hints = unknown("tabels").diagnostic().hints;
        assert_eq!(hints[0], "did you mean `.tables`?");
    }
}
