//! The logical node: rows that ask on the left, the rows that may be nearest on the right. One node serves the
//! search for one vector, the k-NN join and ORDER BY a distance with a LIMIT.

use std::{
    cmp::Ordering,
    collections::BTreeSet,
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use arrow::datatypes::{DataType, Field};
use datafusion::{
    common::{
        Column, DFSchema, DFSchemaRef, Result, ScalarValue, TableReference, plan_err,
        tree_node::{Transformed, TreeNode},
    },
    logical_expr::{EmptyRelation, Expr, LogicalPlan, LogicalPlanBuilder, UserDefinedLogicalNodeCore},
};

use super::Metric;
use crate::{contains, stack};

/// The column that holds the vector of a row that asks.
pub(crate) const QUERY: &str = "__query";
/// The place of a row in the answer, from 1.
pub(crate) const RANK: &str = "_rank";
/// The distance of a row from the query.
pub(crate) const DISTANCE: &str = "_distance";
/// The most rows that can be asked for; each is kept in memory until all have been compared.
pub(crate) const MAX_K: u64 = 1_000_000;

/// What the answer shows of the rows that ask.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Asking {
    /// Nothing: one row asks, and its neighbours are the answer.
    Alone,
    /// Each row beside each of its neighbours; a row without neighbours is left out.
    Joined,
    /// The same, but a row without neighbours stays, beside NULLs.
    Padded,
}

/// `NEAREST` between planning and execution. Its output is, where [`Asking`] says so, the left input without
/// the query; then the right input without a vector that was made only for it; then `_rank`
/// and `_distance`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NearestNode {
    /// The rows that ask.
    pub(crate) asking: LogicalPlan,
    /// Their vector, a column of `asking`.
    pub(crate) query: Column,
    /// The rows to choose from, all under one qualifier.
    pub(crate) within: LogicalPlan,
    /// What they are compared by.
    pub(crate) search: Search,
    /// What the answer shows of the rows that ask.
    pub(crate) shown: Asking,
    /// A predicate on a row that asks and a row to choose from, applied before ranking.
    pub(crate) filter: Option<Expr>,
    /// A predicate on the answer, applied after ranking and before padding.
    pub(crate) after: Option<Expr>,
    /// Whether predicates of the query block were placed under the ranking.
    pub(crate) filtered: bool,
    names: Names,
    /// Whether the row that asks is no input: the operator has it computed.
    asks_apart: bool,
    schema: DFSchemaRef,
}

/// What the columns that are not of a row that asks are qualified by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Names {
    /// All by what the rows to choose from are.
    Rows,
    /// `_rank` and `_distance` by this, and the others by what the rows are.
    Ranking(TableReference),
    /// All by this.
    All(TableReference),
}

/// How rows are compared, and how many are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Search {
    /// The column of `within` that is compared.
    pub(crate) vector: Column,
    /// Whether the vector column belongs to the output.
    pub(crate) keeps_vector: bool,
    /// How many rows are wanted: a literal, or a parameter that becomes one.
    pub(crate) k: Expr,
    /// How they are compared.
    pub(crate) metric: Metric,
    /// Whether rows without a distance fill up an answer that is too short, as ORDER BY would have them; their
    /// distance is NULL.
    pub(crate) fills_up: bool,
    /// Whether no index may be used.
    pub(crate) exact: bool,
}

impl Search {
    /// The number of rows wanted.
    pub(crate) fn rows(&self) -> Result<usize> {
        // A parameter that was given leaves its name behind, as an alias.
        let whole = match self.k.clone().unalias_nested().data {
            Expr::Literal(value, _) => match value.cast_to(&DataType::Int64) {
                Ok(ScalarValue::Int64(k)) => k.and_then(|k| u64::try_from(k).ok()),
                _ => None,
            },
            _ => None,
        };
        match whole {
            Some(k) if k <= MAX_K => Ok(k as usize),
            _ => plan_err!(
                "NEAREST: k is a whole number of rows from 0 to {MAX_K}, found {}",
                self.k.clone().unalias_nested().data
            ),
        }
    }
}

impl NearestNode {
    /// The node by which the single row of `asking` finds its neighbours.
    pub(crate) fn try_new(asking: LogicalPlan, within: LogicalPlan, search: Search) -> Result<Self> {
        let mut node = Self {
            query: Column::from_name(QUERY),
            schema: Arc::new(DFSchema::empty()),
            asking,
            within,
            search,
            shown: Asking::Alone,
            filter: None,
            after: None,
            filtered: false,
            names: Names::Rows,
            asks_apart: false,
        };
        node.schema = node.output_schema()?;
        Ok(node)
    }

