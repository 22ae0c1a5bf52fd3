//! Rules that fix what a query means: [`rules`] run before all of DataFusion's, in this order, [`last_rules`] after
//! its analyzer and before its optimizer.

mod ask_apart;
mod call_once;
mod draw_once;
mod keep_types;
mod keep_units;
mod lateral;
mod nearest_for_order;
mod nearest_without_alias;
mod place_nearest_filter;
mod resolve_quantities;
mod subquery_in_projection;
mod unknown_membership;

use std::{collections::BTreeSet, sync::Arc};

use datafusion::{
    common::{Result, tree_node::Transformed},
    logical_expr::{Expr, Extension, LogicalPlan, ScalarUDF, expr_rewriter::NamePreserver},
    optimizer::AnalyzerRule,
};

use crate::{contains, nearest::NearestNode};

/// The rules, in the order in which they run: what is written by other expressions is written out before these are looked
/// at, quantities become numbers before predicates are placed, so that
/// they are placed in their final form, and lateral relations are joined before, so that a WHERE sees them. Where
/// subqueries get their types back, and when draws are placed, does not matter to either.
pub(crate) fn rules(typed: Arc<ScalarUDF>) -> Vec<Arc<dyn AnalyzerRule + Send + Sync>> {
    vec![
        Arc::new(subquery_in_projection::SubqueryInProjection),
        Arc::new(keep_types::KeepTypes { typed }),
        Arc::new(resolve_quantities::ResolveQuantities),
        Arc::new(nearest_for_order::NearestForOrder::default()),
        Arc::new(lateral::Lateral::default()),
        Arc::new(place_nearest_filter::PlaceNearestFilter),
        Arc::new(nearest_without_alias::NearestWithoutAlias),
        Arc::new(draw_once::DrawOnce::default()),
    ]
}

/// The rules that compare values, which have their types only now, the one that says what columns are, which no
/// rule asks any more, the one that calls `models`, the functions that run one, once, and the one that spares the optimizer what is
/// none of its business.
pub(crate) fn last_rules(
    typed: Arc<ScalarUDF>,
    models: BTreeSet<&'static str>,
) -> Vec<Arc<dyn AnalyzerRule + Send + Sync>> {
    vec![
        Arc::new(unknown_membership::UnknownMembership),
        Arc::new(keep_units::KeepUnits {
            typed: Arc::clone(&typed),
        }),
        Arc::new(call_once::CallOnce { typed, models }),
        Arc::new(ask_apart::AskApart),
    ]
}

/// The plan with what `changed` makes of each node in it, from below, that is `concerned`. Where none is, as in most
/// queries, nothing is written anew.
fn each_node(
    plan: LogicalPlan,
    concerned: impl Fn(&LogicalPlan) -> bool,
    changed: impl Fn(LogicalPlan) -> Result<Transformed<LogicalPlan>>,
) -> Result<LogicalPlan> {
    if !contains::node(&plan, &concerned) {
        return Ok(plan);
    }
    plan.transform_up_with_subqueries(|node| {
        if concerned(&node) {
            changed(node)
        } else {
            Ok(Transformed::no(node))
        }
    })
    .map(|transformed| transformed.data)
}

/// The node with what `changed` makes of each of its expressions, which keeps its name.
fn each_expression(
    node: LogicalPlan,
    changed: impl Fn(Expr) -> Result<Transformed<Expr>>,
) -> Result<Transformed<LogicalPlan>> {
    let names = NamePreserver::new(&node);
    node.map_expressions(|expr| {
        let name = names.save(&expr);
        Ok(changed(expr)?.update_data(|expr| name.restore(expr)))
    })
}

/// The plan with what `changed` makes of each NEAREST in it, where it makes anything.
fn each_nearest(
    plan: LogicalPlan,
    changed: impl Fn(&NearestNode) -> Result<Option<NearestNode>>,
) -> Result<LogicalPlan> {
    let is_nearest = |node: &LogicalPlan| NearestNode::of(node).is_some();
    each_node(plan, is_nearest, |plan| {
        Ok(
            match NearestNode::of(&plan).map(&changed).transpose()?.flatten() {
                Some(node) => Transformed::yes(LogicalPlan::Extension(Extension { node: Arc::new(node) })),
                None => Transformed::no(plan),
            },
        )
    })
}
