//! The names that completion offers: SQL's words, ours, and what the open catalogue has.

use std::collections::BTreeSet;

use helioql::{Result, Session, datafusion::prelude::SessionContext};
use helioql_grammar::keywords::KEYWORDS;

/// SQL's words that queries are made of. `sqlparser` knows a thousand, most of which would be in the way.
const SQL: &[&str] = &[
    "ALL",
    "ANALYZE",
    "AND",
    "AS",
    "ASC",
    "BETWEEN",
    "BY",
    "CASE",
    "CAST",
    "COPY",
    "CREATE",
    "CROSS",
    "DELETE",
    "DESC",
    "DESCRIBE",
    "DISTINCT",
    "DROP",
    "ELSE",
    "END",
    "EXCEPT",
    "EXISTS",
    "EXPLAIN",
    "FALSE",
    "FOR",
    "FROM",
    "FULL",
    "GROUP",
    "HAVING",
    "IN",
    "INNER",
    "INSERT",
    "INTERSECT",
    "INTERVAL",
    "INTO",
    "IS",
    "JOIN",
    "LATERAL",
    "LEFT",
    "LIKE",
    "LIMIT",
    "NOT",
    "NULL",
    "OFFSET",
    "ON",
    "OR",
    "ORDER",
    "OUTER",
    "OVER",
    "PARTITION",
    "RECURSIVE",
    "REPLACE",
    "RIGHT",
    "SELECT",
    "SHOW",
    "TABLE",
    "THEN",
    "TO",
    "TRUE",
    "UNION",
    "UNNEST",
    "USING",
    "VALUES",
    "VIEW",
    "WHEN",
    "WHERE",
    "WITH",
];

/// Whether `word` is one of the language's words, in any case.
pub(crate) fn is_keyword(word: &str) -> bool {
    let word = word.to_uppercase();
    SQL.binary_search(&word.as_str())
        .or_else(|_| KEYWORDS.binary_search(&word.as_str()))
        .is_ok()
}

/// Every name that can be completed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Words {
    /// Keywords, upper case.
    pub(crate) keywords: Vec<&'static str>,
    /// Tables and views; those outside the default schema with its name.
    pub(crate) tables: Vec<String>,
    /// Columns of all tables, and keywords' names.
    pub(crate) columns: Vec<String>,
    /// Scalar, aggregate, window and table functions.
    pub(crate) functions: Vec<String>,
}

impl Words {
    /// Reads what `session` knows.
    ///
    /// # Errors
    /// When a table of the catalogue cannot be read.
    pub(crate) async fn of(session: &Session) -> Result<Self> {
        let context = session.context();
        let (tables, columns) = tables(context).await?;
        Ok(Self {
            keywords: [SQL, KEYWORDS].concat(),
            tables,
            columns,
            functions: functions(context),
        })
    }
}

async fn tables(context: &SessionContext) -> Result<(Vec<String>, Vec<String>)> {
    let (mut tables, mut columns) = (BTreeSet::new(), BTreeSet::new());
    let options = context.copied_config().options().catalog.clone();
    let Some(catalogue) = context.catalog(&options.default_catalog) else {
        return Ok(Default::default());
    };
    for schema_name in catalogue.schema_names() {
        let Some(schema) = catalogue.schema(&schema_name) else {
            continue;
        };
        let is_default = schema_name == options.default_schema;
        for name in schema.table_names() {
            if let Some(table) = schema.table(&name).await?
                && schema_name != "information_schema"
            {
                columns.extend(table.schema().fields().iter().map(|field| field.name().clone()));
            }
            tables.insert(if is_default {
                name
            } else {
                format!("{schema_name}.{name}")
            });
        }
    }
    Ok((tables.into_iter().collect(), columns.into_iter().collect()))
}

fn functions(context: &SessionContext) -> Vec<String> {
    let state = context.state();
    let names = state.scalar_functions().keys();
    let names = names
        .chain(state.aggregate_functions().keys())
        .chain(state.window_functions().keys());
    // NEAREST is known to the planner of relations only; GENERATE and STEER in FROM have a second name
    // each, which only the planner calls.
    let names: BTreeSet<String> = names.cloned().chain(["nearest".to_owned()]).collect();
    let is_internal = |name: &str| name.starts_with('_') || name.ends_with("_rows");
    names.into_iter().filter(|name| !is_internal(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_sorted_for_the_search() {
        assert!(SQL.is_sorted());
        assert!(KEYWORDS.is_sorted());
        assert!(is_keyword("select") && is_keyword("GENERATOR") && !is_keyword("usflux"));
    }

    #[tokio::test]
    async fn names_come_from_the_catalogue() -> Result<()> {
        let session = helioql::Engine::in_memory().session().await?;
        let words = Words::of(&session).await?;
        assert!(words.tables.contains(&"sharps".to_owned()), "{:?}", words.tables);
        assert!(
            words.columns.contains(&"usflux".to_owned()),
            "{:?}",
            words.columns
        );
        assert!(
            !words.functions.contains(&"generate_rows".to_owned()),
            "{:?}",
            words.functions
        );
        assert!(
            words.functions.contains(&"generate".to_owned()),
            "{:?}",
            words.functions
        );
        Ok(())
    }
}
