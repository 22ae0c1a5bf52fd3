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
use crate::{
    Error, Result,
    memory::{Held, Kept},
    progress::Observer,
};

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
pub(super) struct Answers(Mutex<VecDeque<(Predicate, Kept<BooleanBuffer>)>>);

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
    /// The rows that fulfil `predicate`, a bit each; `None` where there is no memory for them.
    pub(crate) fn matching(
        &self,
        predicate: &Predicate,
        observer: &dyn Observer,
    ) -> Result<Option<Arc<Held<BooleanBuffer>>>> {
        if let Some(matching) = self.matching.get(predicate) {
            return Ok(Some(matching));
        }
        let rows = self.len(0..self.files());
        let Some(memory) = self.shelf.reserve("rows that match", rows.div_ceil(8)) else {
            return Ok(None);
        };
        let mut matching = BooleanBufferBuilder::new(rows);
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
        let matching = Held::new(matching.finish(), memory);
        if predicate.lasts {
            self.matching.put(predicate.clone(), self.shelf.keep(&matching));
        }
        Ok(Some(matching))
    }

    /// Whether [`matching`](Self::matching) has all that it needs in memory.
    pub(crate) fn has_matching(&self, predicate: &Predicate) -> bool {
        self.matching.get(predicate).is_some() || self.has_kept(&predicate.columns)
    }
}

impl Answers {
    fn get(&self, predicate: &Predicate) -> Option<Arc<Held<BooleanBuffer>>> {
        if !predicate.lasts {
            return None;
        }
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, matching) = kept.iter().find(|(known, _)| known.is(predicate))?;
        matching.get()
    }

    fn put(&self, predicate: Predicate, matching: Kept<BooleanBuffer>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, _)| !known.is(&predicate));
        kept.truncate(KEPT - 1);
        kept.push_front((predicate, matching));
    }
}
