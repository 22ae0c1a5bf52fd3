//! The names that completion offers: SQL's words, ours, and what the open catalogue has.

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError, RwLock},
};

use helioql::{
    Result, Session,
    datafusion::{arrow::array::AsArray, prelude::SessionContext},
    documentation::{Page, pages},
};
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

/// The names as they are known now. They are read beside the prompt, which does not wait for them.
#[derive(Debug, Default, Clone)]
pub(crate) struct Vocabulary(Arc<RwLock<Arc<Words>>>);

impl Vocabulary {
    /// What is known.
    pub(crate) fn words(&self) -> Arc<Words> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads what `session` knows now. Without it the prompt works too: a table that cannot be read is told when it
    /// is queried.
    pub(crate) async fn refresh(self, session: Arc<Session>) {
        let known = self.words();
        let words = if known.functions.is_empty() {
            Words::of(&session).await
        } else {
            Words::clone(&known).refreshed(&session).await
        };
        if let Ok(words) = words {
            *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(words);
        }
    }
}

/// Every name that can be completed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Words {
    /// Keywords of the language, upper case.
    pub(crate) keywords: Vec<&'static str>,
    /// Tables and views; those outside the default schema with its name.
    pub(crate) tables: Vec<Table>,
    /// Scalar, aggregate, window and table functions, and the statements that have options.
    pub(crate) functions: Vec<Function>,
    /// Generators.
    pub(crate) generators: Vec<String>,
    /// Encoders.
    pub(crate) encoders: Vec<String>,
    /// Indexes.
    pub(crate) indexes: Vec<String>,
    /// Keywords of the registry.
    pub(crate) quantities: Vec<String>,
    /// Settings of the engine.
    pub(crate) settings: Vec<String>,
    /// What there is help on.
    pub(crate) topics: Vec<String>,
}

/// A table and its columns.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    /// Its name.
    pub(crate) name: String,
    /// Their names.
    pub(crate) columns: Vec<String>,
}

/// A function, or a statement with options.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// Whether it stands in expressions.
    pub(crate) is_scalar: bool,
    /// Whether it stands in FROM.
    pub(crate) in_from: bool,
    /// Its arguments, where they have names.
    pub(crate) arguments: Vec<Argument>,
    /// The columns that it has in FROM.
    pub(crate) columns: Vec<String>,
}

/// An argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Argument {
    /// Its name.
    pub(crate) name: String,
    /// What stands between the name and the value.
    pub(crate) sign: &'static str,
    /// What it takes, with its unit.
    pub(crate) takes: String,
}

/// Calls by whose plans the columns of functions in FROM are told. What cannot be planned has none.
const CALLS: [&str; 5] = [
    "generate()",
    "simulate(n => 1)",
    "nearest(GENERATE())",
    "steer(GENERATE(), by => 1)",
    "recordset('hmi.sharp_cea_720s[1]')",
];

impl Words {
    /// Reads what `session` knows.
    ///
    /// # Errors
    /// When a table of the catalogue cannot be read.
    pub(crate) async fn of(session: &Session) -> Result<Self> {
        let context = session.context();
        let pages = pages(session);
        let mut functions = functions(context, &pages);
        for call in CALLS {
            let name = call.split('(').next().unwrap_or_default();
            if let Ok(frame) = session.sql(&format!("SELECT * FROM {call}")).await
                && let Some(function) = functions
                    .iter_mut()
                    .find(|function| function.in_from && function.name == name)
            {
                let fields = frame.schema().fields();
                function.columns = fields.iter().map(|field| field.name().clone()).collect();
            }
        }
        let topics: BTreeSet<String> = pages.iter().map(|page| page.name.clone()).collect();
        Ok(Self {
            keywords: [SQL, KEYWORDS].concat(),
            tables: tables(context).await?,
            functions,
            generators: names(session, "SELECT name FROM system.generators").await,
            encoders: names(session, "SELECT name FROM system.encoders").await,
            indexes: names(session, "SELECT name FROM system.indexes").await,
            quantities: helioql_catalog::KEYWORDS
                .iter()
                .map(|keyword| keyword.name.to_owned())
                .collect(),
            settings: names(session, "SELECT name FROM information_schema.df_settings").await,
            topics: topics.into_iter().collect(),
        })
    }

    /// Reads anew what statements change; functions, settings and help stay.
    ///
    /// # Errors
    /// When a table of the catalogue cannot be read.
    pub(crate) async fn refreshed(self, session: &Session) -> Result<Self> {
        Ok(Self {
            tables: tables(session.context()).await?,
            generators: names(session, "SELECT name FROM system.generators").await,
            encoders: names(session, "SELECT name FROM system.encoders").await,
            indexes: names(session, "SELECT name FROM system.indexes").await,
            ..self
        })
    }
}

/// The first column of a query as texts; nothing where it cannot be run.
async fn names(session: &Session, query: &str) -> Vec<String> {
    // Not as a statement of the session's, which would forget that its user has cancelled another.
    let Ok(frame) = session.context().sql(query).await else {
        return Vec::new();
    };
    let batches = frame.collect().await.unwrap_or_default();
    let texts = batches
        .iter()
        .filter_map(|batch| batch.column(0).as_string_opt::<i32>());
    texts
        .flat_map(|texts| texts.iter().flatten().map(str::to_owned))
        .collect()
}

