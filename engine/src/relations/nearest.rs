//! `FROM NEAREST(to, k => 10, within => table or (subquery), by => 'embedding', metric => 'l2', exact => true)`: the rows of
//! `within` nearest to `to`, with `_rank` and `_distance`.
//!
//! `to` is a sample, a patch, an embedding, a list of as many numbers, a scalar subquery of one, or such a column of a table to the left
//! (`FROM events AS e, NEAREST(e.embedding) AS n`). Rows are compared by their EMBEDDING column; where `within`
//! has only a PATCH, it is embedded on the way.

use std::{str::FromStr, sync::Arc};

use arrow::datatypes::{DataType, Field};
use datafusion::{
    common::{Column, DFSchema, Result, TableReference, plan_err},
    logical_expr::{
        Expr, ExprSchemable, Extension, LogicalPlan, LogicalPlanBuilder,
        expr::{Placeholder, ScalarFunction},
        lit,
    },
    sql::sqlparser::ast::{self, FunctionArg, Value},
};
use helioql_grammar::{
    Diagnostic,
    bind::{CallSignature, Default, Kind, Parameter},
};

use super::{Arguments, Planning, Relation, within};
use crate::{
    documentation::Documentation,
    error::Error,
    functions::{measured_part, number, optional, required, text},
    models::DEFAULT_ENCODER,
    nearest::{Metric, NearestNode, QUERY, Search, as_vector, node::MAX_K},
    types::{encoder_of, grid_of},
};

/// What it is called, and what its rows are qualified by.
const NAME: &str = "nearest";
/// The column that an embedding made for the search stands in.
const MADE: &str = "__embedding";
/// How many rows are found where no number is given.
const DEFAULT_K: u64 = 10;

#[derive(Debug)]
pub(super) struct Nearest;

impl Relation for Nearest {
    fn name(&self) -> &'static str {
        NAME
    }

    fn call(&self) -> CallSignature {
        CallSignature {
            name: self.name(),
            parameters: vec![
                required("to")
                    .taking("SAMPLE, PATCH, EMBEDDING or (subquery)")
                    .about("what to be near to; a column of a table to the left for each of its rows"),
                number("k", DEFAULT_K as f64)
                    .taking("whole number")
                    .about("how many rows, up to 1,000,000"),
                optional("within")
                    .taking("table or (subquery)")
                    .about("the rows that may be nearest; sharps without it"),
                text("by", "embedding")
                    .about("'embedding', or 'physical' for its measured quantities alone (MEASURED_PART)"),
                text("metric", "l2").about("'l2' (Euclidean) or 'cosine'"),
                Parameter::optional("exact", Kind::Boolean, Default::Null)
                    .about("whether no index may be used, so that the answer is exact"),
            ],
            positional: 2,
        }
    }

    fn documentation(&self) -> Documentation {
        Documentation {
            summary: "the k rows nearest to a sample, patch or embedding, with _rank and _distance",
            details: "Rows are compared by their EMBEDDING column; where within has only a PATCH, it is embedded on the way. A sample or patch \
                      given as to is embedded by the encoder of the rows, so that the two are comparable; a list of as many numbers as they have is compared as it is. by => 'physical' compares the measured \
                      quantities in the embedding alone: rows of like flux, separation and tilt, whatever they look like. Ties are broken by the key of \
                      the rows.\n\n\
                      Where to is a column of a table to the left, as in FROM events AS e, NEAREST(e.embedding, k => 3) AS n, each of its \
                      rows has its own k nearest; LEFT JOIN LATERAL … ON TRUE keeps those that have none.\n\n\
                      WHERE in the same query block on columns of the rows applies before the ranking: the k nearest are sought among \
                      the rows that match, and k rows come back whenever k rows match. Predicates on _distance and _rank apply after it, \
                      and so does any WHERE of a block around it.\n\n\
                      The vectors of a table in a catalogue stay in memory after the first search, up to 256 MB; CREATE INDEX makes a \
                      graph of them, for tables of some ten thousand rows and more, and exact => true asks for the exact answer all the \
                      same. EXPLAIN shows where predicates apply, and names the path by which the answer is found; EXPLAIN ANALYZE adds \
                      the distances computed."
                .into(),
            returns: "The columns of within, _rank (1 for the nearest) and _distance (without unit), by rank. Rows without an embedding are \
                      never near."
                .into(),
            examples: vec![
                "SELECT _rank, harpnum, round(_distance, 2) AS distance\n\
                 FROM NEAREST((SELECT patch FROM sharps WHERE harpnum = 9000007 ORDER BY t_rec LIMIT 1), k => 2) ORDER BY _rank"
                    .into(),
                "SELECT count(*) AS found, min(usflux) > 1e22 AS all_match\n\
                 FROM NEAREST(GENERATE(usflux => 1e22Mx, seed => 7), k => 5) WHERE usflux > 1e22Mx"
                    .into(),
                "SELECT count(*) AS found FROM NEAREST(GENERATE(seed => 7), k => 5) WHERE _rank <= 3".into(),
                "SELECT _rank, harpnum\n\
                 FROM NEAREST((SELECT patch FROM sharps WHERE harpnum = 9000007 ORDER BY t_rec LIMIT 1), k => 2, by => 'physical')"
                    .into(),
                "SELECT q.harpnum, count(*) AS near, min(n._distance) AS least\n\
                 FROM (SELECT harpnum, embedding FROM sharps WHERE harpnum < 9000003) AS q, NEAREST(q.embedding, k => 3) AS n\n\
                 GROUP BY q.harpnum ORDER BY q.harpnum"
                    .into(),
            ],
            errors: &[
                "SELECT * FROM NEAREST(60Mm)",
                "SELECT * FROM NEAREST(GENERATE(seed => 7), within => (SELECT harpnum FROM sharps))",
                "SELECT * FROM NEAREST(GENERATE(seed => 7), metric => 'l1')",
            ],
        }
    }

    fn prepare(&self, args: &mut Vec<FunctionArg>) {
        within::prepare(args);
    }

    fn plan(&self, args: Arguments, context: &mut Planning<'_>) -> Result<LogicalPlan> {
        let k = read_k(&args)?;
        let metric = read(&args, "metric", Metric::L2)?;
        let by = read(&args, "by", By::Embedding)?;
        let within = within::plan(&args, context)?;
        let (within, vector, encoder) = with_vectors(within, by, context)?;
        let Some(to) = args.get("to").cloned() else {
            return plan_err!("NEAREST needs something to be near to");
        };
        let length = dimension(&within, &vector)?;
        let query = plan_query(to, by, &args, encoder.as_deref(), length, context)?;
        let search = Search {
            keeps_vector: vector.name != MADE,
            vector,
            k,
            metric,
            fills_up: false,
            exact: read_exact(&args)?,
        };
        let node = NearestNode::try_new(query, within, search)?.named(&TableReference::bare(NAME))?;
        Ok(LogicalPlan::Extension(Extension { node: Arc::new(node) }))
    }
}

