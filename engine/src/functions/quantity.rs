//! `quantity(1e22, 'Mx', line, start, end)`: what the grammar makes of `1e22Mx` outside an argument. The
//! analyzer rule `resolve_quantities` replaces it by a plain number; it is evaluated only where a query is
//! built without that rule, and then stands for the value in the unit's base.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, Float64Array},
    datatypes::{DataType, Field, FieldRef},
};
use datafusion::{common::Result, logical_expr::ReturnFieldArgs};
use helioql_grammar::{bind::CallSignature, unit::Unit};

use super::{Kernel, Rows, required};

/// The name by which the analyzer knows the call.
pub(crate) const QUANTITY: &str = "quantity";

#[derive(Debug)]
pub(super) struct QuantityCall;

impl Kernel for QuantityCall {
    fn call(&self) -> CallSignature {
        let parameters = ["value", "unit", "line", "start", "end"].map(required).to_vec();
        CallSignature {
            name: QUANTITY,
            parameters,
            positional: 5,
        }
    }

    fn return_field(&self, _: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(QUANTITY, DataType::Float64, true)))
    }

    fn invoke(&self, rows: &Rows<'_>) -> Result<ArrayRef> {
        let (values, units) = (rows.f64(0)?, rows.text(1)?);
        let in_base: Float64Array = values
            .iter()
            .zip(units.iter())
            .map(|(value, unit)| Some(value? * Unit::find(unit?).ok()?.to_base))
            .collect();
        Ok(Arc::new(in_base))
    }
}
