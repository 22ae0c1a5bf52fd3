//! `within => (SELECT … WHERE s.harpnum = e.harpnum)`: what the WHERE of the rows to choose from says of the row on
//! the left becomes a predicate of NEAREST on pairs of rows.
//!
//! It is taken from below projections of plain columns and aliases. Below anything else, such as a LIMIT or GROUP BY,
//! it chooses the rows that these see, so that there it is refused.

use std::sync::Arc;

use datafusion::{
    common::{
        Column, Result,
        tree_node::{Transformed, TreeNode},
    },
    logical_expr::{
        Expr, Filter, LogicalPlan, Projection, SubqueryAlias,
        utils::{conjunction, split_conjunction},
    },
};

use super::carry::{Outer, unsupported};
use crate::nearest::NearestNode;

/// The node without the predicates of its `within` that read the outer row, and these.
pub(super) fn hoist(mut node: NearestNode, outer: &Outer) -> Result<(NearestNode, Vec<Expr>)> {
    if node.within.all_out_ref_exprs().is_empty() {
        return Ok((node, Vec::new()));
    }
    let (within, hoisted) = take(node.within)?;
    if !within.all_out_ref_exprs().is_empty() {
        return unsupported(
            "this `within`",
            "only its own WHERE may read columns of an outer row",
        );
    }
    node.within = within;
    let hoisted = hoisted.into_iter().map(|predicate| outer.inward(predicate));
    Ok((node, hoisted.collect::<Result<_>>()?))
}

/// `plan` without the predicates that read the outer row, and these in terms of its columns.
fn take(plan: LogicalPlan) -> Result<(LogicalPlan, Vec<Expr>)> {
    match plan {
        LogicalPlan::SubqueryAlias(alias) => {
            let inner = alias.input.schema().columns();
            let (input, taken) = take(Arc::unwrap_or_clone(alias.input))?;
            let taken = renamed(taken, |column| {
                let index = inner.iter().position(|known| known == column)?;
                Some(Column::from(alias.schema.qualified_field(index)))
            })?;
            let alias = SubqueryAlias::try_new(Arc::new(input), alias.alias)?;
            Ok((LogicalPlan::SubqueryAlias(alias), taken))
        }
        LogicalPlan::Projection(projection) => {
            let (input, taken) = take(Arc::unwrap_or_clone(projection.input))?;
            let taken = renamed(taken, |column| {
                let shows = |expr: &Expr| expr.clone().unalias() == Expr::Column(column.clone());
                let index = projection.expr.iter().position(shows)?;
                Some(Column::from(projection.schema.qualified_field(index)))
            })?;
            let projection = Projection::try_new(projection.expr, Arc::new(input))?;
            Ok((LogicalPlan::Projection(projection), taken))
        }
        LogicalPlan::Filter(filter) => {
            let (input, mut taken) = take(Arc::unwrap_or_clone(filter.input))?;
            let (correlated, kept): (Vec<Expr>, Vec<Expr>) = split_conjunction(&filter.predicate)
                .into_iter()
                .cloned()
                .partition(Expr::contains_outer);
            taken.extend(correlated);
            let plan = match conjunction(kept) {
                Some(kept) => LogicalPlan::Filter(Filter::try_new(kept, Arc::new(input))?),
                None => input,
            };
            Ok((plan, taken))
        }
        other => Ok((other, Vec::new())),
    }
}

/// The predicates over the columns that `shown` has for theirs.
fn renamed(predicates: Vec<Expr>, shown: impl Fn(&Column) -> Option<Column>) -> Result<Vec<Expr>> {
    let rename = |predicate: Expr| -> Result<Expr> {
        let renamed = predicate.transform(|expr| {
            let Expr::Column(column) = &expr else {
                return Ok(Transformed::no(expr));
            };
            match shown(column) {
                Some(column) => Ok(Transformed::yes(Expr::Column(column))),
                None => unsupported(
                    &format!("`{}`, which `within` does not return as it is,", column.name),
                    "SELECT it there too",
                ),
            }
        })?;
        Ok(renamed.data)
    };
    predicates.into_iter().map(rename).collect()
}
