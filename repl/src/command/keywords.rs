//! `.keywords [TEXT]`: the quantities that tables, functions and arguments are named after.

use super::{Command, Takes, list::list};

pub(super) const COMMAND: Command = Command {
    name: "keywords",
    arguments: "[TEXT]",
    takes: Takes::Keyword,
    summary: "lists keywords with their units and meanings",
    action: |shell, text| list(shell, QUERY, text),
};

const QUERY: &str = "SELECT name, unit, summary FROM system.keywords ORDER BY name";
