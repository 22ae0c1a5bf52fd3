//! `.last`: the last result once more, all of its rows.

use super::{Command, Takes};
use crate::{
    error::{Error, Failure},
    exec::Flow,
    last::NAME,
    shell::Shell,
};

pub(super) const COMMAND: Command = Command {
    name: "last",
    arguments: "",
    takes: Takes::Nothing,
    summary: "shows the last result whole; it is the table `_`",
    action,
};

fn action(shell: &mut Shell, _: &str) -> Result<Flow, Failure> {
    let exists = shell
        .session
        .context()
        .table_exist(NAME)
        .map_err(helioql::Error::from)?;
    if !exists {
        return Err(Error::command("no result is kept: there was none, or it was larger than 64 MB").into());
    }
    let usual = shell.view.screen;
    if let Some(screen) = &mut shell.view.screen {
        screen.rows = usize::MAX;
    }
    let shown = shell.show_query(&format!("SELECT * FROM {NAME}"));
    shell.view.screen = usual;
    shown.map(|()| Flow::Continue)
}
