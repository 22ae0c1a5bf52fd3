//! A relation of ours that reads columns of the rows to its left is answered for all of them at once.
//!
//! ```text
//! Inner Join                                       Nearest: k=3, join=inner
//!   TableScan: s                                     SubqueryAlias: n
//!   SubqueryAlias: n                          ⇒        TableScan: sharps
//!     Subquery:                                      Projection: s.*, s.embedding AS __query_1
//!       Nearest: k=3                                   TableScan: s
//!         TableScan: sharps
//!         Projection: outer(s.embedding) AS __query
//! ```
//!
//! A sub-select between the join and the relation is carried along, operator by operator ([`carry`]): the
//! columns of the row on the left, and its number, become columns of every operator, by which groups, windows
//! and limits are kept apart. A correlated scalar subquery, EXISTS or IN is a left join of the same kind
//! ([`subquery`]). A WHERE that reads the row on the left makes a relation read it too: it chooses the rows that are
//! ranked.
//!
//! It does not apply to lateral sub-selects without a relation of ours, which DataFusion plans, nor to right and
//! full joins, which have no meaning here.

mod carry;
mod subquery;
mod within;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use datafusion::{
    common::{
        Column, Result, TableReference,
        config::ConfigOptions,
        tree_node::{Transformed, TreeNode, TreeNodeRecursion},
    },
    logical_expr::{
        Expr, Extension, Join, JoinType, LogicalPlan, LogicalPlanBuilder, lit,
        utils::{conjunction, split_conjunction, split_conjunction_owned},
    },
    optimizer::AnalyzerRule,
};

use self::carry::{Carried, Outer};
use crate::{
    contains,
    nearest::{
        Asking, NearestNode,
        node::{DISTANCE, RANK, speaks_of},
    },
};

#[derive(Debug, Default)]
pub(super) struct Lateral {
    /// Relations met so far; the columns that one adds are numbered by it.
    met: AtomicUsize,
}

impl AnalyzerRule for Lateral {
    fn name(&self) -> &'static str {
        "lateral"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        if !contains::node(&plan, |node| matches!(node, LogicalPlan::Subquery(_))) {
            return Ok(plan);
        }
        plan.transform_up_with_subqueries(|plan| match plan {
            LogicalPlan::Join(join) => self.join(join),
            LogicalPlan::Projection(_) | LogicalPlan::Filter(_) => self.subqueries(plan),
            other => Ok(Transformed::no(other)),
        })
        .map(|transformed| transformed.data)
    }
}

impl Lateral {
    fn next(&self) -> usize {
        self.met.fetch_add(1, Ordering::Relaxed)
    }

    fn join(&self, join: Join) -> Result<Transformed<LogicalPlan>> {
        let padded = match join.join_type {
            JoinType::Inner => false,
            JoinType::Left => true,
            _ => return Ok(Transformed::no(LogicalPlan::Join(join))),
        };
        let Some((alias, inside)) = lateral(&join.right) else {
            return Ok(Transformed::no(LogicalPlan::Join(join)));
        };
        let (alias, inside) = (alias.cloned(), inside.clone());
        let alias = alias.as_ref();
        let on = join.on.into_iter().map(|(left, right)| left.eq(right));
        let conditions: Vec<Expr> = on
            .chain(join.filter.into_iter().flat_map(split_conjunction_owned))
            .filter(|condition| *condition != lit(true))
            .collect();
        let left = Arc::unwrap_or_clone(join.left);
        let plan = match NearestNode::of(&inside) {
            Some(node) => self.directly(node.clone(), left, alias, padded, conditions)?,
            None => self.through(&inside, left, alias, padded, conditions)?,
        };
        Ok(Transformed::yes(plan))
    }

    /// NEAREST itself stands beside the left rows: conditions on its columns apply before ranking.
    fn directly(
        &self,
        node: NearestNode,
        left: LogicalPlan,
        alias: Option<&TableReference>,
        padded: bool,
        conditions: Vec<Expr>,
    ) -> Result<LogicalPlan> {
        let name = format!("__query_{}", self.next());
        let outer = Outer::plain(&left);
        let query = outer.inward(query_of(&node.asking)?)?;
        let mut columns: Vec<Expr> = left.schema().columns().into_iter().map(Expr::Column).collect();
        columns.push(query.alias(&name));
        let asking = LogicalPlanBuilder::from(left).project(columns)?.build()?;
        let shown = if padded { Asking::Padded } else { Asking::Joined };
        let node = match alias {
            Some(alias) => node.named(alias)?,
            None => node,
        };
        let (node, hoisted) = within::hoist(node, &outer)?;
        let mut node = node.asked_by(asking, Column::from_name(name), shown)?;
        for predicate in hoisted {
            node = node.with_filter(predicate)?;
        }
        let mut above = Vec::new();
        for condition in conditions {
            node = match (comes_after(&condition), padded) {
                (true, true) => node.with_after(condition),
                (true, false) => {
                    above.push(condition);
                    node
                }
                (false, false) if speaks_of(&condition, node.asking.schema()) => {
                    node.with_fewer_asking(condition)?
                }
                (false, _) => node.with_filter(condition)?,
            };
        }
        let plan = LogicalPlan::Extension(Extension { node: Arc::new(node) });
        match conjunction(above) {
            Some(above) => LogicalPlanBuilder::from(plan).filter(above)?.build(),
            None => Ok(plan),
        }
    }

