//! `.tables [TEXT]`: the tables and views of the catalogue, with their sizes where they are stored, then
//! those of the system.

use super::{Command, Takes, list::list};

pub(super) const COMMAND: Command = Command {
    name: "tables",
    arguments: "[TEXT]",
    takes: Takes::Table,
    summary: "lists tables and views",
    action: |shell, text| list(shell, QUERY, text),
};

const QUERY: &str = "\
    SELECT CASE WHEN table_schema = 'public' THEN table_name ELSE table_schema || '.' || table_name END AS name, \
           CASE table_type WHEN 'VIEW' THEN 'view' ELSE 'table' END AS kind, \
           stored.rows, stored.bytes \
    FROM information_schema.tables \
    LEFT JOIN system.tables AS stored ON table_schema = 'public' AND table_name = stored.name \
    WHERE table_schema <> 'information_schema' AND table_name <> '_' \
    ORDER BY table_schema <> 'public', 1";
