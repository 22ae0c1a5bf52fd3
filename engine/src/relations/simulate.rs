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
use crate::{draw, functions::number, simulated::SimulatedTable};

const NAME: &str = "simulate";

/// A record with its patch takes 70 kB: this many are 7 GB where a query keeps them all.
const MAX_ROWS: u64 = 100_000;

#[derive(Debug)]
pub(super) struct Simulate;

impl Relation for Simulate {
    fn call(&self) -> CallSignature {
        CallSignature {
            name: NAME,
            parameters: vec![
                number("n", 1.0),
                Parameter::optional("seed", Kind::Integer, Default::Null),
            ],
            positional: 0,
        }
    }

    fn summary(&self) -> &'static str {
        "n simulated SHARP records with every keyword, the columns being those of sharps"
    }

    fn example(&self) -> &'static str {
        "SELECT harpnum, usflux, meangam, r_value FROM SIMULATE(n => 5, seed => 7)"
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