    /// The node for other rows that ask, which stand in the answer as `shown` says.
    pub(crate) fn asked_by(mut self, asking: LogicalPlan, query: Column, shown: Asking) -> Result<Self> {
        self.asking = asking;
        self.query = query;
        self.shown = shown;
        self.schema = self.output_schema()?;
        Ok(self)
    }

    /// The node whose rows to choose from stand under another name.
    pub(crate) fn named(mut self, alias: &TableReference) -> Result<Self> {
        self.search.vector.relation = Some(alias.clone());
        self.within = LogicalPlanBuilder::from(self.within)
            .alias(alias.clone())?
            .build()?;
        self.schema = self.output_schema()?;
        Ok(self)
    }

    /// The node whose rank and distance stand under `alias`, for rows that have no name of their own.
    pub(crate) fn ranked_as(mut self, alias: &TableReference) -> Result<Self> {
        self.names = Names::Ranking(alias.clone());
        self.schema = self.output_schema()?;
        Ok(self)
    }

    /// The node over rows without their alias, by which it names the answer itself; nothing where they have none or must keep it.
    pub(crate) fn without_alias(&self) -> Result<Option<Self>> {
        if self.shown != Asking::Alone || self.names != Names::Rows {
            return Ok(None);
        }
        let Some((within, alias)) = without_alias(&self.within)? else {
            return Ok(None);
        };
        let vector = self.within.schema().index_of_column(&self.search.vector)?;
        let mut node = self.clone();
        node.search.vector = Column::from(within.schema().qualified_field(vector));
        node.within = within;
        node.names = Names::All(alias);
        node.schema = node.output_schema()?;
        Ok(Some(node))
    }

    /// The vector of the row that asks, where it is one expression over nothing.
    pub(crate) fn question(&self) -> Option<&Expr> {
        let LogicalPlan::Projection(projection) = &self.asking else {
            return None;
        };
        let LogicalPlan::EmptyRelation(EmptyRelation {
            produce_one_row: true,
            ..
        }) = projection.input.as_ref()
        else {
            return None;
        };
        match projection.expr.as_slice() {
            [question] if self.shown == Asking::Alone => Some(question),
            _ => None,
        }
    }

    /// The node whose row that asks is no input; nothing where that is computed from other rows.
    pub(crate) fn asked_apart(&self) -> Option<Self> {
        let question = self.question()?;
        if self.asks_apart || contains::asks_elsewhere(question) || stack::is_deep_expr(question) {
            return None;
        }
        Some(Self {
            asks_apart: true,
            ..self.clone()
        })
    }

    /// The node of NEAREST that `plan` is.
    pub(crate) fn of(plan: &LogicalPlan) -> Option<&Self> {
        match plan {
            LogicalPlan::Extension(extension) => extension.node.as_any().downcast_ref(),
            _ => None,
        }
    }

    /// The node with `predicate`, which speaks of columns of both inputs, applied before ranking.
    pub(crate) fn with_filter(mut self, predicate: Expr) -> Result<Self> {
        if speaks_of(&predicate, self.within.schema()) {
            self.within = LogicalPlanBuilder::from(self.within).filter(predicate)?.build()?;
        } else {
            self.filter = Some(match self.filter.take() {
                Some(filter) => filter.and(predicate),
                None => predicate,
            });
        }
        self.filtered = true;
        Ok(self)
    }

    /// The node with `predicate`, which speaks only of the rows that ask, applied to them.
    pub(crate) fn with_fewer_asking(mut self, predicate: Expr) -> Result<Self> {
        self.asking = LogicalPlanBuilder::from(self.asking).filter(predicate)?.build()?;
        Ok(self)
    }

    /// The node with `predicate` on its answer, applied before rows are padded.
    pub(crate) fn with_after(mut self, predicate: Expr) -> Self {
        self.after = Some(match self.after.take() {
            Some(after) => after.and(predicate),
            None => predicate,
        });
        self
    }

    /// The columns of `asking` that are shown, by their place.
    pub(crate) fn asking_columns(&self) -> Vec<usize> {
        if self.shown == Asking::Alone {
            return Vec::new();
        }
        let query = self.asking.schema().maybe_index_of_column(&self.query);
        (0..self.asking.schema().fields().len())
            .filter(|index| Some(*index) != query)
            .collect()
    }

    /// The columns of `within` that are shown, by their place.
    pub(crate) fn within_columns(&self) -> Vec<usize> {
        let vector = self.within.schema().maybe_index_of_column(&self.search.vector);
        (0..self.within.schema().fields().len())
            .filter(|index| self.search.keeps_vector || Some(*index) != vector)
            .collect()
    }

