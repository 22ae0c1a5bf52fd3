//! `FROM GENERATE(usflux => …, n => 5, seed => 7)`: n rows with sample, seed, patch, latent, what was
//! requested and what was measured. Row `i` has the seed `seed + i`.

use datafusion::{common::Result, logical_expr::LogicalPlan};
use helioql_grammar::bind::CallSignature;

use super::{Arguments, Planning, Relation, row_field};
use crate::{
    documentation::Documentation,
    functions::{
        generate::{MEANING, tail, target_parameters, targets},
        number,
    },
    types::{CATALOGUE_USFLUX, measured_keywords},
};

#[derive(Debug)]
pub(super) struct Generate;

impl Relation for Generate {
    fn name(&self) -> &'static str {
        "generate"
    }

    fn call(&self) -> CallSignature {
        let mut parameters = target_parameters();
        parameters.extend(tail());
        parameters.push(
            number("n", 1.0)
                .taking("whole number")
                .about("how many samples; that of row i has the seed seed + i"),
        );
        CallSignature {
            name: self.name(),
            parameters,
            positional: 0,
        }
    }

    fn documentation(&self) -> Documentation {
        Documentation {
            summary: "generated samples, n of them, with what was requested and what was measured",
            details: MEANING.into(),
            returns: "n rows, the seeds of which are seed, seed + 1, …: sample, seed, patch (in G), latent, requested_… for each target, every \
                      measured quantity in its unit, catalogue_usflux (in Mx), and iterations, the steps of the solver."
                .into(),
            examples: vec![
                "SELECT seed, requested_usflux, round(usflux / 1e22, 1) AS usflux_1e22, round(psep) AS psep_mm\n\
                 FROM GENERATE(usflux => 1e22Mx, psep => 50Mm, n => 3, seed => 7)"
                    .into(),
                "SELECT count(DISTINCT seed) AS patches, max(abs(usflux / requested_usflux - 1)) < 0.021 AS met\n\
                 FROM GENERATE(usflux => 8e21Mx, n => 4)"
                    .into(),
            ],
            errors: &["SELECT * FROM GENERATE(usflux => 1e22Mx, tolerance => 0)"],
        }
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
