//! `.mode FORMAT`: the form of the results that follow, as `--format` sets it.

use super::{Command, Takes, set, usage};
use crate::{error::Failure, exec::Flow, settings, shell::Shell};

pub(super) const COMMAND: Command = Command {
    name: "mode",
    arguments: "FORMAT",
    takes: Takes::ValueOf("format"),
    summary: "sets the form of results, as --format does",
    action,
};

fn action(shell: &mut Shell, name: &str) -> Result<Flow, Failure> {
    let setting = settings::find("format").ok_or_else(|| usage(&COMMAND, name))?;
    set::apply(shell, setting, name)?;
    Ok(Flow::Continue)
}