/// The number of rows: a literal, or a parameter of a prepared statement.
fn read_k(args: &Arguments) -> Result<Expr> {
    if let Some(ast::Expr::BinaryOp { left, .. }) = args.get("k")
        && let ast::Expr::Value(value) = left.as_ref()
        && let Value::Placeholder(id) = &value.value
    {
        let field = Arc::new(Field::new("k", DataType::Int64, true));
        let placeholder = Placeholder::new_with_field(id.clone(), Some(field));
        return Ok(Expr::Placeholder(placeholder));
    }
    let k = args.whole_number("k", "a whole number of rows", MAX_K)?;
    Ok(lit(k.unwrap_or(DEFAULT_K) as i64))
}

/// Whether no index may be used.
fn read_exact(args: &Arguments) -> Result<bool> {
    match args.get("exact") {
        None => Ok(false),
        Some(value) => match value {
            ast::Expr::Value(literal) => match &literal.value {
                Value::Boolean(exact) => Ok(*exact),
                Value::Null => Ok(false),
                other => refuse(args, value, &format!("exact is true or false, found {other}")),
            },
            other => refuse(args, value, &format!("exact is true or false, found {other}")),
        },
    }
}

fn refuse<T>(args: &Arguments, value: &ast::Expr, message: &str) -> Result<T> {
    Err(Error::from(Diagnostic::error(format!("NEAREST: {message}")).with_span(args.span_of(value))).into())
}

/// What the rows are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// The embedding.
    Embedding,
    /// Its measured part.
    Physical,
}

impl FromStr for By {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "embedding" => Ok(Self::Embedding),
            "physical" => Ok(Self::Physical),
            other => Err(format!("by is 'embedding' or 'physical', found '{other}'")),
        }
    }
}

/// The word that parameter `name` was given.
fn read<T: FromStr<Err = String>>(args: &Arguments, name: &str, default: T) -> Result<T> {
    let Some(value) = args.get(name) else {
        return Ok(default);
    };
    let text = match value {
        ast::Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => text.clone(),
            other => other.to_string(),
        },
        other => other.to_string(),
    };
    text.parse()
        .or_else(|message: String| refuse(args, value, &message))
}

