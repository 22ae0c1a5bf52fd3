//! Correlated scalar subqueries and EXISTS on a relation of ours.
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
        Result, Spans, plan_err,
        tree_node::{Transformed, TreeNode},
    },
    functions_aggregate::expr_fn::count,
    logical_expr::{
        Expr, LogicalPlan, LogicalPlanBuilder, Projection, expr::Exists, expr_rewriter::NamePreserver, ident,
        lit, logical_plan::Subquery,
    },
};

use super::{
    Lateral,
    carry::{Carried, Outer, unsupported},
    is_ours, nearest,
};

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
                if matches!(&expr, Expr::InSubquery(within) if is_ours(&within.subquery.subquery)) {
                    return unsupported("IN", "EXISTS (SELECT … WHERE …) does the same");
                }
                let Some((subquery, exists)) = ours(&expr) else {
                    return Ok(Transformed::no(expr));
                };
                let value = format!("__value_{}", self.next());
                input = self.beside(input.clone(), &subquery, exists.is_some(), &value)?;
                met = true;
                Ok(Transformed::yes(match exists {
                    Some(negated) if negated => ident(value).eq(lit(0i64)),
                    Some(_) => ident(value).gt(lit(0i64)),
                    None => ident(value),
                }))
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

    /// `input` with the value of the subquery for each of its rows, or with the number of the subquery's rows.
    fn beside(
        &self,
        input: LogicalPlan,
        subquery: &LogicalPlan,
        counted: bool,
        value: &str,
    ) -> Result<LogicalPlan> {
        let mut inside = subquery.clone();
        if counted {
            inside = LogicalPlanBuilder::from(inside)
                .aggregate(Vec::<Expr>::new(), vec![count(lit(1i64))])?
                .build()?;
        } else if !has_one_row(&inside)? {
            return plan_err!(
                "a scalar subquery has one row: k => 1, LIMIT 1 or an aggregate is expected in a subquery on NEAREST, \
                 GENERATE or STEER"
            );
        }
        let shown = input.schema().columns();
        let mut outer = Outer::renamed(input, self.next(), true)?;
        let Carried { plan, padded } = outer.carry(&inside)?;
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

/// The plan of a subquery on a relation of ours that reads the outer row; of EXISTS also whether it is negated.
fn ours(expr: &Expr) -> Option<(Arc<LogicalPlan>, Option<bool>)> {
    let (
        Subquery {
            subquery,
            spans: Spans(_),
            ..
        },
        exists,
    ) = match expr {
        Expr::ScalarSubquery(subquery) => (subquery, None),
        Expr::Exists(Exists { subquery, negated }) => (subquery, Some(*negated)),
        _ => return None,
    };
    is_ours(subquery).then(|| (Arc::clone(subquery), exists))
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
        other => match nearest(other) {
            Some(node) => node.search.rows()? <= 1,
            None => false,
        },
    })
}
