//! What SQL's parser reads and DataFusion's planner passes over. A statement with such a part is refused, since its
//! answer would be that to another question: `FROM sharps TABLESAMPLE BERNOULLI (1)` would be the whole of `sharps`, and
//! `abs(b) FILTER (WHERE b > 0)` the `abs` of every row.
//!
//! Parts that the planner refuses by itself, with a dump of its syntax tree, are refused here too.

use std::ops::ControlFlow;

use datafusion::{
    execution::SessionState,
    sql::{
        parser::Statement as SqlStatement,
        sqlparser::ast::{
            self, ColumnOption, FunctionArguments, JoinOperator, TableConstraint, TableFactor, VisitMut,
            WindowSpec, WindowType,
        },
    },
};
use helioql_grammar::{Diagnostic, TokenWithSpan};

use crate::{Result, error, session::SyntaxTree};

/// Refuses a statement with a part that would not be answered.
pub(crate) fn refuse(
    statement: &mut SqlStatement,
    tokens: &[TokenWithSpan],
    state: &SessionState,
) -> Result<()> {
    let mut search = Search { state };
    match SyntaxTree(statement).visit(&mut search) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(part) => Err(part.refused(tokens).into()),
    }
}

/// A part of a statement.
struct Part {
    /// As it is written, one space between two words.
    words: String,
    message: String,
    hint: &'static str,
}

type Found = ControlFlow<Part>;

/// A clause that does not exist here.
fn clause(words: &(impl ToString + ?Sized), hint: &'static str) -> Found {
    let words = words.to_string();
    ControlFlow::Break(Part {
        message: format!("{words} is not known"),
        words,
        hint,
    })
}

impl Part {
    fn refused(self, tokens: &[TokenWithSpan]) -> Diagnostic {
        let mut diagnostic = Diagnostic::error(self.message);
        diagnostic.span = error::find_words(&self.words, tokens);
        if self.hint.is_empty() {
            diagnostic
        } else {
            diagnostic.with_hint(self.hint)
        }
    }
}

struct Search<'s> {
    state: &'s SessionState,
}

impl ast::VisitorMut for Search<'_> {
    type Break = Part;

    fn pre_visit_statement(&mut self, statement: &mut ast::Statement) -> Found {
        let ast::Statement::CreateTable(table) = statement else {
            return Found::Continue(());
        };
        table.constraints.iter().try_for_each(constraint)?;
        let options = table.columns.iter().flat_map(|column| &column.options);
        options.map(|option| &option.option).try_for_each(column_option)
    }

    fn pre_visit_query(&mut self, query: &mut ast::Query) -> Found {
        if let Some(fetch) = &query.fetch {
            if fetch.with_ties {
                clause(
                    "WITH TIES",
                    "QUALIFY rank() OVER (ORDER BY …) <= 3 keeps those that are equal",
                )?;
            }
            if fetch.percent {
                clause(
                    "PERCENT",
                    "QUALIFY percent_rank() OVER (ORDER BY …) < 0.1 takes the first tenth",
                )?;
            }
            clause("FETCH", "LIMIT says the same, and is there already")?;
        }
        if let Some(ast::LimitClause::LimitOffset { limit_by, .. }) = &query.limit_clause
            && !limit_by.is_empty()
        {
            return ControlFlow::Break(Part {
                words: "LIMIT".to_owned(),
                message: "LIMIT … BY is not known".to_owned(),
                hint: "QUALIFY row_number() OVER (PARTITION BY a ORDER BY b) = 1 takes one row of each `a`",
            });
        }
        if let Some(lock) = query.locks.first() {
            clause(
                &format!("FOR {}", lock.lock_type),
                "a query sees one commit of a table, whatever is written meanwhile",
            )?;
        }
        if query.for_clause.is_some() {
            clause("FOR", "COPY (query) TO 'file.json' writes a result")?;
        }
        if query.settings.is_some() {
            clause(
                "SETTINGS",
                "SET name = value, a statement of its own, changes a setting",
            )?;
        }
        if query.format_clause.is_some() {
            clause("FORMAT", "COPY (query) TO 'file.json' writes a result")?;
        }
        Found::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut ast::Select) -> Found {
        if select.prewhere.is_some() {
            clause("PREWHERE", "WHERE is pushed down to the files by itself")?;
        }
        if !select.connect_by.is_empty() {
            clause(
                "CONNECT BY",
                "WITH RECURSIVE follows what refers to its own table",
            )?;
        }
        if let ast::GroupByExpr::All(modifiers) | ast::GroupByExpr::Expressions(_, modifiers) =
            &select.group_by
            && let Some(modifier) = modifiers.first()
        {
            clause(
                modifier,
                "GROUP BY ROLLUP (a, b), CUBE (a, b) and GROUPING SETS ((a), ()) add totals",
            )?;
        }
        if let Some(mode) = select.value_table_mode {
            clause(
                &mode,
                "struct(a, b) makes one value of several, named_struct('a', a) with names",
            )?;
        }
        let wildcards = select.projection.iter().filter_map(|item| match item {
            ast::SelectItem::Wildcard(options) | ast::SelectItem::QualifiedWildcard(_, options) => {
                Some(options)
            }
            _ => None,
        });
        if wildcards.clone().any(|options| options.opt_ilike.is_some()) {
            clause("* ILIKE", "`* EXCEPT (a, b)` leaves out columns")?;
        }
        let mut joins = select.from.iter().flat_map(|from| &from.joins);
        if joins.any(|join| matches!(join.join_operator, JoinOperator::AsOf { .. })) {
            clause(
                "ASOF",
                "the last row before each: DISTINCT ON (key) … ORDER BY key, t_rec DESC over a join by t_rec <= time",
            )?;
        }
        Found::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> Found {
        match factor {
            TableFactor::Table {
                sample: Some(sample), ..
            }
            | TableFactor::Derived {
                sample: Some(sample), ..
            } => {
                let (ast::TableSampleKind::BeforeTableAlias(sample)
                | ast::TableSampleKind::AfterTableAlias(sample)) = sample;
                clause(
                    &sample.modifier,
                    "`WHERE random() < 0.01` takes about one row in a hundred, `ORDER BY random() LIMIT 100` takes a hundred rows",
                )
            }
            TableFactor::Table {
                with_ordinality: true,
                ..
            }
            | TableFactor::Function {
                with_ordinality: true,
                ..
            }
            | TableFactor::UNNEST {
                with_ordinality: true,
                ..
            } => clause("WITH ORDINALITY", "row_number() OVER () numbers the rows"),
            TableFactor::Table { with_hints, .. } if !with_hints.is_empty() => ControlFlow::Break(Part {
                words: "WITH".to_owned(),
                message: "a table takes no hints".to_owned(),
                hint: "",
            }),
            TableFactor::Table { partitions, .. } if !partitions.is_empty() => {
                clause("PARTITION", "WHERE chooses the rows")
            }
            TableFactor::Table { version: Some(_), .. } => {
                clause("AS OF", "a catalogue keeps its last commit")
            }
            TableFactor::Pivot { .. } => clause(
                "PIVOT",
                "`sum(b) FILTER (WHERE a = 1) AS of_1` makes the column of one value",
            ),
            TableFactor::Unpivot { .. } => {
                clause("UNPIVOT", "`SELECT unnest([a, b])` makes a row of each column")
            }
            TableFactor::MatchRecognize { .. } => clause(
                "MATCH_RECOGNIZE",
                "lag() and lead() OVER (ORDER BY …) compare a row with its neighbours",
            ),
            _ => Found::Continue(()),
        }
    }

    fn pre_visit_expr(&mut self, expr: &mut ast::Expr) -> Found {
        match expr {
            ast::Expr::Function(function) => self.function(function),
            ast::Expr::Collate { .. } => clause("COLLATE", "lower(a) = lower(b) compares without the case"),
            _ => Found::Continue(()),
        }
    }
}

