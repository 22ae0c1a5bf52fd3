//! `.once FILE`: the next result goes to a file.

use super::{Command, Takes, path, usage};
use crate::{error::Failure, exec::Flow, shell::Shell};

pub(super) const COMMAND: Command = Command {
    name: "once",
    arguments: "FILE",
    takes: Takes::File,
    summary: "writes the next result to a file",
    action,
};

fn action(shell: &mut Shell, arguments: &str) -> Result<Flow, Failure> {
    let path = path(arguments).ok_or_else(|| usage(&COMMAND, arguments))?;
    shell.out.redirect_once(path)?;
    Ok(Flow::Continue)
}
