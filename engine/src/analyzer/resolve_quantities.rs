//! Quantities become plain numbers in the unit of what they are compared with.
//!
//! ```text
//! usflux > quantity(3e14, 'Wb')  ⇒  usflux > 3e22        usflux is a column in Mx
//! usflux > quantity(60, 'Mm')    ⇒  an error with a caret: a flux was expected, a length was found
//! ```
//!
//! A quantity that is compared with nothing that has a unit stands for its value in the base unit of its
//! dimension.

use arrow::datatypes::Field;
use datafusion::{
    common::{
        DFSchema, Result, ScalarValue,
        config::ConfigOptions,
        tree_node::{Transformed, TreeNode},
    },
    logical_expr::{
        Between, BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator, expr::InList,
        expr_rewriter::NamePreserver, utils::merge_schema,
    },
    optimizer::AnalyzerRule,
};
use helioql_catalog::types::unit_of;
use helioql_grammar::{Diagnostic, Location, Span, unit::Unit};

use crate::{error::Error, functions::QUANTITY};

#[derive(Debug)]
pub(super) struct ResolveQuantities;

impl AnalyzerRule for ResolveQuantities {
    fn name(&self) -> &'static str {
        "resolve_quantities"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|plan| {
            let mut schema = merge_schema(&plan.inputs());
            if let LogicalPlan::TableScan(scan) = &plan {
                schema.merge(&scan.projected_schema);
            }
            let names = NamePreserver::new(&plan);
            plan.map_expressions(|expr| {
                let name = names.save(&expr);
                let resolved = expr.transform_up(|expr| resolve(expr, &schema))?;
                Ok(resolved.update_data(|expr| name.restore(expr)))
            })
        })
        .map(|transformed| transformed.data)
    }
}

fn resolve(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_comparison(op) => {
            let (left, right) = pair(*left, *right, schema)?;
            Ok(Transformed::yes(Expr::BinaryExpr(BinaryExpr::new(
                Box::new(left),
                op,
                Box::new(right),
            ))))
        }
        Expr::Between(Between {
            expr,
            negated,
            low,
            high,
        }) => {
            let unit = unit_of_expr(&expr, schema);
            let (low, high) = (convert(*low, unit.as_ref())?, convert(*high, unit.as_ref())?);
            Ok(Transformed::yes(Expr::Between(Between::new(
                expr,
                negated,
                Box::new(low),
                Box::new(high),
            ))))
        }
        Expr::InList(InList { expr, list, negated }) => {
            let unit = unit_of_expr(&expr, schema);
            let list = list
                .into_iter()
                .map(|item| convert(item, unit.as_ref()))
                .collect::<Result<_>>()?;
            Ok(Transformed::yes(Expr::InList(InList::new(expr, list, negated))))
        }
        // Comparisons are met on the way up, after their operands: a bare call must wait for them.
        other => Ok(Transformed::no(other)),
    }
}

/// The operators whose two sides have one unit.
fn is_comparison(op: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    matches!(
        op,
        Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom
    )
}

/// Both sides of a comparison, each converted to the unit of the other.
fn pair(left: Expr, right: Expr, schema: &DFSchema) -> Result<(Expr, Expr)> {
    let (of_left, of_right) = (unit_of_expr(&left, schema), unit_of_expr(&right, schema));
    Ok((
        convert(left, of_right.as_ref())?,
        convert(right, of_left.as_ref())?,
    ))
}

/// A quantity as a number in `unit`; everything else as it is.
fn convert(expr: Expr, unit: Option<&Unit>) -> Result<Expr> {
    let Some(quantity) = Quantity::read(&expr) else {
        return Ok(expr);
    };
    let value = match unit {
        None => quantity.value * quantity.unit.to_base,
        Some(unit) if unit.dimension == quantity.unit.dimension => {
            if unit.symbol == quantity.unit.symbol {
                quantity.value
            } else {
                quantity.value * quantity.unit.to_base / unit.to_base
            }
        }
        Some(unit) => {
            let message = format!(
                "{} was expected, {} was found: {}{} is compared with a value in {}",
                unit.dimension.described(),
                quantity.unit.dimension.described(),
                quantity.value,
                quantity.unit.symbol,
                unit.symbol
            );
            let diagnostic = Diagnostic::error(message)
                .with_span(quantity.span)
                .with_label(format!(
                    "expected {} in {}",
                    unit.dimension.described(),
                    unit.symbol
                ));
            return Err(Error::from(diagnostic).into());
        }
    };
    Ok(Expr::Literal(ScalarValue::Float64(Some(value)), None))
}

/// The unit that the field of an expression carries, if it is one that quantities are written in.
fn unit_of_expr(expr: &Expr, schema: &DFSchema) -> Option<Unit> {
    if Quantity::read(expr).is_some() {
        return None;
    }
    let (_, field): (_, std::sync::Arc<Field>) = expr.to_field(schema).ok()?;
    Unit::find(unit_of(&field)?).ok().copied()
}

/// A call of `quantity` on literals.
struct Quantity {
    value: f64,
    unit: Unit,
    span: Span,
}

impl Quantity {
    fn read(expr: &Expr) -> Option<Self> {
        let Expr::ScalarFunction(call) = expr else {
            return None;
        };
        if call.func.name() != QUANTITY {
            return None;
        }
        let number = |index: usize| match call.args.get(index)? {
            Expr::Literal(value, _) => match value.cast_to(&arrow::datatypes::DataType::Float64) {
                Ok(ScalarValue::Float64(value)) => value,
                _ => None,
            },
            _ => None,
        };
        let unit = match call.args.get(1)? {
            Expr::Literal(value, _) => Unit::find(value.try_as_str().flatten()?).ok().copied()?,
            _ => return None,
        };
        let place = |column: usize| Some(Location::new(number(2)? as u64, number(column)? as u64));
        Some(Self {
            value: number(0)?,
            unit,
            span: Span::new(place(3)?, place(4)?),
        })
    }
}
