//! `FROM INVERT(patch)`: one row with the sample that best reproduces a patch, how near it came, and what is
//! measured on it. The patch is a scalar subquery, such as `(SELECT patch FROM sharps WHERE harpnum = 377)`.

use datafusion::{common::Result, logical_expr::LogicalPlan};
use helioql_grammar::bind::CallSignature;

use super::{Arguments, Planning, Relation, row_field};
use crate::{
    documentation::Documentation,
    functions::{
        invert::{MEANING, parameters},
        invert_rows::MISSES,
    },
    types::{CATALOGUE_USFLUX, measured_keywords},
};

#[derive(Debug)]
pub(super) struct Invert;

impl Relation for Invert {
    fn name(&self) -> &'static str {
        "invert"
    }

    fn call(&self) -> CallSignature {
        CallSignature {
            name: self.name(),
            parameters: parameters(),
            positional: 1,
        }
    }

    fn documentation(&self) -> Documentation {
        Documentation {
            summary: "the sample that best reproduces a patch, with its pixel error and embedding distance",
            details: MEANING.into(),
            returns: "One row: sample, patch (in G), latent, pixel_error (root mean square, in G), explained (the part of the mean square field, 1 \
                      for all of it), embedding_distance, every measured quantity in its unit, and catalogue_usflux."
                .into(),
            examples: vec![
                "SELECT explained > 0.5 AS explains, pixel_error < 50 AS is_like, abs(usflux / 1e22 - 1) < 0.5 AS flux_is_near\n\
                 FROM INVERT((SELECT GENERATE(usflux => 1e22Mx, seed => 7)))"
                    .into(),
            ],
            errors: &["SELECT * FROM INVERT((SELECT usflux FROM sharps LIMIT 1))"],
        }
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
