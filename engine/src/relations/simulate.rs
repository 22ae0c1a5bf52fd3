//! `FROM SIMULATE(n => 100, seed => 7)`: n simulated records with the columns of `sharps`. Row `i` is record
//! `i` of its seed; five records in a row are views of one region. Without a seed the statement draws one, once.

use std::sync::Arc;

use datafusion::{
    catalog::TableProvider,
    common::Result,
    datasource::provider_as_source,
    logical_expr::{LogicalPlan, LogicalPlanBuilder},
};
use helioql_grammar::bind::{CallSignature, Default, Kind, Parameter};

use super::{Arguments, Planning, Relation};
use crate::{documentation::Documentation, draw, functions::number, simulated::SimulatedTable};

const NAME: &str = "simulate";

/// A record with its patch takes 70 kB: this many are 7 GB where a query keeps them all.
const MAX_ROWS: u64 = 100_000;

#[derive(Debug)]
pub(super) struct Simulate;

impl Relation for Simulate {
    fn name(&self) -> &'static str {
        NAME
    }

    fn call(&self) -> CallSignature {
        CallSignature {
            name: self.name(),
            parameters: vec![
                number("n", 1.0)
                    .taking("whole number")
                    .about("how many records, up to 100,000"),
                Parameter::optional("seed", Kind::Integer, Default::Null)
                    .about("which Sun; without it another one for each statement"),
            ],
            positional: 0,
        }
    }

    fn documentation(&self) -> Documentation {
        Documentation {
            summary: "simulated SHARP records, n of them, with every keyword, the columns being those of sharps",
            details: "The vector field with its errors, the line-of-sight field, the continuum and both masks are made at HMI's full \
                      resolution, and every keyword is computed from them as from a real record; keywords are distributed as the real \
                      catalogue's. Row i is record i of its seed, whatever n is. Five rows in a row are views of one region. Only what a \
                      query reads is computed: keywords take a tenth of a second a record, the columns that say where and when nothing. Rows say \
                      simulated in the column source; EXPORT SHARPS writes their segments."
                .into(),
            returns: "n rows with the columns of sharps, in their units.".into(),
            examples: vec![
                "SELECT harpnum, t_rec, round(usflux / 1e21, 1) AS usflux_1e21, round(meangam, 1) AS meangam, source\n\
                 FROM SIMULATE(n => 2, seed => 7)"
                    .into(),
                "SELECT count(*) AS records, count(DISTINCT harpnum) AS regions FROM SIMULATE(n => 1000, seed => 1)".into(),
            ],
            errors: &["SELECT * FROM SIMULATE(n => -1)"],
        }
    }

    fn plan(&self, args: Arguments, context: &mut Planning<'_>) -> Result<LogicalPlan> {
        let n = args
            .whole_number("n", "a number of records", MAX_ROWS)?
            .unwrap_or(1);
        let seed = match args.whole_number("seed", "a whole number", i64::MAX as u64)? {
            Some(seed) => seed,
            None => draw::random_seed() as u64,
        };
        let table: Arc<dyn TableProvider> = Arc::new(SimulatedTable::new(context.models, seed, n)?);
        LogicalPlanBuilder::scan(NAME, provider_as_source(table), None)?.build()
    }
}
