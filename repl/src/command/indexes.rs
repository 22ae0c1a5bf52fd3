//! `.indexes [TEXT]`: the vector indexes.

use super::{Command, Takes, list::list};

pub(super) const COMMAND: Command = Command {
    name: "indexes",
    arguments: "[TEXT]",
    takes: Takes::Index,
    summary: "lists vector indexes, and the rows that came after them",
    action: |shell, text| list(shell, QUERY, text),
};

const QUERY: &str = "SELECT name, \"table\", \"column\", metric, storage, rows, later, left_out, bytes \
                     FROM system.indexes ORDER BY name";
