//! `FROM GENERATE(usflux => …, n => 5, seed => 7)`: n rows with sample, seed, patch, latent, what was
//! requested and what was measured. Row `i` has the seed `seed + i`.

use std::sync::Arc;

use datafusion::{
    common::Result,
    functions::core::expr_fn::get_field,
    logical_expr::{Expr, Extension, LogicalPlan, LogicalPlanBuilder, expr::ScalarFunction, ident, lit},
};
use helioql_grammar::bind::CallSignature;

use super::{Arguments, Planning, ROW, Relation, row_field};
use crate::{
    documentation::Documentation,
    draw::DrawNode,
    functions::{
        generate::{MEANING, tail, target_parameters, targets},
        generate_requests, generate_rows, number,
    },
    models::DEFAULT_GENERATOR,
    types::{CATALOGUE_USFLUX, measured_keywords},
};

/// The column that holds what a request was answered with.
const DRAWN: &str = "__drawn";

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
        let generator = match args.get("generator").cloned() {
            Some(name) => context.expr(name)?,
            None => lit(DEFAULT_GENERATOR),
        };
        let rows = context.rows_of(generate_requests::NAME, args.values)?.build()?;
        // Each request is answered on its own, some at a time, so that not all patches are held at once.
        let answer = context.function(generate_rows::NAME)?;
        let answer = ScalarFunction::new_udf(answer, vec![ident(ROW), generator]);
        let draw = DrawNode::try_new(rows, vec![Expr::ScalarFunction(answer).alias(DRAWN)])?;
        let of_sample = |name: &str| get_field(get_field(ident(DRAWN), "sample"), name).alias(name);
        let mut columns = vec![get_field(ident(DRAWN), "sample").alias("sample")];
        columns.extend(["seed", "patch", "latent"].map(of_sample));
        columns.extend(requested.iter().map(|name| row_field(&[name])));
        columns.extend(measured_keywords().map(|keyword| of_sample(keyword.name)));
        columns.push(of_sample(CATALOGUE_USFLUX));
        columns.push(get_field(ident(DRAWN), "iterations").alias("iterations"));
        let plan = LogicalPlan::Extension(Extension { node: Arc::new(draw) });
        LogicalPlanBuilder::from(plan).project(columns)?.build()
    }
}

fn is_null(value: &datafusion::sql::sqlparser::ast::Expr) -> bool {
    use datafusion::sql::sqlparser::ast::{Expr, Value};
    matches!(value, Expr::Value(value) if value.value == Value::Null)
}