async fn tables(context: &SessionContext) -> Result<Vec<Table>> {
    let mut tables = Vec::new();
    let options = context.copied_config().options().catalog.clone();
    let Some(catalogue) = context.catalog(&options.default_catalog) else {
        return Ok(tables);
    };
    for schema_name in catalogue.schema_names() {
        let Some(schema) = catalogue.schema(&schema_name) else {
            continue;
        };
        for name in schema.table_names() {
            let table = schema.table(&name).await?;
            let fields = table
                .map(|table| table.schema().fields().clone())
                .unwrap_or_default();
            tables.push(Table {
                columns: fields.iter().map(|field| field.name().clone()).collect(),
                name: if schema_name == options.default_schema {
                    name
                } else {
                    format!("{schema_name}.{name}")
                },
            });
        }
    }
    tables.sort_by(|a, b| (a.name.contains('.'), &a.name).cmp(&(b.name.contains('.'), &b.name)));
    Ok(tables)
}

fn functions(context: &SessionContext, pages: &[Page]) -> Vec<Function> {
    let state = context.state();
    let names = state.scalar_functions().keys();
    let names = names
        .chain(state.aggregate_functions().keys())
        .chain(state.window_functions().keys());
    // GENERATE and STEER in FROM have a second name each, which only the planner calls.
    let is_internal = |name: &str| name.starts_with('_') || name.ends_with("_rows");
    let names: BTreeSet<String> = names.filter(|name| !is_internal(name)).cloned().collect();
    let plain = names
        .into_iter()
        .filter(|name| {
            !pages
                .iter()
                .any(|page| page.kind == "scalar" && page.name == *name)
        })
        .map(|name| Function {
            name,
            is_scalar: true,
            ..Function::default()
        });
    let documented = pages.iter().map(|page| Function {
        name: page.name.clone(),
        is_scalar: page.kind == "scalar",
        in_from: page.kind == "in FROM",
        arguments: page.arguments.iter().map(|argument| of(argument, page)).collect(),
        columns: Vec::new(),
    });
    documented.chain(plain).collect()
}

fn of(argument: &helioql::documentation::Argument, page: &Page) -> Argument {
    let takes = [argument.takes, argument.unit].map(str::to_owned);
    Argument {
        name: argument.name.to_owned(),
        sign: if page.is_function() { "=>" } else { "=" },
        takes: takes.join(" ").trim_end().to_owned(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A small world to complete in.
    pub(crate) fn words() -> Words {
        let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let table = |name: &str, columns: &[&str]| Table {
            name: name.to_owned(),
            columns: texts(columns),
        };
        let function =
            |name: &str, in_from: bool, sign: &'static str, arguments: &[&str], columns: &[&str]| Function {
                name: name.to_owned(),
                is_scalar: !in_from && sign == "=>",
                in_from,
                arguments: texts(arguments)
                    .into_iter()
                    .map(|name| Argument {
                        name,
                        sign,
                        takes: "number".to_owned(),
                    })
                    .collect(),
                columns: texts(columns),
            };
        Words {
            keywords: [SQL, KEYWORDS].concat(),
            tables: vec![
                table("events", &["id", "flare_class"]),
                table("sharps", &["harpnum", "usflux", "patch"]),
                table("system.keywords", &["name", "unit"]),
            ],
            functions: vec![
                function(
                    "generate",
                    false,
                    "=>",
                    &["usflux", "psep", "seed", "generator"],
                    &[],
                ),
                function("usflux", false, "=>", &[], &[]),
                function(
                    "nearest",
                    true,
                    "=>",
                    &["to", "k", "within"],
                    &["harpnum", "_rank", "_distance"],
                ),
                function("CREATE ENCODER", false, "=", &["steps", "seed"], &[]),
            ],
            generators: texts(&["sun"]),
            encoders: texts(&["look"]),
            indexes: texts(&["sharps_hnsw"]),
            quantities: texts(&["usflux", "psep", "psep_harp"]),
            settings: texts(&[
                "datafusion.execution.batch_size",
                "datafusion.execution.time_zone",
            ]),
            topics: texts(&["nearest", "IMPORT SHARPS"]),
        }
    }

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
        let has = |names: &[String], name: &str| names.iter().any(|known| known == name);
        let sharps = words
            .tables
            .iter()
            .find(|table| table.name == "sharps")
            .expect("a table");
        assert!(has(&sharps.columns, "usflux"), "{sharps:?}");
        let named = |name: &str, in_from: bool| {
            let mut functions = words.functions.iter();
            functions.find(|function| function.name == name && function.in_from == in_from)
        };
        assert!(named("generate_rows", false).is_none());
        let generate = named("generate", false).expect("a function");
        assert!(
            generate
                .arguments
                .iter()
                .any(|argument| argument.name == "usflux" && argument.takes == "number Mx")
        );
        let nearest = named("nearest", true).expect("a function in FROM");
        assert!(
            has(&nearest.columns, "_distance") && has(&nearest.columns, "usflux"),
            "{nearest:?}"
        );
        assert!(named("CREATE ENCODER", false).is_some_and(|encoder| encoder.arguments[0].sign == "="));
        assert!(
            has(&words.generators, "sun") && has(&words.encoders, "look"),
            "{words:?}"
        );
        assert!(has(&words.settings, "datafusion.execution.batch_size"));
        Ok(())
    }
}
