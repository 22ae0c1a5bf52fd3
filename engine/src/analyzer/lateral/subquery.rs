//! Correlated scalar subqueries, EXISTS and IN on a relation of ours.
//!
//! ```text
//! Projection: s.harpnum, (SELECT avg(n.usflux) FROM NEAREST(outer(s.embedding)) AS n)
//!   TableScan: s
//!  ⇒
//! Projection: s.harpnum, __value_1
//!   Projection: s.*, avg(n.usflux) AS __value_1
//!     Aggregate: groupBy=[__row_1], …
//!       Nearest: join=left …
//! ```

use std::sync::Arc;

use datafusion::{
    common::{
        DFSchema, ExprSchema, Result, ScalarValue, plan_err,
        tree_node::{Transformed, TreeNode},
    },
    functions_aggregate::expr_fn::{count, max},
    logical_expr::{
        Expr, LogicalPlan, LogicalPlanBuilder, Projection, expr_rewriter::NamePreserver, ident, lit, when,
    },
};

use super::{
    Lateral,
    carry::{Carried, Outer},
    is_ours,
};
use crate::nearest::NearestNode;

impl Lateral {
    /// The subqueries of a projection or a filter, each as a column of its input.
    pub(super) fn subqueries(&self, plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
        let inputs = plan.inputs();
        let [input] = inputs.as_slice() else {
            return Ok(Transformed::no(plan));
        };
        let shown = input.schema().columns();
        let mut input = (*input).clone();
        let mut met = false;
        let names = NamePreserver::new(&plan);
        let mut exprs = Vec::new();
        for expr in plan.expressions() {
            let name = names.save(&expr);
            let read = expr.transform_down(|expr| {
                let Some(asked) = Asked::of(&expr, input.schema())? else {
                    return Ok(Transformed::no(expr));
                };
                let value = format!("__value_{}", self.next());
                input = self.beside(input.clone(), &asked.inside, &value)?;
                met = true;
                asked.answered(ident(value)).map(Transformed::yes)
            })?;
            exprs.push(name.restore(read.data));
        }
        if !met {
            return Ok(Transformed::no(plan));
        }
        let is_filter = matches!(plan, LogicalPlan::Filter(_));
        let plan = plan.with_new_exprs(exprs, vec![input])?;
        if !is_filter {
            return Ok(Transformed::yes(plan));
        }
        let shown = shown.into_iter().map(Expr::Column).collect();
        Ok(Transformed::yes(LogicalPlan::Projection(Projection::try_new(
            shown,
            Arc::new(plan),
        )?)))
    }

    /// `input` with the value of the subquery for each of its rows.
    fn beside(&self, input: LogicalPlan, inside: &LogicalPlan, value: &str) -> Result<LogicalPlan> {
        let shown = input.schema().columns();
        let mut outer = Outer::renamed(input, self.next(), true)?;
        let Carried { plan, padded } = outer.carry(inside)?;
        let mut columns: Vec<Expr> = outer
            .columns()
            .zip(shown)
            .map(|(inside, shown)| Expr::Column(inside).alias_qualified(shown.relation, shown.name))
            .collect();
        let Some(column) = inside.schema().columns().into_iter().next() else {
            return plan_err!("a scalar subquery has one column, found none");
        };
        let column = Expr::Column(column);
        let column = if padded { outer.padded(column)? } else { column };
        columns.push(column.alias(value));
        LogicalPlanBuilder::from(plan).project(columns)?.build()
    }
}

/// A subquery on a relation of ours that reads the outer row, as one that has a value.
struct Asked {
    inside: LogicalPlan,
    of: Of,
}

/// What is asked of a subquery.
#[derive(Clone, Copy)]
enum Of {
    /// Its value.
    Value,
    /// Whether it has rows; the value is their number.
    Exists { negated: bool },
    /// Whether one of its rows is `x`; the value is one of [`IS`], [`MAY_BE`] and 0, or NULL without rows.
    In { negated: bool },
}

