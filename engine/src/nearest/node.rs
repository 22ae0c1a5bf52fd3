//! The logical node: a query row on the left, the rows that may be nearest on the right.

use std::{cmp::Ordering, fmt, sync::Arc};

use arrow::datatypes::{DataType, Field};
use datafusion::{
    common::{Column, DFSchema, DFSchemaRef, Result, TableReference},
    logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore},
};

use super::Metric;

/// The column of the left input that holds the query's vector.
pub(crate) const QUERY: &str = "__query";
/// The place of a row in the answer, from 1.
pub(crate) const RANK: &str = "_rank";
/// The distance of a row from the query.
pub(crate) const DISTANCE: &str = "_distance";

/// `NEAREST` between planning and execution. Its output is the right input's columns without the vectors
/// that were made only for it, then `_rank` and `_distance`, all qualified as `nearest`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct NearestNode {
    /// One row with the column [`QUERY`].
    pub(crate) query: LogicalPlan,
    /// The rows to choose from.
    pub(crate) within: LogicalPlan,
    /// The column of `within` that is compared.
    pub(crate) vector: Column,
    /// Whether the vector column belongs to the output.
    pub(crate) keeps_vector: bool,
    /// How many rows are wanted.
    pub(crate) k: usize,
    /// How they are compared.
    pub(crate) metric: Metric,
    /// Whether predicates of the query block were placed under the ranking.
    pub(crate) filtered: bool,
    schema: DFSchemaRef,
}

impl NearestNode {
    pub(crate) fn try_new(
        query: LogicalPlan,
        within: LogicalPlan,
        vector: Column,
        keeps_vector: bool,
        k: usize,
        metric: Metric,
    ) -> Result<Self> {
        let schema = output_schema(&within, &vector, keeps_vector)?;
        Ok(Self {
            query,
            within,
            vector,
            keeps_vector,
            k,
            metric,
            filtered: false,
            schema,
        })
    }

    /// The node with `predicate`, which speaks of the columns of `within`, applied before ranking.
    pub(crate) fn with_filter(mut self, predicate: Expr) -> Result<Self> {
        self.within = datafusion::logical_expr::LogicalPlanBuilder::from(self.within)
            .filter(predicate)?
            .build()?;
        self.filtered = true;
        Ok(self)
    }

    /// The columns of `within` that make up the output, by their place.
    pub(crate) fn output_columns(&self) -> Vec<usize> {
        let vector = self.within.schema().maybe_index_of_column(&self.vector);
        (0..self.within.schema().fields().len())
            .filter(|index| self.keeps_vector || Some(*index) != vector)
            .collect()
    }

    /// The column of `within` that the output column `name` stands for; `None` for rank and distance.
    pub(crate) fn within_column(&self, name: &str) -> Option<Column> {
        let schema = self.within.schema();
        self.output_columns()
            .into_iter()
            .find(|&index| schema.field(index).name() == name)
            .map(|index| Column::from(schema.qualified_field(index)))
    }

    /// How the node will be answered, as `EXPLAIN` names it.
    pub(crate) fn path(&self) -> &'static str {
        if self.filtered {
            "exact over filter"
        } else {
            "exact"
        }
    }
}

fn output_schema(within: &LogicalPlan, vector: &Column, keeps_vector: bool) -> Result<DFSchemaRef> {
    let qualifier = TableReference::bare("nearest");
    let skipped = if keeps_vector {
        None
    } else {
        within.schema().maybe_index_of_column(vector)
    };
    let mut fields: Vec<_> = within
        .schema()
        .fields()
        .iter()
        .enumerate()
        .filter(|(index, _)| Some(*index) != skipped)
        .map(|(_, field)| (Some(qualifier.clone()), Arc::clone(field)))
        .collect();
    fields.push((
        Some(qualifier.clone()),
        Arc::new(Field::new(RANK, DataType::Int64, false)),
    ));
    fields.push((
        Some(qualifier),
        Arc::new(Field::new(DISTANCE, DataType::Float64, false)),
    ));
    Ok(Arc::new(DFSchema::new_with_metadata(
        fields,
        std::collections::HashMap::new(),
    )?))
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
        vec![&self.query, &self.within]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Nearest: k={}, metric={}, vector={}, path={}",
            self.k,
            self.metric,
            self.vector,
            self.path()
        )
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        let [query, within] = <[LogicalPlan; 2]>::try_from(inputs).map_err(|inputs| {
            datafusion::common::internal_datafusion_err!("NEAREST has two inputs, found {}", inputs.len())
        })?;
        let node = Self::try_new(
            query,
            within,
            self.vector.clone(),
            self.keeps_vector,
            self.k,
            self.metric,
        )?;
        Ok(Self {
            filtered: self.filtered,
            ..node
        })
    }

    fn necessary_children_exprs(&self, output: &[usize]) -> Option<Vec<Vec<usize>>> {
        let columns = self.output_columns();
        let mut needed: Vec<usize> = output
            .iter()
            .filter_map(|&index| columns.get(index).copied())
            .collect();
        needed.push(self.within.schema().maybe_index_of_column(&self.vector)?);
        needed.sort_unstable();
        needed.dedup();
        Some(vec![vec![0], needed])
    }
}
