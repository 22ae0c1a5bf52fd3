//! What is asked as a list of numbers: a vector of the length that the rows have.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion::{
    common::{DFSchema, Result, plan_err},
    logical_expr::{Expr, ExprSchemable, cast, expr::Placeholder},
};

/// `value` as a vector of `length` numbers where it is a list of numbers, or a parameter of which nothing else tells the
/// type; anything else is left as it is.
///
/// # Errors
/// On a list that is written out and has another length.
pub(crate) fn as_vector(value: Expr, length: i32, schema: &DFSchema) -> Result<Expr> {
    let vector = DataType::new_fixed_size_list(DataType::Float32, length, true);
    if let Expr::Placeholder(Placeholder { id, field: None }) = value {
        let field = Arc::new(Field::new("to", vector, true));
        return Ok(Expr::Placeholder(Placeholder::new_with_field(id, Some(field))));
    }
    let (_, field) = value.to_field(schema)?;
    match field.data_type() {
        DataType::List(item) | DataType::LargeList(item) if item.data_type().is_numeric() => {
            match written_length(&value) {
                Some(found) if found != length as usize => {
                    plan_err!("the rows have vectors of {length} numbers, the list has {found}")
                }
                _ => Ok(cast(value, vector)),
            }
        }
        _ => Ok(value),
    }
}

/// How many numbers stand between the brackets.
fn written_length(value: &Expr) -> Option<usize> {
    match value {
        Expr::ScalarFunction(call) if call.func.name() == "make_array" => Some(call.args.len()),
        _ => None,
    }
}
