//! `.directions [TEXT]`: the generators that have directions to steer along.

use super::{Command, Takes, list::list};

pub(super) const COMMAND: Command = Command {
    name: "directions",
    arguments: "[TEXT]",
    takes: Takes::Model,
    summary: "lists generators with directions to steer along",
    action: |shell, text| list(shell, QUERY, text),
};

const QUERY: &str =
    "SELECT name, origin, CAST(bytes AS BIGINT) AS bytes, checksum FROM system.directions ORDER BY name";
