//! `FROM STEER(sample, along => 'usflux', by => 2, hold => ['psep'], steps => 9)`: the path, one row a step,
//! from the start on: position, sample, patch, latent, every measured quantity, and for each held quantity
//! `drift_…`, its difference from the start.

use datafusion::{
    common::{Result, plan_err},
    functions_window::expr_fn::first_value,
    logical_expr::{Expr, ExprFunctionExt, LogicalPlan, col},
    sql::sqlparser::ast::{self, Value},
};
use helioql_grammar::bind::CallSignature;

use super::{Arguments, Planning, Relation, row_field};
use crate::{
    documentation::Documentation,
    functions::{
        generate::targets,
        number,
        steer::{MEANING, parameters},
    },
    types::{CATALOGUE_USFLUX, measured_keywords},
};

#[derive(Debug)]
pub(super) struct Steer;

impl Relation for Steer {
    fn name(&self) -> &'static str {
        "steer"
    }

    fn call(&self) -> CallSignature {
        let mut parameters = parameters();
        parameters.push(
            number("steps", 9.0)
                .taking("whole number")
                .about("how many rows, the start included"),
        );
        CallSignature {
            name: self.name(),
            parameters,
            positional: 1,
        }
    }

    fn documentation(&self) -> Documentation {
        Documentation {
            summary: "the path of a sample along one quantity, with the drift of those held",
            details: MEANING.into(),
            returns: "A row for each step, the start included: step, position (standard deviations moved, or the value wanted there), held \
                      (whether what is held is within the tolerance of its start), sample, patch (in G), latent, every measured quantity in \
                      its unit, catalogue_usflux, and drift_… for each quantity held, its difference from the start."
                .into(),
            examples: vec![
                "SELECT step, round(usflux / 1e22, 1) AS usflux_1e22, abs(drift_psep) < 1 AS near\n\
                 FROM STEER(GENERATE(usflux => 1e22Mx, psep => 50Mm, seed => 9), usflux => 1.6e22Mx, hold => ['psep'], steps => 4)"
                    .into(),
            ],
            errors: &["SELECT * FROM STEER(GENERATE(seed => 7), along => 'usflux', by => 1, hold => ['psepp'])"],
        }
    }

    fn plan(&self, args: Arguments, context: &mut Planning<'_>) -> Result<LogicalPlan> {
        let held = held(args.get("hold"))?;
        let rows = context.rows_of("steer_rows", args.values)?;
        let mut columns: Vec<Expr> = ["step", "position", "held", "sample"]
            .map(|name| row_field(&[name]))
            .to_vec();
        columns.extend(["patch", "latent"].map(|name| row_field(&["sample", name])));
        columns.extend(measured_keywords().map(|keyword| row_field(&["sample", keyword.name])));
        columns.push(row_field(&["sample", CATALOGUE_USFLUX]));
        let path = rows.project(columns)?;
        if held.is_empty() {
            return path.build();
        }
        let starts = held
            .iter()
            .map(|name| {
                let start = first_value(col(*name))
                    .order_by(vec![col("step").sort(true, false)])
                    .build()?;
                Ok(start.alias(format!("__start_{name}")))
            })
            .collect::<Result<Vec<_>>>()?;
        let columns: Vec<Expr> = path.schema().columns().into_iter().map(Expr::Column).collect();
        let drifts = held
            .iter()
            .map(|name| (col(*name) - col(format!("__start_{name}"))).alias(format!("drift_{name}")));
        let all: Vec<Expr> = columns.into_iter().chain(drifts).collect();
        path.window(starts)?.project(all)?.build()
    }
}

/// The names in `hold`, which must be written out since they name columns.
fn held(hold: Option<&ast::Expr>) -> Result<Vec<&'static str>> {
    let elements = match hold {
        None => return Ok(Vec::new()),
        Some(ast::Expr::Value(value)) if value.value == Value::Null => return Ok(Vec::new()),
        Some(ast::Expr::Array(array)) => &array.elem,
        Some(other) => return plan_err!("STEER: hold is a list such as ['psep', 'r_value'], found {other}"),
    };
    elements
        .iter()
        .map(|element| {
            let name = match element {
                ast::Expr::Value(value) => match &value.value {
                    Value::SingleQuotedString(text) => text.to_lowercase(),
                    other => other.to_string(),
                },
                other => other.to_string(),
            };
            match targets().into_iter().find(|(alias, _)| *alias == name) {
                Some((_, keyword)) => Ok(keyword.name),
                None => plan_err!(
                    "STEER: `{name}` is not a measured quantity; expected one of {}",
                    targets()
                        .iter()
                        .map(|(name, _)| *name)
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            }
        })
        .collect()
}
