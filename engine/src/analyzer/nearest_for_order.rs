//! ORDER BY a distance with a LIMIT is NEAREST.
//!
//! ```text
//! Limit: skip=2, fetch=5                            Limit: skip=2, fetch=5
//!   Sort: d ASC NULLS LAST                            Projection: s.harpnum, nearest._distance AS d
//!     Projection: s.harpnum,                   ⇒        Nearest: k=7
//!                 l2_distance(s.embedding, q) AS d        Filter: s.usflux > 1e22
//!       Filter: s.usflux > 1e22                             TableScan: s
//!         TableScan: s                                    Projection: q AS __query
//! ```
//!
//! Rows are what ORDER BY gives, and ties are broken by the key as NEAREST breaks them. Rows without a distance
//! come last, as NULLs do. The vector may be of the row on the left (`ORDER BY s.embedding <-> e.embedding` in a LATERAL or
//! correlated subquery); the order then stays, by which the rows of each are counted when `lateral` joins them.
//!
//! It does not apply to a descending order, to NULLS FIRST, to further keys, to a LIMIT that is not a number, to a
//! distance of two columns, nor through anything between the order and the distance but projections.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use arrow::datatypes::DataType;
use datafusion::{
    common::{
        Column, DFSchema, Result, ScalarValue, TableReference,
        config::ConfigOptions,
        tree_node::{Transformed, TreeNode},
    },
    logical_expr::{
        Expr, Extension, FetchType, Limit, LogicalPlan, LogicalPlanBuilder, Projection, SkipType, lit,
        logical_plan::Sort,
    },
    optimizer::AnalyzerRule,
};

use crate::{
    contains,
    nearest::{
        Metric, NearestNode, QUERY, Search, as_vector,
        node::{DISTANCE, MAX_K},
    },
};

#[derive(Debug, Default)]
pub(super) struct NearestForOrder {
    /// Orders met so far; the rows of each stand under a name of their own.
    met: AtomicUsize,
}

impl AnalyzerRule for NearestForOrder {
    fn name(&self) -> &'static str {
        "nearest_for_order"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        if !contains::node(&plan, |node| matches!(node, LogicalPlan::Limit(_))) {
            return Ok(plan);
        }
        plan.transform_up_with_subqueries(|plan| match plan {
            LogicalPlan::Limit(limit) => match self.replace(&limit)? {
                Some(input) => Ok(Transformed::yes(LogicalPlan::Limit(Limit {
                    input: Arc::new(input),
                    ..limit
                }))),
                None => Ok(Transformed::no(LogicalPlan::Limit(limit))),
            },
            other => Ok(Transformed::no(other)),
        })
        .map(|transformed| transformed.data)
    }
}

impl NearestForOrder {
    fn replace(&self, limit: &Limit) -> Result<Option<LogicalPlan>> {
        let (SkipType::Literal(skip), FetchType::Literal(Some(fetch))) =
            (limit.get_skip_type()?, limit.get_fetch_type()?)
        else {
            return Ok(None);
        };
        let k = skip.saturating_add(fetch);
        if k as u64 > MAX_K {
            return Ok(None);
        }
        // The projection that drops what only the order needed stands between.
        match limit.input.as_ref() {
            LogicalPlan::Sort(sort) => self.sort(sort, k),
            LogicalPlan::Projection(dropping) => match dropping.input.as_ref() {
                LogicalPlan::Sort(sort) => Ok(match self.sort(sort, k)? {
                    Some(input) => Some(LogicalPlan::Projection(Projection::try_new(
                        dropping.expr.clone(),
                        Arc::new(input),
                    )?)),
                    None => None,
                }),
                _ => Ok(None),
            },
            _ => Ok(None),
        }
    }

    fn sort(&self, sort: &Sort, k: usize) -> Result<Option<LogicalPlan>> {
        let [key] = sort.expr.as_slice() else {
            return Ok(None);
        };
        if !key.asc || key.nulls_first {
            return Ok(None);
        }
        let Some(input) = self.below(&sort.input, &key.expr, k)? else {
            return Ok(None);
        };
        // Beside the rows of an outer query, rows are counted for each of them, and only an order says how.
        if !key.expr.contains_outer() && input.all_out_ref_exprs().is_empty() {
            return Ok(Some(input));
        }
        Ok(Some(LogicalPlan::Sort(Sort {
            input: Arc::new(input),
            ..sort.clone()
        })))
    }

    /// `plan` with only the `k` rows nearest by `distance`, in their order. They are found below its projections, where a
    /// WHERE stands beside them and nothing has been computed of rows that are not wanted.
    fn below(&self, plan: &LogicalPlan, distance: &Expr, k: usize) -> Result<Option<LogicalPlan>> {
        if let LogicalPlan::Projection(projection) = plan
            && let Some(inner) = through(projection, distance)?
            && let Some(found) = self.below_projection(projection, distance, &inner, k)?
        {
            return Ok(Some(found));
        }
        match Asked::read(distance, plan)? {
            Some(asked) => self.nearest(plan, asked, k).map(Some),
            None => Ok(None),
        }
    }

