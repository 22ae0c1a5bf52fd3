//! `.quit`: leaves the shell; in a script, ends it without an error.

use super::Command;
use crate::exec::Flow;

pub(super) const COMMAND: Command = Command {
    name: "quit",
    arguments: "",
    summary: "leaves the shell (as Ctrl-D does)",
    action: |_, _| Ok(Flow::Quit),
};