    /// Where a column of the answer comes from, unless the ranking made it.
    pub(crate) fn origin(&self, column: &Column) -> Option<(&LogicalPlan, Column)> {
        let place = self.schema.maybe_index_of_column(column)?;
        let asking = self.asking_columns();
        let (input, own) = match place.checked_sub(asking.len()) {
            None => (&self.asking, asking[place]),
            Some(place) => (&self.within, *self.within_columns().get(place)?),
        };
        Some((input, Column::from(input.schema().qualified_field(own))))
    }

    /// How the node is answered without an index, as `EXPLAIN` names it.
    pub(super) fn path(&self) -> &'static str {
        if self.filtered {
            "exact over filter"
        } else {
            "exact"
        }
    }

    /// The column of the rank.
    pub(crate) fn rank(&self) -> Column {
        Column::new(self.ranking(), RANK)
    }

    /// What rank and distance are qualified by.
    fn ranking(&self) -> Option<TableReference> {
        match &self.names {
            Names::Rows => self.search.vector.relation.clone(),
            Names::Ranking(name) | Names::All(name) => Some(name.clone()),
        }
    }

    fn output_schema(&self) -> Result<DFSchemaRef> {
        let asking = self.asking.schema();
        let mut fields: Vec<_> = self
            .asking_columns()
            .into_iter()
            .map(|index| {
                let (qualifier, field) = asking.qualified_field(index);
                (qualifier.cloned(), Arc::clone(field))
            })
            .collect();
        let padded = self.shown == Asking::Padded;
        let within = self.within.schema();
        fields.extend(self.within_columns().into_iter().map(|index| {
            let (mut qualifier, field) = within.qualified_field(index);
            if let Names::All(name) = &self.names {
                qualifier = Some(name);
            }
            let field = if padded && !field.is_nullable() {
                Arc::new(field.as_ref().clone().with_nullable(true))
            } else {
                Arc::clone(field)
            };
            (qualifier.cloned(), field)
        }));
        let relation = self.ranking();
        let no_distance = padded || self.search.fills_up;
        fields.push((
            relation.clone(),
            Arc::new(Field::new(RANK, DataType::Int64, padded)),
        ));
        fields.push((
            relation,
            Arc::new(Field::new(DISTANCE, DataType::Float64, no_distance)),
        ));
        let schema = DFSchema::new_with_metadata(fields, std::collections::HashMap::new())?;
        Ok(Arc::new(schema))
    }
}

/// Filtered rows without their alias, and the alias.
fn without_alias(plan: &LogicalPlan) -> Result<Option<(LogicalPlan, TableReference)>> {
    match plan {
        LogicalPlan::SubqueryAlias(alias) => Ok(Some((alias.input.as_ref().clone(), alias.alias.clone()))),
        LogicalPlan::Filter(filter) => {
            let Some((input, alias)) = without_alias(&filter.input)? else {
                return Ok(None);
            };
            if is_read_by_subquery(&filter.predicate) || reads_lists(&filter.predicate, filter.input.schema())
            {
                return Ok(None);
            }
            let predicate = filter.predicate.clone().transform(|expr| {
                let Expr::Column(column) = &expr else {
                    return Ok(Transformed::no(expr));
                };
                let place = filter.input.schema().index_of_column(column)?;
                let own = Column::from(input.schema().qualified_field(place));
                Ok(Transformed::yes(Expr::Column(own)))
            })?;
            let plan = LogicalPlanBuilder::from(input).filter(predicate.data)?.build()?;
            Ok(Some((plan, alias)))
        }
        _ => Ok(None),
    }
}

/// Whether `expr` reads patches or vectors. The optimizer drops such columns of filtered rows below an alias, and
/// carries them along below NEAREST itself.
fn reads_lists(expr: &Expr, schema: &DFSchema) -> bool {
    let mut columns = expr.column_refs().into_iter();
    columns.any(|column| {
        let place = schema.maybe_index_of_column(column);
        place.is_some_and(|place| schema.field(place).data_type().is_nested())
    })
}

/// Whether a subquery in `expr` reads columns of the rows that `expr` is asked of.
fn is_read_by_subquery(expr: &Expr) -> bool {
    contains::part(expr, |part| {
        contains::subquery_of(part).is_some_and(|subquery| !subquery.outer_ref_columns.is_empty())
    })
}

/// Whether all columns of `predicate` are columns of `schema`.
pub(crate) fn speaks_of(predicate: &Expr, schema: &DFSchema) -> bool {
    let mut columns = predicate.column_refs().into_iter();
    columns.all(|column| schema.maybe_index_of_column(column).is_some())
}

