//! `.functions [TEXT]`: the functions beside SQL's own.

use super::{Command, Takes, list::list};

pub(super) const COMMAND: Command = Command {
    name: "functions",
    arguments: "[TEXT]",
    takes: Takes::Topic,
    summary: "lists functions with what they do",
    action: |shell, text| list(shell, QUERY, text),
};

const QUERY: &str = "SELECT name, kind, summary FROM system.functions ORDER BY name, kind";
