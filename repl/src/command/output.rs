//! `.output [FILE]`: results that follow go to a file, or back to standard output.

use super::{Command, Takes, path};
use crate::{error::Failure, exec::Flow, shell::Shell};

pub(super) const COMMAND: Command = Command {
    name: "output",
    arguments: "[FILE]",
    takes: Takes::File,
    summary: "writes results to a file from now on; to the screen without one",
    action,
};

fn action(shell: &mut Shell, arguments: &str) -> Result<Flow, Failure> {
    shell.out.redirect(path(arguments))?;
    Ok(Flow::Continue)
}