    /// The same for the rows below a projection, to which the distance is `inner`.
    fn below_projection(
        &self,
        projection: &Projection,
        distance: &Expr,
        inner: &Expr,
        k: usize,
    ) -> Result<Option<LogicalPlan>> {
        let input = projection.input.as_ref();
        let mut columns = projection.expr.clone();
        let computed = match distance {
            Expr::Column(column) => projection.schema.maybe_index_of_column(column).zip(Some(column)),
            _ => None,
        };
        let below = match (computed, Asked::read(inner, input)?) {
            // The distance is known already, so it is not computed a second time.
            (Some((index, column)), Some(asked)) => {
                let (below, known) = self.nearest_with_distance(input, asked, k)?;
                columns[index] = Expr::Column(known).alias_qualified(column.relation.clone(), &column.name);
                Some(below)
            }
            _ => self.below(input, inner, k)?,
        };
        let Some(below) = below else { return Ok(None) };
        Projection::try_new(columns, Arc::new(below)).map(|plan| Some(LogicalPlan::Projection(plan)))
    }

    /// The rows of `plan` nearest as `asked`, with its columns and no others.
    fn nearest(&self, plan: &LogicalPlan, asked: Asked, k: usize) -> Result<LogicalPlan> {
        let (nearest, _) = self.nearest_with_distance(plan, asked, k)?;
        let columns = plan.schema().columns().into_iter().map(Expr::Column);
        LogicalPlanBuilder::from(nearest).project(columns)?.build()
    }

    /// The same with the column of the distance.
    fn nearest_with_distance(
        &self,
        plan: &LogicalPlan,
        asked: Asked,
        k: usize,
    ) -> Result<(LogicalPlan, Column)> {
        let name = format!("__order_{}", self.met.fetch_add(1, Ordering::Relaxed));
        let asking = LogicalPlanBuilder::empty(true)
            .project(vec![asked.query.alias(QUERY)])?
            .build()?;
        let search = Search {
            vector: asked.vector,
            keeps_vector: true,
            k: lit(k as i64),
            metric: asked.metric,
            fills_up: true,
            exact: false,
        };
        let node = NearestNode::try_new(asking, plan.clone(), search)?
            .ranked_as(&TableReference::bare(name.clone()))?;
        let nearest = LogicalPlan::Extension(Extension { node: Arc::new(node) });
        Ok((nearest, Column::new(Some(name), DISTANCE)))
    }
}

/// `expr` over the columns of a projection, over those of its input; nothing where it is of what the projection computes.
fn through(projection: &Projection, expr: &Expr) -> Result<Option<Expr>> {
    if let Expr::Column(column) = expr {
        let index = projection.schema.maybe_index_of_column(column);
        return Ok(index.map(|index| projection.expr[index].clone().unalias_nested().data));
    }
    let mut all_are_columns = true;
    let inner = expr.clone().transform(|expr| {
        let Expr::Column(column) = &expr else {
            return Ok(Transformed::no(expr));
        };
        let index = projection.schema.maybe_index_of_column(column);
        match index.map(|index| projection.expr[index].clone().unalias_nested().data) {
            Some(Expr::Column(inner)) => Ok(Transformed::yes(Expr::Column(inner))),
            _ => {
                all_are_columns = false;
                Ok(Transformed::no(expr))
            }
        }
    })?;
    Ok(all_are_columns.then_some(inner.data))
}

/// The distance of a column from something that is the same for all rows of the query block.
struct Asked {
    vector: Column,
    query: Expr,
    metric: Metric,
}

impl Asked {
    fn read(distance: &Expr, plan: &LogicalPlan) -> Result<Option<Self>> {
        let distance = distance.clone().unalias_nested().data;
        let Expr::ScalarFunction(call) = &distance else {
            return Ok(None);
        };
        let metric = match call.name() {
            "l2_distance" => Metric::L2,
            "cosine_distance" => Metric::Cosine,
            _ => return Ok(None),
        };
        let [a, b] = call.args.as_slice() else {
            return Ok(None);
        };
        let ((Expr::Column(vector), query) | (query, Expr::Column(vector))) = (a, b) else {
            return Ok(None);
        };
        let is_constant =
            query.column_refs().is_empty() && !matches!(query, Expr::Literal(ScalarValue::Null, _));
        let Some(index) = plan
            .schema()
            .maybe_index_of_column(vector)
            .filter(|_| is_constant)
        else {
            return Ok(None);
        };
        let DataType::FixedSizeList(_, length) = plan.schema().field(index).data_type() else {
            return Ok(None);
        };
        Ok(Some(Self {
            vector: vector.clone(),
            query: as_vector(query.clone(), *length, &DFSchema::empty())?,
            metric,
        }))
    }
}
