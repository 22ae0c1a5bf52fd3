//! `FROM GENERATE(usflux => …, n => 5, seed => 7)`: n rows with sample, seed, patch, latent, what was
//! requested and what was measured. Row `i` has the seed `seed + i`.

use datafusion::{common::Result, logical_expr::LogicalPlan};
use helioql_grammar::bind::CallSignature;

use super::{Arguments, Planning, Relation, row_field};
use crate::{
    functions::{
        generate::{tail, target_parameters, targets},
        number,
    },
    types::{CATALOGUE_USFLUX, measured_keywords},
};

#[derive(Debug)]
pub(super) struct Generate;

impl Relation for Generate {
    fn call(&self) -> CallSignature {
        let mut parameters = target_parameters();
        parameters.extend(tail());
        parameters.push(number("n", 1.0));
        CallSignature {
            name: "generate",
            parameters,
            positional: 0,
        }
    }

    fn summary(&self) -> &'static str {
        "n generated samples with what was requested and what was measured"
    }

    fn example(&self) -> &'static str {
        "SELECT seed, requested_usflux, usflux, psep FROM GENERATE(usflux => 1e22Mx, n => 3, seed => 7)"
    }

    fn plan(&self, args: Arguments, context: &mut Planning<'_>) -> Result<LogicalPlan> {
        let requested: Vec<String> = targets()
            .iter()
            .filter(|(name, _)| args.get(name).is_some_and(|value| !is_null(value)))
            .map(|(name, _)| format!("requested_{name}"))
            .collect();
        let rows = context.rows_of("generate_rows", args.values)?;
        let mut columns = vec![row_field(&["sample"])];
        columns.extend(["seed", "patch", "latent"].map(|name| row_field(&["sample", name])));
        columns.extend(requested.iter().map(|name| row_field(&[name])));
        columns.extend(measured_keywords().map(|keyword| row_field(&["sample", keyword.name])));
        columns.push(row_field(&["sample", CATALOGUE_USFLUX]));
        columns.push(row_field(&["iterations"]));
        rows.project(columns)?.build()
    }
}

fn is_null(value: &datafusion::sql::sqlparser::ast::Expr) -> bool {
    use datafusion::sql::sqlparser::ast::{Expr, Value};
    matches!(value, Expr::Value(value) if value.value == Value::Null)
}
