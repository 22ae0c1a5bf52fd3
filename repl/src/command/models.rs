//! `.models [TEXT]`: the generators and encoders that statements can name.

use super::{Command, Takes, list::list};

pub(super) const COMMAND: Command = Command {
    name: "models",
    arguments: "[TEXT]",
    takes: Takes::Model,
    summary: "lists generators and encoders",
    action: |shell, text| list(shell, QUERY, text),
};

const QUERY: &str = "\
    SELECT 'generator' AS kind, name, origin, CAST(bytes AS BIGINT) AS bytes, checksum FROM system.generators \
    UNION ALL \
    SELECT 'encoder', name, origin, CAST(bytes AS BIGINT), checksum FROM system.encoders \
    ORDER BY kind DESC, name";
