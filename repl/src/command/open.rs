//! `.open [DIRECTORY or URL]`: goes on with another catalogue, or with the demo.

use super::{Command, Takes, path};
use crate::{error::Failure, exec::Flow, shell::Shell};

pub(super) const COMMAND: Command = Command {
    name: "open",
    arguments: "[DIRECTORY or URL]",
    takes: Takes::File,
    summary: "opens another catalogue; the demo without one",
    action,
};

fn action(shell: &mut Shell, arguments: &str) -> Result<Flow, Failure> {
    shell.open_catalogue(path(arguments))?;
    Ok(Flow::Continue)
}
