//! `l2_distance(a, b)` and `cosine_distance(a, b)` of two vectors of one length.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, Float64Array},
    datatypes::{DataType, Field, FieldRef},
};
use datafusion::{
    common::{Result, plan_err},
    logical_expr::ReturnFieldArgs,
};
use helioql_grammar::bind::CallSignature;

use super::{About, Kernel, Rows, required};
use crate::{nearest::metric::Metric, types::VectorColumn};

#[derive(Debug)]
pub(super) struct Distance {
    name: &'static str,
    metric: Metric,
    summary: &'static str,
    example: &'static str,
}

impl Distance {
    pub(super) fn l2() -> Self {
        Self {
            name: "l2_distance",
            metric: Metric::L2,
            summary: "Euclidean distance of two vectors, as NEAREST uses it",
            example: "SELECT harpnum, l2_distance(embedding, EMBED(patch)) FROM sharps LIMIT 3",
        }
    }

    pub(super) fn cosine() -> Self {
        Self {
            name: "cosine_distance",
            metric: Metric::Cosine,
            summary: "One minus the cosine of the angle between two vectors",
            example: "SELECT harpnum, cosine_distance(embedding, EMBED(patch)) FROM sharps LIMIT 3",
        }
    }
}

impl Kernel for Distance {
    fn call(&self) -> CallSignature {
        CallSignature {
            name: self.name,
            parameters: vec![required("a"), required("b")],
            positional: 2,
        }
    }

    fn about(&self) -> About {
        About {
            summary: self.summary,
            example: self.example,
        }
    }

    fn return_field(&self, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
        match (args.arg_fields[0].data_type(), args.arg_fields[1].data_type()) {
            (DataType::FixedSizeList(_, a), DataType::FixedSizeList(_, b)) if a == b => {
                Ok(Arc::new(Field::new(self.name, DataType::Float64, true)))
            }
            (DataType::FixedSizeList(_, a), DataType::FixedSizeList(_, b)) => {
                plan_err!(
                    "{} takes two vectors of one length, found {a} and {b} numbers",
                    self.name
                )
            }
            _ => plan_err!(
                "{} takes two vectors, such as embeddings; EMBED(patch) makes one",
                self.name
            ),
        }
    }

    fn invoke(&self, rows: &Rows<'_>) -> Result<ArrayRef> {
        let (a, b) = (
            VectorColumn::new(&rows.array(0)?)?,
            VectorColumn::new(&rows.array(1)?)?,
        );
        let distances: Float64Array = (0..rows.len())
            .map(|index| Some(self.metric.distance(a.get(index)?, b.get(index)?)))
            .collect();
        Ok(Arc::new(distances))
    }
}