/// The plan with a column to compare, that column, and the encoder of the rows. It is their EMBEDDING, or one made
/// of their PATCH, or the measured part of either.
fn with_vectors(
    within: LogicalPlan,
    by: By,
    context: &mut Planning<'_>,
) -> Result<(LogicalPlan, Column, Option<String>)> {
    let schema = Arc::clone(within.schema());
    let columns = || {
        schema
            .iter()
            .map(|(qualifier, field)| (Column::from((qualifier, field)), field))
    };
    let embedded = columns().find_map(|(column, field)| Some((column, encoder_of(field)?)));
    let mut vector = match (embedded, by) {
        (Some((column, encoder)), By::Embedding) => return Ok((within, column, Some(encoder))),
        (Some((column, _)), By::Physical) => Expr::Column(column),
        (None, _) => {
            let Some((patch, _)) = columns().find(|(_, field)| grid_of(field).is_some()) else {
                let names: Vec<_> = columns().map(|(column, _)| column.name).collect();
                return plan_err!(
                    "NEAREST: `within` needs a column of type EMBEDDING or PATCH, found {}; EMBED(patch) makes an \
                     embedding",
                    names.join(", ")
                );
            };
            let embed = context.function("embed")?;
            Expr::ScalarFunction(ScalarFunction::new_udf(
                embed,
                vec![Expr::Column(patch), lit(DEFAULT_ENCODER)],
            ))
        }
    };
    let (_, field) = vector.to_field(&schema)?;
    let encoder = encoder_of(&field);
    if by == By::Physical {
        vector = measured_part(vector, context)?;
    }
    let mut exprs: Vec<Expr> = columns().map(|(column, _)| Expr::Column(column)).collect();
    exprs.push(vector.alias(MADE));
    let within = LogicalPlanBuilder::from(within).project(exprs)?.build()?;
    Ok((within, Column::from_name(MADE), encoder))
}

fn measured_part(embedding: Expr, context: &Planning<'_>) -> Result<Expr> {
    let function = context.function(measured_part::NAME)?;
    Ok(Expr::ScalarFunction(ScalarFunction::new_udf(
        function,
        vec![embedding],
    )))
}

fn dimension(within: &LogicalPlan, vector: &Column) -> Result<i32> {
    let index = within.schema().index_of_column(vector)?;
    match within.schema().field(index).data_type() {
        DataType::FixedSizeList(_, length) => Ok(*length),
        other => plan_err!(
            "NEAREST: the column `{}` is not a vector but {other}",
            vector.name
        ),
    }
}

/// One row with the vector of `to`: patches and samples are embedded by the encoder of the rows.
fn plan_query(
    to: ast::Expr,
    by: By,
    args: &Arguments,
    encoder: Option<&str>,
    length: i32,
    context: &mut Planning<'_>,
) -> Result<LogicalPlan> {
    let mut query = context.expr(to)?;
    let field_of = |query: &Expr| query.to_field(&DFSchema::empty()).map(|(_, field)| field);
    if grid_of(&*field_of(&query)?).is_some() {
        let loaded = match encoder {
            Some(identity) => context.models.encoder_of_rows(identity)?,
            None => context.models.encoder(DEFAULT_ENCODER)?,
        };
        let embed = context.function("embed")?;
        query = Expr::ScalarFunction(ScalarFunction::new_udf(embed, vec![query, lit(loaded.name())]));
    }
    let field = field_of(&query)?;
    match (encoder, encoder_of(&field)) {
        (Some(rows), Some(to)) if rows != to => {
            let message = format!(
                "NEAREST: the rows were embedded by `{rows}`, `to` by `{to}`, so that they have no distance"
            );
            return Err(Error::at(args.span, message).into());
        }
        (_, Some(_)) if by == By::Physical => query = measured_part(query, context)?,
        _ => {}
    }
    query = as_vector(query, length, &DFSchema::empty())?;
    let field = field_of(&query)?;
    match field.data_type() {
        DataType::FixedSizeList(_, found) if *found == length => {}
        DataType::FixedSizeList(_, found) => {
            return plan_err!(
                "NEAREST: the rows have vectors of {length} numbers, `to` has {found}; EMBED(…) makes a vector of a patch"
            );
        }
        _ => {
            let message = format!(
                "NEAREST: `to` is a SAMPLE, a PATCH or an EMBEDDING, found {}",
                field.data_type()
            );
            return Err(Error::at(args.span, message).into());
        }
    }
    LogicalPlanBuilder::empty(true)
        .project(vec![query.alias(QUERY)])?
        .build()
}
