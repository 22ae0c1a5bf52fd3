//! Which rows of a table fulfil a predicate on its columns. A search of many vectors among the rows of one kind asks the same
//! again and again, and the rows of a commit stay what they are, so that the last few answers are kept: a bit a row.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use arrow::{
    array::{Array, AsArray, BooleanBufferBuilder},
    buffer::BooleanBuffer,
    datatypes::SchemaRef,
};
use datafusion::{
    catalog::Session,
    common::{DFSchema, Result as PlanResult, tree_node::TreeNode},
    logical_expr::{Expr, Volatility, physical_planning_context::PhysicalPlanningContext},
    physical_expr::PhysicalExpr,
    physical_planner::PhysicalPlanner,
};

use super::StoredRows;
use crate::{Error, Result, progress::Observer};

/// How many answers are kept.
const KEPT: usize = 8;

/// What a row must fulfil, by columns of its own.
#[derive(Debug, Clone)]
pub(crate) struct Predicate {
    expr: Arc<dyn PhysicalExpr>,
    pub(crate) columns: Vec<usize>,
    /// Whether the answer is the same whenever it is asked.
    lasts: bool,
}

/// The answers that are kept, the last first.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<VecDeque<(Predicate, BooleanBuffer)>>);

impl Predicate {
    pub(crate) fn new(
        predicate: &Expr,
        table: &SchemaRef,
        planner: &dyn PhysicalPlanner,
        session: &dyn Session,
        context: &PhysicalPlanningContext,
    ) -> PlanResult<Self> {
        let read: BTreeSet<usize> = predicate
            .column_refs()
            .into_iter()
            .map(|column| Ok(table.index_of(&column.name)?))
            .collect::<PlanResult<_>>()?;
        let columns: Vec<usize> = read.into_iter().collect();
        let schema = DFSchema::try_from(table.project(&columns)?)?;
        let changes = predicate.exists(|expr| {
            Ok(match expr {
                Expr::ScalarFunction(call) => call.func.signature().volatility != Volatility::Immutable,
                // The next statement's is another, though it may be equal.
                Expr::ScalarSubquery(_) | Expr::ScalarVariable(..) => true,
                _ => false,
            })
        })?;
        Ok(Self {
            expr: planner.create_physical_expr(predicate, &schema, session, context)?,
            columns,
            lasts: !changes,
        })
    }

    /// Whether it asks the same as `other`.
    fn is(&self, other: &Self) -> bool {
        self.columns == other.columns && self.expr.as_ref() == other.expr.as_ref()
    }
}

impl StoredRows {
    /// The rows that fulfil `predicate`, a bit each.
    pub(crate) fn matching(&self, predicate: &Predicate, observer: &dyn Observer) -> Result<BooleanBuffer> {
        let kept = || self.matching.0.lock().unwrap_or_else(PoisonError::into_inner);
        if predicate.lasts
            && let Some((_, matching)) = kept().iter().find(|(known, _)| known.is(predicate))
        {
            return Ok(matching.clone());
        }
        let mut matching = BooleanBufferBuilder::new(self.len(0..self.files()));
        self.read_kept(&predicate.columns, |batch| {
            if observer.is_cancelled() {
                return Err(Error::Cancelled);
            }
            let values = predicate.expr.evaluate(&batch)?.into_array(batch.num_rows())?;
            let values = values.as_boolean();
            match values.nulls() {
                // What is unknown is not fulfilled.
                Some(nulls) => matching.append_buffer(&(values.values() & nulls.inner())),
                None => matching.append_buffer(values.values()),
            }
            Ok(())
        })?;
        let matching = matching.finish();
        if predicate.lasts {
            let mut kept = kept();
            kept.truncate(KEPT - 1);
            kept.push_front((predicate.clone(), matching.clone()));
        }
        Ok(matching)
    }

    /// Whether [`matching`](Self::matching) has all that it needs in memory.
    pub(crate) fn has_matching(&self, predicate: &Predicate) -> bool {
        let kept = self.matching.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = predicate.lasts && kept.iter().any(|(known, _)| known.is(predicate));
        is_known || self.has_kept(&predicate.columns)
    }
}
