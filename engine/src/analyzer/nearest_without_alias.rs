//! NEAREST names the columns of its answer itself, and not by an alias of the rows to choose from.
//!
//! ```text
//! Nearest: k=5                                     Nearest: k=5
//!   Filter: nearest.usflux > 1e22                    Filter: sharps.usflux > 1e22
//!     SubqueryAlias: nearest                  ⇒        TableScan: sharps
//!       TableScan: sharps                            query
//!   query
//! ```
//!
//! The answer is the same. An alias is a schema of all columns of `sharps`, which each rule of the optimizer makes anew: a
//! tenth of the time in which a short query is planned. It does not apply beside the rows of another table, whose columns may have the
//! same names, nor where a subquery in a predicate speaks of the alias, nor where a predicate reads patches or vectors.

use datafusion::{
    common::{Result, config::ConfigOptions},
    logical_expr::LogicalPlan,
    optimizer::AnalyzerRule,
};

use super::each_nearest;
use crate::nearest::NearestNode;

#[derive(Debug)]
pub(super) struct NearestWithoutAlias;

impl AnalyzerRule for NearestWithoutAlias {
    fn name(&self) -> &'static str {
        "nearest_without_alias"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        each_nearest(plan, NearestNode::without_alias)
    }
}