    /// A sub-select stands beside the left rows.
    fn through(
        &self,
        inside: &LogicalPlan,
        left: LogicalPlan,
        alias: Option<&TableReference>,
        padded: bool,
        conditions: Vec<Expr>,
    ) -> Result<LogicalPlan> {
        let fields: Vec<_> = left
            .schema()
            .iter()
            .map(|(qualifier, field)| (qualifier.cloned(), field.name().clone()))
            .collect();
        let mut outer = Outer::renamed(left, self.next(), padded)?;
        let Carried { plan, padded: pads } = outer.carry(inside)?;
        let mut columns: Vec<Expr> = outer
            .columns()
            .zip(fields)
            .map(|(column, (qualifier, name))| Expr::Column(column).alias_qualified(qualifier, name))
            .collect();
        for (qualifier, field) in inside.schema().iter() {
            let qualifier = alias.or(qualifier).cloned();
            let column = Expr::Column(Column::from((qualifier_of(inside, field.name()), field)));
            let value = if pads { outer.padded(column)? } else { column };
            columns.push(value.alias_qualified(qualifier, field.name()));
        }
        let plan = LogicalPlanBuilder::from(plan).project(columns)?;
        match (conjunction(conditions), padded) {
            (None, _) => plan.build(),
            (Some(condition), false) => plan.filter(condition)?.build(),
            (Some(_), true) => carry::unsupported(
                "a condition of a LEFT JOIN LATERAL on a sub-select",
                "it belongs in the WHERE of the sub-select, with ON TRUE",
            ),
        }
    }
}

/// The qualifier under which `plan` has the column `name`.
fn qualifier_of<'p>(plan: &'p LogicalPlan, name: &str) -> Option<&'p TableReference> {
    let schema = plan.schema();
    let index = schema.fields().iter().position(|field| field.name() == name)?;
    schema.qualified_field(index).0
}

/// The alias and the inside of a lateral relation that one of ours stands in.
fn lateral(plan: &LogicalPlan) -> Option<(Option<&TableReference>, &LogicalPlan)> {
    match plan {
        LogicalPlan::SubqueryAlias(alias) => {
            let (_, inside) = lateral(&alias.input)?;
            Some((Some(&alias.alias), inside))
        }
        LogicalPlan::Subquery(subquery) => is_ours(&subquery.subquery).then_some((None, &subquery.subquery)),
        _ => None,
    }
}

/// Whether a relation of ours in `plan` reads columns of an outer row.
fn is_ours(plan: &LogicalPlan) -> bool {
    plan.exists(|plan| {
        Ok(match plan {
            LogicalPlan::Projection(projection) => {
                matches!(projection.input.as_ref(), LogicalPlan::EmptyRelation(_))
                    && projection.expr.iter().any(Expr::contains_outer)
            }
            LogicalPlan::Filter(filter) => split_conjunction(&filter.predicate)
                .into_iter()
                .any(|predicate| predicate.contains_outer() && comes_before(predicate, &filter.input)),
            other => NearestNode::of(other).is_some_and(|node| !node.within.all_out_ref_exprs().is_empty()),
        })
    })
    .unwrap_or(false)
}

/// The expression of the single row that asks.
fn query_of(asking: &LogicalPlan) -> Result<Expr> {
    let mut found = None;
    asking.apply(|plan| {
        if let LogicalPlan::Projection(projection) = plan {
            found = projection.expr.first().cloned();
            return Ok(TreeNodeRecursion::Stop);
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    match found {
        Some(expr) => Ok(expr.unalias()),
        None => carry::unsupported(
            "this `to` of NEAREST",
            "a column, a sample or an embedding stands there",
        ),
    }
}

/// Whether `predicate`, in a WHERE above `plan`, chooses the rows that a NEAREST of the same block ranks.
fn comes_before(predicate: &Expr, plan: &LogicalPlan) -> bool {
    let speaks_of = |plan: &LogicalPlan| speaks_of(predicate, plan.schema()) && !comes_after(predicate);
    match plan {
        LogicalPlan::SubqueryAlias(alias) => speaks_of(plan) && NearestNode::of(&alias.input).is_some(),
        LogicalPlan::Join(join) => [&join.left, &join.right]
            .into_iter()
            .any(|side| comes_before(predicate, side)),
        other => speaks_of(other) && NearestNode::of(other).is_some(),
    }
}

/// Whether `predicate` applies after the ranking: it speaks of what ranking made, or is true of a row by chance.
fn comes_after(predicate: &Expr) -> bool {
    let of_ranking = |column: &&Column| column.name == RANK || column.name == DISTANCE;
    predicate.is_volatile() || predicate.column_refs().iter().any(of_ranking)
}
