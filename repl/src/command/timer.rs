//! `.timer on|off`: tells the time of each statement, on standard error so that results stay clean.

use super::{Command, Takes, set, usage};
use crate::{error::Failure, exec::Flow, settings, shell::Shell};

pub(super) const COMMAND: Command = Command {
    name: "timer",
    arguments: "on|off",
    takes: Takes::ValueOf("timer"),
    summary: "tells how long each statement takes",
    action,
};

fn action(shell: &mut Shell, arguments: &str) -> Result<Flow, Failure> {
    let setting = settings::find("timer").ok_or_else(|| usage(&COMMAND, arguments))?;
    set::apply(shell, setting, arguments)?;
    Ok(Flow::Continue)
}