impl Search<'_> {
    /// Windows that are not there, and what is for aggregates and windows alone at a function that is neither.
    fn function(&self, function: &ast::Function) -> Found {
        if let Some(
            WindowType::NamedWindow(name)
            | WindowType::WindowSpec(WindowSpec {
                window_name: Some(name),
                ..
            }),
        ) = &function.over
        {
            return ControlFlow::Break(Part {
                words: name.value.clone(),
                message: format!("no window `{name}` that OVER can take"),
                hint: "WINDOW w AS (PARTITION BY a ORDER BY b) defines one; OVER (w …) may add an ORDER BY or a frame that it has not",
            });
        }
        let Some(name) = function.name.0.first().and_then(|part| part.as_ident()) else {
            return Found::Continue(());
        };
        let lower = name.value.to_lowercase();
        if !self.state.scalar_functions().contains_key(&lower) {
            return Found::Continue(());
        }
        let (distinct, ordered) = match &function.args {
            FunctionArguments::List(list) => (
                list.duplicate_treatment == Some(ast::DuplicateTreatment::Distinct),
                list.clauses
                    .iter()
                    .any(|clause| matches!(clause, ast::FunctionArgumentClause::OrderBy(_))),
            ),
            _ => (false, false),
        };
        let found = [
            (
                distinct,
                "DISTINCT",
                "SELECT DISTINCT leaves out rows that are there twice",
            ),
            (
                ordered,
                "ORDER BY",
                "ORDER BY at the end of a query orders its rows",
            ),
            (
                function.filter.is_some(),
                "FILTER",
                "CASE WHEN condition THEN value END is NULL where the condition does not hold",
            ),
            (!function.within_group.is_empty(), "WITHIN GROUP", ""),
            (
                function.null_treatment == Some(ast::NullTreatment::IgnoreNulls),
                "IGNORE NULLS",
                "coalesce(a, b) takes the first that is not NULL",
            ),
            (
                function.over.is_some(),
                "OVER",
                "sum(), lag() and others that look at several rows take it",
            ),
        ];
        match found.into_iter().find(|(is_there, ..)| *is_there) {
            None => Found::Continue(()),
            Some((_, words, hint)) => ControlFlow::Break(Part {
                words: words.to_owned(),
                message: format!("`{lower}` looks at one row and takes no {words}"),
                hint,
            }),
        }
    }
}

/// DataFusion trusts these without looking: SELECT DISTINCT of a key would show it as often as it is there.
fn key(words: &'static str) -> Found {
    ControlFlow::Break(Part {
        words: words.to_owned(),
        message: format!("a table has no {words}, which nothing would enforce"),
        hint: "`GROUP BY a HAVING count(*) > 1` finds what is there twice",
    })
}

fn constraint(constraint: &TableConstraint) -> Found {
    match constraint {
        TableConstraint::PrimaryKey(_) => key("PRIMARY KEY"),
        TableConstraint::Unique(_) => key("UNIQUE"),
        _ => Found::Continue(()),
    }
}

fn column_option(option: &ColumnOption) -> Found {
    match option {
        ColumnOption::PrimaryKey(_) => key("PRIMARY KEY"),
        ColumnOption::Unique(_) => key("UNIQUE"),
        ColumnOption::Collation(_) => clause("COLLATE", "lower(a) = lower(b) compares without the case"),
        ColumnOption::Generated { .. } => {
            clause("GENERATED", "CREATE VIEW has columns that follow from others")
        }
        ColumnOption::Identity(_) => clause("IDENTITY", "row_number() OVER () numbers the rows"),
        _ => Found::Continue(()),
    }
}