/// Without the schema, which follows from the rest and is long: the optimizer hashes a plan after each of its passes.
impl Hash for NearestNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.asking, &self.query, &self.within, &self.search).hash(state);
        (&self.shown, &self.filter, &self.after, self.filtered).hash(state);
        (&self.names, self.asks_apart).hash(state);
    }
}

impl PartialOrd for NearestNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for NearestNode {
    fn name(&self) -> &'static str {
        "Nearest"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        if self.asks_apart {
            vec![&self.within]
        } else {
            vec![&self.within, &self.asking]
        }
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        std::iter::once(self.search.k.clone())
            .chain(self.filter.clone())
            .collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Search {
            k, metric, vector, ..
        } = &self.search;
        let k = match k {
            Expr::Literal(value, _) => value.to_string(),
            other => other.to_string(),
        };
        write!(f, "Nearest: k={k}, metric={metric}, vector={vector}")?;
        if let Some(question) = self.question().filter(|_| self.asks_apart) {
            write!(f, ", to={}", question.clone().unalias())?;
        }
        if self.filtered {
            f.write_str(", filtered before ranking")?;
        }
        match self.shown {
            Asking::Alone => {}
            Asking::Joined => f.write_str(", join=inner")?,
            Asking::Padded => f.write_str(", join=left")?,
        }
        if let Some(filter) = &self.filter {
            write!(f, ", filter={filter}")?;
        }
        if let Some(after) = &self.after {
            write!(f, ", after={after}")?;
        }
        Ok(())
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        let mut exprs = exprs.into_iter();
        let (Some(k), filter, None) = (exprs.next(), exprs.next(), exprs.next()) else {
            return plan_err!("internal: NEAREST has one or two expressions");
        };
        let mut inputs = inputs.into_iter();
        let (within, asking) = match (inputs.next(), inputs.next(), inputs.next()) {
            (Some(within), None, None) if self.asks_apart => (within, self.asking.clone()),
            (Some(within), Some(asking), None) => (within, asking),
            _ => return plan_err!("internal: NEAREST has one or two inputs"),
        };
        // Most rewritings change neither columns nor types, and a schema of all columns of `sharps` is long.
        let keeps = |of: &LogicalPlan, by: &LogicalPlan| {
            Arc::ptr_eq(of.schema(), by.schema()) || of.schema() == by.schema()
        };
        let unchanged = keeps(&self.asking, &asking) && keeps(&self.within, &within);
        let mut node = Self {
            asking,
            query: self.query.clone(),
            within,
            search: Search {
                k,
                ..self.search.clone()
            },
            shown: self.shown.clone(),
            filter,
            after: self.after.clone(),
            filtered: self.filtered,
            names: self.names.clone(),
            asks_apart: self.asks_apart,
            schema: Arc::clone(&self.schema),
        };
        if !unchanged {
            node.schema = node.output_schema()?;
        }
        Ok(node)
    }

    fn necessary_children_exprs(&self, output: &[usize]) -> Option<Vec<Vec<usize>>> {
        let (asking, within) = (self.asking_columns(), self.within_columns());
        let mut asked: BTreeSet<usize> = BTreeSet::new();
        let mut chosen: BTreeSet<usize> = BTreeSet::new();
        let after = self.after.iter().flat_map(Expr::column_refs);
        let after = after.filter_map(|column| self.schema.maybe_index_of_column(column));
        for index in output.iter().copied().chain(after) {
            if let Some(place) = asking.get(index) {
                asked.insert(*place);
            } else if let Some(place) = index
                .checked_sub(asking.len())
                .and_then(|index| within.get(index))
            {
                chosen.insert(*place);
            }
        }
        for column in self.filter.iter().flat_map(Expr::column_refs) {
            asked.extend(self.asking.schema().maybe_index_of_column(column));
            chosen.extend(self.within.schema().maybe_index_of_column(column));
        }
        asked.insert(self.asking.schema().maybe_index_of_column(&self.query)?);
        chosen.insert(self.within.schema().maybe_index_of_column(&self.search.vector)?);
        // Ties are broken by the key, so it is read wherever the rows have one.
        chosen.extend(key_columns(self.within.schema()));
        let chosen = chosen.into_iter().collect();
        if self.asks_apart {
            return Some(vec![chosen]);
        }
        Some(vec![chosen, asked.into_iter().collect()])
    }
}

/// The places of the key of SHARP records, as far as a table has it; by it rows at one distance are ordered.
pub(crate) fn key_columns(schema: &DFSchema) -> impl Iterator<Item = usize> {
    helioql_catalog::schema::KEY
        .iter()
        .filter_map(|name| schema.index_of_column_by_name(None, name))
}
