//! What is unknown for NULL stays unknown when lists of values exclude each other.
//!
//! ```text
//! Filter: NOT (w IN (3, 5) AND w IN (2))         ⇒  Filter: NOT (w IS NULL AND NULL)
//! Filter: w NOT IN (1) OR w NOT IN (2)           ⇒  Filter: w IS NOT NULL OR NULL
//! ```
//!
//! DataFusion 55 simplifies the first to `NOT false` and the second to `true`, and so returns rows whose `w` is
//! NULL, for which SQL says neither yes nor no. It does not apply to what holds for some values and not for
//! others, to lists with NULL or with anything computed in them, nor between lists of different columns.

use std::collections::HashSet;

use datafusion::{
    common::{
        Result, ScalarValue,
        config::ConfigOptions,
        tree_node::{Transformed, TreeNode, TreeNodeRecursion},
    },
    logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator, expr::InList, lit},
    optimizer::AnalyzerRule,
};

use super::{each_expression, each_node};
use crate::contains;

#[derive(Debug)]
pub(super) struct UnknownMembership;

impl AnalyzerRule for UnknownMembership {
    fn name(&self) -> &'static str {
        "unknown_membership"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let combines = |node: &LogicalPlan| contains::expression(node, |expr| combination(expr).is_some());
        each_node(plan, combines, |plan| {
            each_expression(plan, |expr| expr.transform_down(|expr| Ok(with_unknown(expr))))
        })
    }
}

/// `expr`, written so that it is unknown for NULL, where it is a combination of lists that holds for every value or
/// for none. A combination that holds for some is left as it is: whatever becomes of its parts, it is unknown for
/// NULL.
fn with_unknown(expr: Expr) -> Transformed<Expr> {
    let Some(membership) = combination(&expr) else {
        return Transformed::no(expr);
    };
    let value = membership.value.clone();
    let unknown = lit(ScalarValue::Boolean(None));
    let written = match (membership.listed.is_empty(), membership.excludes) {
        (true, false) => value.is_null().and(unknown),
        (true, true) => value.is_not_null().or(unknown),
        (false, _) => return Transformed::new(expr, false, TreeNodeRecursion::Jump),
    };
    Transformed::new(written, true, TreeNodeRecursion::Jump)
}

/// What `expr` is, if it combines several lists.
fn combination(expr: &Expr) -> Option<Membership<'_>> {
    match expr {
        Expr::BinaryExpr(BinaryExpr {
            op: Operator::And | Operator::Or,
            ..
        }) => Membership::read(expr),
        _ => None,
    }
}

/// `value` is one of those `listed`, or, where it `excludes`, none of them.
struct Membership<'a> {
    value: &'a Expr,
    listed: HashSet<ScalarValue>,
    excludes: bool,
}

impl<'a> Membership<'a> {
    fn read(expr: &'a Expr) -> Option<Self> {
        match expr {
            Expr::InList(InList { expr, list, negated }) => Some(Self {
                value: expr,
                listed: list.iter().map(constant).collect::<Option<_>>()?,
                excludes: *negated,
            }),
            Expr::Not(inner) => Self::read(inner).map(Self::complement),
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
                Operator::Eq | Operator::NotEq => {
                    let (value, constant) = match (constant(left), constant(right)) {
                        (None, Some(constant)) => (left, constant),
                        (Some(constant), None) => (right, constant),
                        _ => return None,
                    };
                    Some(Self {
                        value,
                        listed: HashSet::from([constant]),
                        excludes: *op == Operator::NotEq,
                    })
                }
                Operator::And => Self::both(Self::read(right)?, Self::read(left)?),
                // Neither is in neither: De Morgan.
                Operator::Or => {
                    let neither =
                        Self::both(Self::read(right)?.complement(), Self::read(left)?.complement())?;
                    Some(neither.complement())
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn complement(self) -> Self {
        Self {
            excludes: !self.excludes,
            ..self
        }
    }

    fn both(mut a: Self, mut b: Self) -> Option<Self> {
        if a.value != b.value {
            return None;
        }
        match (a.excludes, b.excludes) {
            (false, false) => a.listed.retain(|item| b.listed.contains(item)),
            (false, true) => a.listed.retain(|item| !b.listed.contains(item)),
            (true, false) => return Self::both(b, a),
            (true, true) => a.listed.extend(b.listed.drain()),
        }
        Some(a)
    }
}

/// The value that `expr` has for every row, where it is written out or a cast of what is. NULL is none.
fn constant(expr: &Expr) -> Option<ScalarValue> {
    let value = match expr {
        Expr::Literal(value, _) => value.clone(),
        Expr::Cast(cast) => constant(&cast.expr)?.cast_to(cast.field.data_type()).ok()?,
        _ => return None,
    };
    (!value.is_null()).then_some(value)
}
