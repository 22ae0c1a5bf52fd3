//! Predicates of the same query block on the base table's columns apply before NEAREST ranks.
//!
//! ```text
//! Filter: n.usflux > 1e22 AND n._distance < 3     Filter: n._distance < 3
//!   SubqueryAlias: n                          ⇒     SubqueryAlias: n
//!     Nearest: path=exact                             Nearest: path=exact over filter
//!       TableScan: sharps                               Filter: sharps.usflux > 1e22
//!       query                                             TableScan: sharps
//!                                                       query
//! ```
//!
//! Beside the rows of another table, a predicate may speak of both: `n.harpnum <> s.harpnum` is applied to each
//! pair before ranking, and one on the other table alone to its rows.
//!
//! It is a matter of meaning, so it is decided here and by no optimizer rule: the k nearest among the rows
//! that match, always k of them when k match. It does not apply through a subselect, whose rows are
//! complete before the outer WHERE sees them, nor to predicates on `_rank` or `_distance`, nor on the side
//! of an outer join that may be padded with NULLs.

use std::sync::Arc;

use datafusion::{
    common::{
        Column, Result,
        config::ConfigOptions,
        tree_node::{Transformed, TreeNode},
    },
    logical_expr::{
        Expr, Extension, Filter, JoinType, LogicalPlan, Projection,
        utils::{conjunction, split_conjunction_owned},
    },
    optimizer::AnalyzerRule,
};

use crate::{
    contains,
    nearest::{Asking, NearestNode, node::speaks_of},
};

#[derive(Debug)]
pub(super) struct PlaceNearestFilter;

impl AnalyzerRule for PlaceNearestFilter {
    fn name(&self) -> &'static str {
        "place_nearest_filter"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        if !contains::node(&plan, |node| NearestNode::of(node).is_some()) {
            return Ok(plan);
        }
        plan.transform_up_with_subqueries(|plan| match plan {
            LogicalPlan::Filter(filter) => place(filter),
            other => Ok(Transformed::no(other)),
        })
        .map(|transformed| transformed.data)
    }
}

fn place(filter: Filter) -> Result<Transformed<LogicalPlan>> {
    let mut input = Arc::unwrap_or_clone(filter.input);
    let mut above = Vec::new();
    let mut placed = false;
    for predicate in split_conjunction_owned(filter.predicate) {
        match sink(input, &predicate)? {
            (below, true) => {
                input = below;
                placed = true;
            }
            (unchanged, false) => {
                input = unchanged;
                above.push(predicate);
            }
        }
    }
    let plan = match conjunction(above) {
        Some(predicate) => LogicalPlan::Filter(Filter::try_new(predicate, Arc::new(input))?),
        None => input,
    };
    Ok(if placed {
        Transformed::yes(plan)
    } else {
        Transformed::no(plan)
    })
}

/// Moves `predicate` under the NEAREST below `plan` that all of its columns come from, if there is one.
fn sink(plan: LogicalPlan, predicate: &Expr) -> Result<(LogicalPlan, bool)> {
    if predicate.is_volatile() || predicate.column_refs().is_empty() {
        return Ok((plan, false));
    }
    match plan {
        plan @ LogicalPlan::Extension(_) => {
            let Some(node) = NearestNode::of(&plan) else {
                return Ok((plan, false));
            };
            match place_in(node.clone(), predicate)? {
                Some(node) => Ok((LogicalPlan::Extension(Extension { node: Arc::new(node) }), true)),
                None => Ok((plan, false)),
            }
        }
        LogicalPlan::SubqueryAlias(mut alias) => {
            let inside = rewrite(predicate, |column| {
                let index = alias.schema.maybe_index_of_column(column)?;
                Some(Column::from(alias.input.schema().qualified_field(index)))
            })?;
            let Some(inside) = inside else {
                return Ok((LogicalPlan::SubqueryAlias(alias), false));
            };
            let (input, placed) = sink(Arc::unwrap_or_clone(alias.input), &inside)?;
            alias.input = Arc::new(input);
            Ok((LogicalPlan::SubqueryAlias(alias), placed))
        }
        LogicalPlan::Join(mut join) => {
            let comes_from = |side: &LogicalPlan| {
                predicate
                    .column_refs()
                    .iter()
                    .all(|column| side.schema().is_column_from_schema(column))
            };
            if matches!(join.join_type, JoinType::Inner | JoinType::Left) && comes_from(&join.left) {
                let (left, placed) = sink(Arc::unwrap_or_clone(join.left), predicate)?;
                join.left = Arc::new(left);
                return Ok((LogicalPlan::Join(join), placed));
            }
            if matches!(join.join_type, JoinType::Inner | JoinType::Right) && comes_from(&join.right) {
                let (right, placed) = sink(Arc::unwrap_or_clone(join.right), predicate)?;
                join.right = Arc::new(right);
                return Ok((LogicalPlan::Join(join), placed));
            }
            Ok((LogicalPlan::Join(join), false))
        }
        other => Ok((other, false)),
    }
}

/// The node with `predicate` before its ranking, or nothing where it belongs after it.
fn place_in(node: NearestNode, predicate: &Expr) -> Result<Option<NearestNode>> {
    if node.shown != Asking::Alone && speaks_of(predicate, node.asking.schema()) {
        // The rows that ask may be the answer of another NEAREST in the same block, below its vector.
        if let LogicalPlan::Projection(projection) = &node.asking
            && let (input, true) = sink(projection.input.as_ref().clone(), predicate)?
        {
            let asking = Projection::try_new(projection.expr.clone(), Arc::new(input))?;
            let (query, shown) = (node.query.clone(), node.shown.clone());
            return node
                .asked_by(LogicalPlan::Projection(asking), query, shown)
                .map(Some);
        }
        return node.with_fewer_asking(predicate.clone()).map(Some);
    }
    if node.shown == Asking::Padded {
        return Ok(None);
    }
    let within = node.within.schema();
    let asking = node.asking.schema();
    let pairs = predicate.column_refs().into_iter().all(|column| {
        within.maybe_index_of_column(column).is_some()
            || node.shown == Asking::Joined && asking.maybe_index_of_column(column).is_some()
    });
    if pairs {
        return node.with_filter(predicate.clone()).map(Some);
    }
    Ok(None)
}

/// `predicate` over other columns, or `None` when one of its columns has no counterpart.
fn rewrite(predicate: &Expr, counterpart: impl Fn(&Column) -> Option<Column>) -> Result<Option<Expr>> {
    let mut complete = true;
    let rewritten = predicate.clone().transform(|expr| {
        Ok(match expr {
            Expr::Column(column) => match counterpart(&column) {
                Some(column) => Transformed::yes(Expr::Column(column)),
                None => {
                    complete = false;
                    Transformed::no(Expr::Column(column))
                }
            },
            other => Transformed::no(other),
        })
    })?;
    Ok(complete.then_some(rewritten.data))
}