/// A row equals what is looked for.
const IS: i64 = 2;
/// A row might: it or what is looked for is NULL.
const MAY_BE: i64 = 1;

impl Asked {
    /// `expr`, if it is one, beside the rows of `outer`.
    fn of(expr: &Expr, outer: &DFSchema) -> Result<Option<Self>> {
        let subquery = match expr {
            Expr::ScalarSubquery(subquery) => subquery,
            Expr::Exists(exists) => &exists.subquery,
            Expr::InSubquery(within) => &within.subquery,
            _ => return Ok(None),
        };
        if !is_ours(&subquery.subquery) {
            return Ok(None);
        }
        let inside = subquery.subquery.as_ref().clone();
        let aggregated = |aggregate: Expr| {
            LogicalPlanBuilder::from(inside.clone())
                .aggregate(Vec::<Expr>::new(), vec![aggregate])?
                .build()
        };
        Ok(Some(match expr {
            Expr::Exists(exists) => Self {
                inside: aggregated(count(lit(1i64)))?,
                of: Of::Exists {
                    negated: exists.negated,
                },
            },
            Expr::InSubquery(within) => {
                let Some(column) = inside.schema().columns().into_iter().next() else {
                    return plan_err!("a subquery of IN has one column, found none");
                };
                let equal = Expr::Column(column).eq(of_outer_row(within.expr.as_ref().clone(), outer)?);
                let found = when(equal.clone().is_true(), lit(IS))
                    .when(equal.is_null(), lit(MAY_BE))
                    .otherwise(lit(0i64))?;
                Self {
                    inside: aggregated(max(found))?,
                    of: Of::In {
                        negated: within.negated,
                    },
                }
            }
            _ if has_one_row(&inside)? => Self {
                inside,
                of: Of::Value,
            },
            _ => {
                return plan_err!(
                    "a scalar subquery has one row: k => 1, LIMIT 1 or an aggregate is expected in a subquery on NEAREST, \
                     GENERATE or STEER"
                );
            }
        }))
    }

    /// What stands in the place of the subquery whose value is `value`.
    fn answered(&self, value: Expr) -> Result<Expr> {
        Ok(match self.of {
            Of::Value => value,
            Of::Exists { negated: true } => value.eq(lit(0i64)),
            Of::Exists { negated: false } => value.gt(lit(0i64)),
            Of::In { negated } => when(value.clone().eq(lit(IS)), lit(!negated))
                .when(value.eq(lit(MAY_BE)), lit(ScalarValue::Boolean(None)))
                .otherwise(lit(negated))?,
        })
    }
}

/// An expression of the rows of `outer` as a subquery beside them reads it.
fn of_outer_row(expr: Expr, outer: &DFSchema) -> Result<Expr> {
    let outward = expr.transform(|expr| {
        let Expr::Column(column) = &expr else {
            return Ok(Transformed::no(expr));
        };
        let field = Arc::clone(outer.field_from_column(column)?);
        Ok(Transformed::yes(Expr::OuterReferenceColumn(
            field,
            column.clone(),
        )))
    })?;
    Ok(outward.data)
}

/// Whether a plan has at most one row, whatever the tables hold.
fn has_one_row(plan: &LogicalPlan) -> Result<bool> {
    Ok(match plan {
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        LogicalPlan::Limit(limit) => {
            limit.fetch.as_deref().is_some_and(|fetch| *fetch == lit(1i64)) || has_one_row(&limit.input)?
        }
        LogicalPlan::Projection(projection) => {
            matches!(projection.input.as_ref(), LogicalPlan::EmptyRelation(_))
                || has_one_row(&projection.input)?
        }
        LogicalPlan::Filter(filter) => has_one_row(&filter.input)?,
        LogicalPlan::Sort(sort) => has_one_row(&sort.input)?,
        LogicalPlan::SubqueryAlias(alias) => has_one_row(&alias.input)?,
        other => match NearestNode::of(other) {
            Some(node) => node.search.rows()? <= 1,
            None => false,
        },
    })
}
