//! Where a column comes from, and what unit it has from there.

use datafusion::{
    common::{Column, DFSchema},
    logical_expr::{Expr, LogicalPlan, utils::merge_schema},
};
use helioql_catalog::types::unit_of;
use helioql_grammar::unit::{Compound, Unit};

use super::{Measure, resolve};
use crate::nearest::NearestNode;

/// The plans that columns come from.
pub(super) struct Sources<'p> {
    plans: &'p [LogicalPlan],
    pub(super) schema: DFSchema,
}

impl<'p> Sources<'p> {
    pub(super) fn new(plans: &'p [LogicalPlan]) -> Self {
        let schema = merge_schema(&plans.iter().collect::<Vec<_>>());
        Self { plans, schema }
    }

    pub(super) fn unit(&self, column: &Column) -> Option<Compound> {
        self.plans.iter().find_map(|plan| unit_in(plan, column))
    }
}

/// The unit of a column of `plan`: what its field says, or else what it was computed from has.
pub(super) fn unit_in(plan: &LogicalPlan, column: &Column) -> Option<Compound> {
    let index = plan.schema().maybe_index_of_column(column)?;
    if let Some(unit) = of_field(plan.schema().field(index)) {
        return Some(unit);
    }
    if let Some(node) = NearestNode::of(plan) {
        let (input, inside) = node.origin(column)?;
        return unit_in(input, &inside);
    }
    match plan {
        LogicalPlan::Projection(projection) => unit_of_expr(projection.expr.get(index)?, &projection.input),
        LogicalPlan::Aggregate(aggregate) => {
            let groups = aggregate.group_expr.len();
            let expr = match index.checked_sub(groups) {
                Some(index) => aggregate.aggr_expr.get(index)?,
                None => aggregate.group_expr.get(index)?,
            };
            unit_of_expr(expr, &aggregate.input)
        }
        LogicalPlan::Window(window) => {
            let passed = window.input.schema().fields().len();
            match index.checked_sub(passed) {
                Some(index) => unit_of_expr(window.window_expr.get(index)?, &window.input),
                None => unit_in(&window.input, column),
            }
        }
        LogicalPlan::SubqueryAlias(alias) => {
            let inside = Column::from(alias.input.schema().qualified_field(index));
            unit_in(&alias.input, &inside)
        }
        other => other
            .inputs()
            .into_iter()
            .find_map(|input| unit_in(input, column)),
    }
}

/// The unit of an expression over the columns of `input`.
pub(in crate::analyzer) fn unit_of_expr(expr: &Expr, input: &LogicalPlan) -> Option<Compound> {
    let sources = Sources::new(std::slice::from_ref(input));
    let (_, measure) = resolve(expr.clone(), &sources).ok()?;
    match measure {
        Measure::Known(unit) => Some(unit),
        // Where it was written it has become a number in the base unit.
        Measure::Quantity(quantity) => Unit::find(quantity.unit.dimension.base()).ok().map(Compound::of),
        Measure::Bare | Measure::Unknown => None,
    }
}

pub(super) fn of_field(field: &arrow::datatypes::Field) -> Option<Compound> {
    Unit::find(unit_of(field)?).ok().map(Compound::of)
}
