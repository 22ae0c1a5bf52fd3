//! A quantity in a plan, and the number that it becomes.

use datafusion::{
    common::{Result, ScalarValue},
    logical_expr::Expr,
};
use helioql_grammar::{
    Diagnostic, Location, Span,
    unit::{Compound, Unit},
};

use super::Measure;
use crate::{error::Error, functions::QUANTITY};

/// A quantity as a number in `unit`, or in its base unit; everything else as it is.
pub(super) fn settled(expr: Expr, measure: Measure, unit: Option<&Compound>) -> Result<Expr> {
    let Measure::Quantity(quantity) = measure else {
        return Ok(expr);
    };
    let Some(unit) = unit else {
        return Ok(quantity.base_literal());
    };
    let own = Compound::of(&quantity.unit);
    let value = if own == *unit {
        quantity.value
    } else if let Some(factor) = own.in_units_of(unit) {
        quantity.value * factor
    } else {
        let expected = unit.described();
        let beside = if unit.is_plain() {
            "that has no unit".to_owned()
        } else {
            format!("in {}", unit.text)
        };
        let message = format!(
            "{expected} was expected, {} was found: {}{} is compared with a value {beside}",
            quantity.unit.dimension.described(),
            quantity.value,
            quantity.unit.symbol,
        );
        let diagnostic =
            Diagnostic::error(message)
                .with_span(quantity.span)
                .with_label(match unit.dimension() {
                    Some(_) => format!("expected {expected} in {}", unit.text),
                    None => format!("expected {expected}"),
                });
        return Err(Error::from(diagnostic).into());
    };
    Ok(literal(value))
}

fn literal(value: f64) -> Expr {
    Expr::Literal(ScalarValue::Float64(Some(value)), None)
}

/// A call of `quantity` on literals.
pub(super) struct Quantity {
    value: f64,
    pub(super) unit: Unit,
    span: Span,
}

impl Quantity {
    pub(super) fn read(expr: &Expr) -> Option<Self> {
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

    pub(super) fn negated(self) -> Self {
        Self {
            value: -self.value,
            ..self
        }
    }

    pub(super) fn base_literal(&self) -> Expr {
        literal(self.value * self.unit.to_base)
    }
}
