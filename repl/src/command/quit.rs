//! `.quit`: leaves the shell; in a script, ends it without an error.

use super::{Command, Takes};
use crate::exec::Flow;

pub(super) const COMMAND: Command = Command {
    name: "quit",
    arguments: "",
    takes: Takes::Nothing,
    summary: "leaves the shell (as Ctrl-D does)",
    action: |_, _| Ok(Flow::Quit),
};
