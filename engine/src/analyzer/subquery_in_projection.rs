//! EXISTS and IN of a subquery are values, wherever a column is.
//!
//! ```text
//! Projection: s.harpnum, s.noaa_ar IN (<subquery>)      Projection: s.harpnum,
//!   Subquery: flares.noaa_ar                                CASE WHEN (<hits>) > 0 THEN true
//!   TableScan: s                                    ⇒            WHEN (<rows>) > 0 AND (s.noaa_ar IS NULL OR (<unknown>) > 0)
//!                                                                THEN NULL ELSE false END
//!                                                         Subquery: count(*) of the flares WHERE flares.noaa_ar = outer_ref(s.noaa_ar)
//!                                                         Subquery: count(*) of the flares, and of those WHERE flares.noaa_ar IS NULL
//!                                                         TableScan: s
//! ```
//!
//! DataFusion knows both in WHERE alone; scalar subqueries, which it plans as joins, it knows here too. What is unknown
//! for NULL stays unknown. It does not apply to anything but the columns of a SELECT, nor to a value that a subquery
//! gives, or that is of a query further out.

use std::sync::Arc;

use datafusion::{
    common::{
        DFSchema, ExprSchema, Result, ScalarValue,
        config::ConfigOptions,
        tree_node::{Transformed, TreeNode},
    },
    functions_aggregate::count::count_all,
    logical_expr::{
        Expr, LogicalPlan, LogicalPlanBuilder, Subquery,
        expr::{Exists, InSubquery},
        lit, not,
        utils::merge_schema,
        when,
    },
    optimizer::AnalyzerRule,
};

use super::{each_expression, each_node};
use crate::contains;

#[derive(Debug)]
pub(super) struct SubqueryInProjection;

impl AnalyzerRule for SubqueryInProjection {
    fn name(&self) -> &'static str {
        "subquery_in_projection"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let asks = |expr: &Expr| matches!(expr, Expr::Exists(_) | Expr::InSubquery(_));
        let concerned = |node: &LogicalPlan| {
            matches!(node, LogicalPlan::Projection(_)) && contains::expression(node, asks)
        };
        each_node(plan, concerned, |plan| {
            let rows = merge_schema(&plan.inputs());
            each_expression(plan, |expr| expr.transform_up(|expr| as_value(expr, &rows)))
        })
    }
}

/// What says the same of a row of `rows` by scalar subqueries.
fn as_value(expr: Expr, rows: &DFSchema) -> Result<Transformed<Expr>> {
    match expr {
        Expr::Exists(Exists { subquery, negated }) => {
            let found = count(&subquery, None)?;
            let value = if negated {
                found.eq(lit(0))
            } else {
                found.gt(lit(0))
            };
            Ok(Transformed::yes(value))
        }
        Expr::InSubquery(InSubquery {
            expr,
            subquery,
            negated,
        }) if !contains::asks_elsewhere(&expr) => {
            let member = is_member(*expr, &subquery, rows)?;
            Ok(Transformed::yes(if negated { not(member) } else { member }))
        }
        other => Ok(Transformed::no(other)),
    }
}

/// Whether `value` is among the rows of `subquery`: unknown for NULL, and beside NULL, unless there are no rows.
fn is_member(value: Expr, subquery: &Subquery, rows: &DFSchema) -> Result<Expr> {
    let (qualifier, field) = subquery.subquery.schema().qualified_field(0);
    let listed = Expr::from((qualifier, field));
    let of_row = value.clone().transform(|expr| match expr {
        Expr::Column(column) => {
            let field = Arc::clone(rows.field_from_column(&column)?);
            Ok(Transformed::yes(Expr::OuterReferenceColumn(field, column)))
        }
        other => Ok(Transformed::no(other)),
    })?;
    let hits = count(subquery, Some(listed.clone().eq(of_row.data)))?;
    let unknown = count(subquery, Some(listed.is_null()))?;
    let is_unknown = value.is_null().or(unknown.gt(lit(0)));
    when(hits.gt(lit(0)), lit(true))
        .when(
            count(subquery, None)?.gt(lit(0)).and(is_unknown),
            lit(ScalarValue::Boolean(None)),
        )
        .otherwise(lit(false))
}

/// How many rows a subquery has, of those that fulfil `condition`.
fn count(subquery: &Subquery, condition: Option<Expr>) -> Result<Expr> {
    let mut rows = LogicalPlanBuilder::from(Arc::clone(&subquery.subquery));
    if let Some(condition) = condition {
        rows = rows.filter(condition)?;
    }
    let counted = rows.aggregate(Vec::<Expr>::new(), vec![count_all()])?.build()?;
    Ok(Expr::ScalarSubquery(Subquery {
        outer_ref_columns: counted.all_out_ref_exprs(),
        subquery: Arc::new(counted),
        spans: subquery.spans.clone(),
    }))
}
