//! `FROM INVERT(patch)`: one row with the sample that best reproduces a patch, how near it came, and what is
//! measured on it. The patch is a scalar subquery, such as `(SELECT patch FROM sharps WHERE harpnum = 377)`.

use datafusion::{common::Result, logical_expr::LogicalPlan};
use helioql_grammar::bind::CallSignature;

use super::{Arguments, Planning, Relation, row_field};
use crate::{
    functions::{invert::parameters, invert_rows::MISSES},
    types::{CATALOGUE_USFLUX, measured_keywords},
};

#[derive(Debug)]
pub(super) struct Invert;

impl Relation for Invert {
    fn call(&self) -> CallSignature {
        CallSignature {
            name: "invert",
            parameters: parameters(),
            positional: 1,
        }
    }

    fn summary(&self) -> &'static str {
        "the sample that best reproduces a patch, with its pixel error and embedding distance"
    }

    fn example(&self) -> &'static str {
        "SELECT explained, embedding_distance FROM INVERT((SELECT patch FROM sharps LIMIT 1))"
    }

    fn plan(&self, args: Arguments, context: &mut Planning<'_>) -> Result<LogicalPlan> {
        let rows = context.rows_of("invert_rows", args.values)?;
        let mut columns = vec![row_field(&["sample"])];
        columns.extend(["patch", "latent"].map(|name| row_field(&["sample", name])));
        columns.extend(MISSES.map(|(name, _, _)| row_field(&[name])));
        columns.extend(measured_keywords().map(|keyword| row_field(&["sample", keyword.name])));
        columns.push(row_field(&["sample", CATALOGUE_USFLUX]));
        rows.project(columns)?.build()
    }
}
