//! The logical node of draws that must happen once a row: its input's columns, then one for each call.

use std::{cmp::Ordering, collections::HashSet, fmt, sync::Arc};

use datafusion::{
    common::{DFSchema, DFSchemaRef, Result, internal_datafusion_err},
    logical_expr::{Expr, ExprSchemable, LogicalPlan, UserDefinedLogicalNodeCore},
};

/// Calls of GENERATE without a seed, or those of GENERATE in FROM. No projection above can be merged with it, so whatever is read of a
/// sample, it is read of the same draw.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct DrawNode {
    input: LogicalPlan,
    /// The calls under the names of their columns.
    calls: Vec<Expr>,
    schema: DFSchemaRef,
}

impl DrawNode {
    pub(crate) fn try_new(input: LogicalPlan, calls: Vec<Expr>) -> Result<Self> {
        let given = input.schema();
        let mut fields: Vec<_> = given
            .iter()
            .map(|(qualifier, field)| (qualifier.cloned(), Arc::clone(field)))
            .collect();
        for call in &calls {
            fields.push(call.to_field(given)?);
        }
        let schema = DFSchema::new_with_metadata(fields, given.metadata().clone())?;
        Ok(Self {
            input,
            calls,
            schema: Arc::new(schema),
        })
    }

    /// The rows that are drawn for.
    pub(crate) fn input(&self) -> &LogicalPlan {
        &self.input
    }

    pub(crate) fn calls(&self) -> &[Expr] {
        &self.calls
    }
}

impl PartialOrd for DrawNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for DrawNode {
    fn name(&self) -> &'static str {
        "Draw"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        self.calls.clone()
    }

    /// A predicate on what is drawn waits for the draw; any other one may leave rows out before it.
    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        let drawn = self.calls.iter().map(|call| call.qualified_name().1);
        drawn.collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Draw: ")?;
        for (i, call) in self.calls.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            write!(f, "{comma}{call}")?;
        }
        Ok(())
    }

    fn with_exprs_and_inputs(&self, calls: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        let [input] = <[LogicalPlan; 1]>::try_from(inputs)
            .map_err(|inputs| internal_datafusion_err!("Draw has one input, found {}", inputs.len()))?;
        Self::try_new(input, calls)
    }
}
