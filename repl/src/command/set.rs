//! `.set [NAME VALUE]`: a setting of the shell or, for any other name, of the engine; without arguments, the
//! shell's settings.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use helioql_grammar::{Diagnostic, closest};

use super::{Command, Takes, usage};
use crate::{
    error::{Error, Failure, Result},
    exec::Flow,
    settings::{self, SETTINGS, Setting},
    shell::Shell,
};

pub(super) const COMMAND: Command = Command {
    name: "set",
    arguments: "[NAME VALUE]",
    takes: Takes::Setting,
    summary: "changes a setting; lists them without one",
    action,
};

fn action(shell: &mut Shell, arguments: &str) -> Result<Flow, Failure> {
    if arguments.is_empty() {
        let settings = listed(shell)?;
        shell.show_batch(&settings)?;
        return Ok(Flow::Continue);
    }
    let is_gap = |letter: char| letter.is_whitespace() || letter == '=';
    let Some((name, value)) = arguments.split_once(is_gap) else {
        return Err(usage(&COMMAND, arguments).into());
    };
    let value = value.trim_matches(is_gap);
    if name.contains('.') {
        let value = value.trim_matches('\'').replace('\'', "''");
        shell.show_query(&format!("SET {name} = '{value}'"))?;
        return Ok(Flow::Continue);
    }
    let setting = settings::find(name).ok_or_else(|| unknown(name))?;
    apply(shell, setting, value)?;
    Ok(Flow::Continue)
}

/// Gives a setting of the shell a value.
///
/// # Errors
/// When it does not take this one, with those that it does.
pub(super) fn apply(shell: &mut Shell, setting: &Setting, value: &str) -> Result<()> {
    (setting.set)(shell, value).ok_or_else(|| {
        let values = (setting.values)().join(", ");
        Error::command(format!("`{}` takes {values}; found `{value}`", setting.name))
    })
}

fn unknown(name: &str) -> Error {
    let names = SETTINGS.iter().map(|setting| setting.name);
    Diagnostic::error(format!("there is no setting `{name}`"))
        .with_suggestion(closest(name, names))
        .with_hint("`.set` lists those of the shell; the engine's begin with `datafusion.`")
        .into()
}

fn listed(shell: &Shell) -> Result<RecordBatch> {
    let column = |text: &dyn Fn(&Setting) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(SETTINGS.iter().map(text)))
    };
    Ok(RecordBatch::try_from_iter([
        ("name", column(&|setting| setting.name.to_owned())),
        ("value", column(&|setting| (setting.get)(shell))),
        ("summary", column(&|setting| setting.summary.to_owned())),
        ("values", column(&|setting| (setting.values)().join(", "))),
    ])?)
}
