//! Whether something stands in a plan or an expression.

use datafusion::{
    common::{
        Result,
        tree_node::{TreeNode, TreeNodeRecursion},
    },
    logical_expr::{Expr, LogicalPlan, Subquery},
};

/// Whether `walk` finds something of which `true` is said.
pub(crate) fn any(
    walk: impl FnOnce(&mut dyn FnMut(bool) -> Result<TreeNodeRecursion>) -> Result<TreeNodeRecursion>,
) -> bool {
    let stop = |found| {
        Ok(if found {
            TreeNodeRecursion::Stop
        } else {
            TreeNodeRecursion::Continue
        })
    };
    matches!(walk(&mut { stop }), Ok(TreeNodeRecursion::Stop))
}

/// Whether `holds` of a node of `plan` or of its subqueries. A look takes a small part of the time in which a plan is
/// written anew.
pub(crate) fn node(plan: &LogicalPlan, holds: impl Fn(&LogicalPlan) -> bool) -> bool {
    any(|visit| plan.apply_with_subqueries(|node| visit(holds(node))))
}

/// Whether `holds` of a part of an expression of `node`.
pub(crate) fn expression(node: &LogicalPlan, holds: impl Fn(&Expr) -> bool) -> bool {
    any(|visit| node.apply_expressions(|expr| visit(part(expr, &holds))))
}

/// Whether `holds` of `expr` or a part of it.
pub(crate) fn part(expr: &Expr, holds: impl Fn(&Expr) -> bool) -> bool {
    any(|visit| expr.apply(|part| visit(holds(part))))
}

/// The subquery that `expr` is.
pub(crate) fn subquery_of(expr: &Expr) -> Option<&Subquery> {
    match expr {
        Expr::ScalarSubquery(subquery) => Some(subquery),
        Expr::Exists(exists) => Some(&exists.subquery),
        Expr::InSubquery(within) => Some(&within.subquery),
        Expr::SetComparison(comparison) => Some(&comparison.subquery),
        _ => None,
    }
}

/// Whether `expr` asks for more than the columns of its input: by a subquery, or of an outer row.
pub(crate) fn asks_elsewhere(expr: &Expr) -> bool {
    part(expr, |part| {
        subquery_of(part).is_some() || matches!(part, Expr::OuterReferenceColumn(..))
    })
}
