//! `.edit`: the last statement in the editor of `VISUAL` or `EDITOR`, else `vi`; what is written there comes back to
//! the prompt, where Enter runs it.

use std::{fs, io, path::Path, process};

use super::{Command, Takes};
use crate::{
    error::{Error, Failure, Result},
    exec::Flow,
    shell::{Mode, Shell},
};

pub(super) const COMMAND: Command = Command {
    name: "edit",
    arguments: "",
    takes: Takes::Nothing,
    summary: "opens the last statement in an editor and brings it back to the prompt",
    action,
};

/// Where the editor's command may stand, the first before the second.
const VARIABLES: [&str; 2] = ["VISUAL", "EDITOR"];

fn action(shell: &mut Shell, _: &str) -> Result<Flow, Failure> {
    shell.check_files(COMMAND.name)?;
    if shell.mode == Mode::Script {
        return Err(Error::command("`.edit` is for the prompt, and this is a script").into());
    }
    let is_statement = |entry: &&String| !entry.trim_start().starts_with('.');
    let last = shell.typed.iter().rfind(is_statement);
    let text = edited(last.map_or("", String::as_str))?;
    let text = text.trim_end();
    shell.draft = (!text.is_empty()).then(|| text.to_owned());
    Ok(Flow::Continue)
}

/// The text as it is after the editor was left.
fn edited(text: &str) -> Result<String> {
    // The ending tells the editor what it colours.
    let file = tempfile::Builder::new()
        .prefix("helioql-")
        .suffix(".sql")
        .tempfile()?;
    let failed = |source| Error::File {
        path: file.path().to_owned(),
        source,
    };
    fs::write(file.path(), format!("{text}\n")).map_err(failed)?;
    open(file.path())?;
    fs::read_to_string(file.path()).map_err(failed)
}

/// Waits until the editor of a file is left.
fn open(file: &Path) -> Result<()> {
    let mut chosen = VARIABLES.iter().filter_map(|name| std::env::var(name).ok());
    let command = chosen
        .find(|command| !command.trim().is_empty())
        .unwrap_or_else(|| "vi".to_owned());
    let mut words = command.split_whitespace();
    let mut editor = process::Command::new(words.next().unwrap_or("vi"));
    let ended = editor
        .args(words)
        .arg(file)
        .status()
        .map_err(|error: io::Error| {
            Error::command(format!(
                "the editor `{command}` cannot be started: {error}; the variable EDITOR names another"
            ))
        })?;
    if !ended.success() {
        return Err(Error::command(format!(
            "the editor `{command}` ended with {ended}, so what was written there is left alone"
        )));
    }
    Ok(())
}
