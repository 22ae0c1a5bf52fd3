//! The single row that asks is no input of NEAREST.
//!
//! ```text
//! Nearest: k=5                                  Nearest: k=5, to=embed(generate(…))
//!   TableScan: sharps                     ⇒       TableScan: sharps
//!   Projection: embed(generate(…)) AS __query
//!     EmptyRelation: rows=1
//! ```
//!
//! The operator has it computed all the same. The optimizer finds nothing to do in it, but puts the columns of both inputs
//! together in each of its passes, and writes a vector of numbers out as often, for the name of its column. It does not apply where
//! the row is made of other rows, by a subquery or beside another table, nor where a draw has a node of its own.

use datafusion::{
    common::{Result, config::ConfigOptions},
    logical_expr::LogicalPlan,
    optimizer::AnalyzerRule,
};

use super::each_nearest;

#[derive(Debug)]
pub(super) struct AskApart;

impl AnalyzerRule for AskApart {
    fn name(&self) -> &'static str {
        "ask_apart"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        each_nearest(plan, |node| Ok(node.asked_apart()))
    }
}
