//! The result of EXPLAIN: a plan is a text of many lines, which a table would cut or frame.

use std::io::Write;

use arrow::{array::RecordBatch, datatypes::Schema};

use super::{Renderer, value::cell};
use crate::error::Result;

/// Writes plans as text, and every other result as `R` does.
#[derive(Debug)]
pub(crate) struct PlanOr<R> {
    other: R,
    is_plan: bool,
}

impl<R> PlanOr<R> {
    /// Leaves to `other` what is no plan.
    pub(crate) fn new(other: R) -> Self {
        Self {
            other,
            is_plan: false,
        }
    }
}

impl<R: Renderer> Renderer for PlanOr<R> {
    fn begin(&mut self, schema: &Schema, out: &mut dyn Write) -> Result<()> {
        let names: Vec<_> = schema
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect();
        self.is_plan = names == ["plan_type", "plan"];
        if self.is_plan {
            Ok(())
        } else {
            self.other.begin(schema, out)
        }
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<()> {
        if !self.is_plan {
            return self.other.rows(batch, out);
        }
        let schema = batch.schema();
        for row in 0..batch.num_rows() {
            let text = |column: usize| cell(schema.field(column), batch.column(column), row);
            writeln!(out, "{}", text(0)?)?;
            for line in text(1)?.lines() {
                writeln!(out, "  {line}")?;
            }
        }
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write) -> Result<()> {
        if self.is_plan { Ok(()) } else { self.other.end(out) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, StringArray};

    use super::*;
    use crate::render::{
        table::{Frame, Table},
        tests::{batch, written},
    };

    #[test]
    fn plans_are_text_and_tables_stay_tables() {
        let columns: [(&str, ArrayRef); 2] = [
            ("plan_type", Arc::new(StringArray::from(vec!["logical_plan"]))),
            (
                "plan",
                Arc::new(StringArray::from(vec!["Projection: 1\n  EmptyRelation\n"])),
            ),
        ];
        let plan = RecordBatch::try_from_iter(columns).expect("two columns of one row");
        let text = written(PlanOr::new(Table::new(None, Frame::Open, false)), &[plan]);
        assert_eq!(text, "logical_plan\n  Projection: 1\n    EmptyRelation\n");
        let table = written(PlanOr::new(Table::new(None, Frame::Open, false)), &[batch()]);
        assert_eq!(table, written(Table::new(None, Frame::Open, false), &[batch()]));
    }
}
