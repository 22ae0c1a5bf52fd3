//! `.read FILE`: runs a script, as `-f` does.

use super::{Command, Takes, path, usage};
use crate::{
    args::Input,
    error::{Error, Failure},
    exec::Flow,
    script::Source,
    shell::Shell,
};

pub(super) const COMMAND: Command = Command {
    name: "read",
    arguments: "FILE",
    takes: Takes::File,
    summary: "runs a script",
    action,
};

/// Scripts that may read one another; a script that reads itself would never end.
const DEEPEST: usize = 16;

fn action(shell: &mut Shell, arguments: &str) -> Result<Flow, Failure> {
    let path = path(arguments).ok_or_else(|| usage(&COMMAND, arguments))?;
    if shell.reading == DEEPEST {
        let message = format!("{DEEPEST} scripts read one another already; does one of them read itself?");
        return Err(Error::command(message).into());
    }
    let source = Source::read(&Input::File(path.to_owned()))?;
    shell.reading += 1;
    let result = shell.run(&source);
    shell.reading -= 1;
    result
}
