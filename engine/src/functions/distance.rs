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

use super::{Kernel, Rows, required};
use crate::{documentation::Documentation, nearest::metric::Metric, types::VectorColumn};

#[derive(Debug)]
pub(super) struct Distance {
    name: &'static str,
    metric: Metric,
    summary: &'static str,
    details: &'static str,
    example: &'static str,
    error: &'static [&'static str],
}

impl Distance {
    pub(super) fn l2() -> Self {
        Self {
            name: "l2_distance",
            metric: Metric::L2,
            summary: "Euclidean distance of two vectors, as NEAREST uses it",
            details: "√Σ (a − b)². The operator <-> is the same; ORDER BY embedding <-> x LIMIT k is planned as NEAREST is.",
            example: "SELECT round(l2_distance(arrow_cast([3.0, 0.0], 'FixedSizeList(2, Float32)'), arrow_cast([0.0, 4.0], 'FixedSizeList(2, Float32)')), 6) AS l2",
            error: &["SELECT l2_distance(embedding, usflux) FROM sharps"],
        }
    }

    pub(super) fn cosine() -> Self {
        Self {
            name: "cosine_distance",
            metric: Metric::Cosine,
            summary: "One minus the cosine of the angle between two vectors",
            details: "1 − a·b / (|a| |b|): 0 for one direction, 1 for a right angle, 2 for opposite ones; NaN where a vector is zero. The operator <=> is the same.",
            example: "SELECT round(cosine_distance(arrow_cast([3.0, 0.0], 'FixedSizeList(2, Float32)'), arrow_cast([0.0, 4.0], 'FixedSizeList(2, Float32)')), 6) AS cosine",
            error: &["SELECT cosine_distance(embedding, usflux) FROM sharps"],
        }
    }
}

impl Kernel for Distance {
    fn call(&self) -> CallSignature {
        CallSignature {
            name: self.name,
            parameters: ["a", "b"]
                .map(|name| {
                    required(name)
                        .taking("EMBEDDING, LATENT or other vector")
                        .about("a vector, as long as the other")
                })
                .to_vec(),
            positional: 2,
        }
    }

    fn documentation(&self) -> Documentation {
        Documentation {
            summary: self.summary,
            details: self.details.into(),
            returns: "A DOUBLE without unit; NULL where a vector is.".into(),
            examples: vec![
                self.example.into(),
                format!(
                    "SELECT harpnum, round({}(embedding, (SELECT embedding FROM sharps WHERE harpnum = 9000007 ORDER BY t_rec LIMIT 1)), 2) AS distance\n\
                     FROM sharps ORDER BY distance LIMIT 1",
                    self.name
                )
                .into(),
            ],
            errors: self.error,
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
