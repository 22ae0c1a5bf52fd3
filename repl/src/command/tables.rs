//! `.tables`: the tables and views of the catalogue, then those of the system.

use super::Command;
use crate::{exec::Flow, shell::Shell};

pub(super) const COMMAND: Command = Command {
    name: "tables",
    arguments: "",
    summary: "lists tables and views",
    action: |shell: &mut Shell, _| shell.show_query(QUERY).map(|()| Flow::Continue),
};

const QUERY: &str = "\
    SELECT CASE WHEN table_schema = 'public' THEN table_name ELSE table_schema || '.' || table_name END AS name, \
           CASE table_type WHEN 'VIEW' THEN 'view' ELSE 'table' END AS kind \
    FROM information_schema.tables \
    WHERE table_schema <> 'information_schema' \
    ORDER BY table_schema <> 'public', name";
