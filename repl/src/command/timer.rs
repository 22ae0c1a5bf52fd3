//! `.timer on|off`: tells the time of each statement, on standard error so that results stay clean.

use super::{Command, usage};
use crate::{
    error::{Failure, Result},
    exec::Flow,
    shell::Shell,
};

pub(super) const COMMAND: Command = Command {
    name: "timer",
    arguments: "on|off",
    summary: "tells how long each statement takes",
    action,
};

fn action(shell: &mut Shell, arguments: &str) -> Result<Flow, Failure> {
    shell.timer = match arguments {
        "on" => true,
        "off" => false,
        other => return Err(usage(&COMMAND, other).into()),
    };
    Ok(Flow::Continue)
}
