//! The operators that SQL gains: `a <-> b`, the Euclidean distance, and `a <=> b`, one minus the cosine. A patch
//! or sample beside an embedding is embedded by the encoder of that embedding.
//!
//! `<=>` between other values stays what it is in SQL: IS NOT DISTINCT FROM.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::{
    common::{DFSchema, Result, not_impl_err, plan_err},
    logical_expr::{
        Expr, ExprSchemable, ScalarUDF,
        expr::ScalarFunction,
        lit,
        planner::{ExprPlanner, PlannerResult, RawBinaryExpr},
    },
    sql::sqlparser::ast::BinaryOperator,
};

use crate::{
    functions::Function,
    nearest::as_vector,
    types::{encoder_of, grid_of},
};

/// Plans the distances of vectors.
#[derive(Debug)]
pub(crate) struct Distances {
    l2: Arc<ScalarUDF>,
    cosine: Arc<ScalarUDF>,
    embed: Arc<ScalarUDF>,
}

impl Distances {
    /// The operators as calls of these functions.
    ///
    /// # Errors
    /// When one is missing.
    pub(crate) fn new(functions: &[Function]) -> Result<Self> {
        let named = |name: &str| match functions.iter().find(|function| function.call.name == name) {
            Some(function) => Ok(Arc::clone(&function.udf)),
            None => not_impl_err!("internal: no function `{name}`"),
        };
        Ok(Self {
            l2: named("l2_distance")?,
            cosine: named("cosine_distance")?,
            embed: named("embed")?,
        })
    }

    /// `value`, embedded if it is a patch and stands beside an embedding; a list beside a vector is one too.
    fn beside(&self, value: Expr, other: &Expr, schema: &DFSchema) -> Result<Expr> {
        let (_, field) = value.to_field(schema)?;
        let (_, other) = other.to_field(schema)?;
        if grid_of(&field).is_none() {
            return match other.data_type() {
                DataType::FixedSizeList(_, length) => as_vector(value, *length, schema),
                _ => Ok(value),
            };
        }
        let Some(identity) = encoder_of(&other) else {
            return plan_err!("a distance is that of two embeddings; EMBED(patch) makes one");
        };
        let encoder = identity.split('#').next().unwrap_or(&identity);
        let call = ScalarFunction::new_udf(Arc::clone(&self.embed), vec![value, lit(encoder)]);
        Ok(Expr::ScalarFunction(call))
    }
}

impl ExprPlanner for Distances {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let (name, function) = match expr.op {
            // What the grammar writes for `<->`.
            BinaryOperator::PGOverlap => ("<->", &self.l2),
            BinaryOperator::Spaceship if is_vector(&expr.left, schema) || is_vector(&expr.right, schema) => {
                ("<=>", &self.cosine)
            }
            _ => return Ok(PlannerResult::Original(expr)),
        };
        let left = self.beside(expr.left.clone(), &expr.right, schema)?;
        let right = self.beside(expr.right.clone(), &expr.left, schema)?;
        let text = format!("{} {name} {}", expr.left.schema_name(), expr.right.schema_name());
        let call = Expr::ScalarFunction(ScalarFunction::new_udf(Arc::clone(function), vec![left, right]));
        Ok(PlannerResult::Planned(call.alias(text)))
    }
}

fn is_vector(expr: &Expr, schema: &DFSchema) -> bool {
    expr.to_field(schema).is_ok_and(|(_, field)| {
        matches!(field.data_type(), DataType::FixedSizeList(..)) || grid_of(&field).is_some()
    })
}
