//! `l2_distance(a, b)` and `cosine_distance(a, b)` of two vectors of one length, lists of numbers among them.

use std::{fmt::Display, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, Float32Array, Float64Array, ListArray},
    compute::cast,
    datatypes::{DataType, Field, FieldRef},
};
use datafusion::{
    common::{Result, plan_err},
    logical_expr::ReturnFieldArgs,
};
use helioql_grammar::bind::CallSignature;

use super::{Kernel, Rows, required};
use crate::{documentation::Documentation, nearest::metric::Metric};

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
            example: "SELECT round(l2_distance([3, 0], [0, 4]), 6) AS l2",
            error: &["SELECT l2_distance(embedding, usflux) FROM sharps"],
        }
    }

    pub(super) fn cosine() -> Self {
        Self {
            name: "cosine_distance",
            metric: Metric::Cosine,
            summary: "One minus the cosine of the angle between two vectors",
            details: "1 − a·b / (|a| |b|): 0 for one direction, 1 for a right angle, 2 for opposite ones; NaN where a vector is zero. The operator <=> is the same.",
            example: "SELECT round(cosine_distance([3, 0], [0, 4]), 6) AS cosine",
            error: &["SELECT cosine_distance(embedding, usflux) FROM sharps"],
        }
    }
}

impl Distance {
    fn lengths_differ<T>(&self, a: impl Display, b: impl Display) -> Result<T> {
        plan_err!(
            "{} takes two vectors of one length, found {a} and {b} numbers",
            self.name
        )
    }
}

impl Kernel for Distance {
    fn call(&self) -> CallSignature {
        CallSignature {
            name: self.name,
            parameters: ["a", "b"]
                .map(|name| {
                    required(name)
                        .taking("EMBEDDING, LATENT, other vector or list of numbers")
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
        let (a, b) = (args.arg_fields[0].data_type(), args.arg_fields[1].data_type());
        match (a, b) {
            (DataType::FixedSizeList(_, a), DataType::FixedSizeList(_, b)) if a != b => {
                self.lengths_differ(a, b)
            }
            _ if is_vector(a) && is_vector(b) => Ok(Arc::new(Field::new(self.name, DataType::Float64, true))),
            _ => plan_err!(
                "{} takes two vectors, such as embeddings; EMBED(patch) makes one",
                self.name
            ),
        }
    }

    fn invoke(&self, rows: &Rows<'_>) -> Result<ArrayRef> {
        let (a, b) = (Vectors::new(&rows.array(0)?)?, Vectors::new(&rows.array(1)?)?);
        let distances = (0..rows.len()).map(|index| match a.get(index).zip(b.get(index)) {
            Some((a, b)) if a.len() != b.len() => self.lengths_differ(a.len(), b.len()),
            vectors => Ok(vectors.map(|(a, b)| self.metric.distance(a, b))),
        });
        Ok(Arc::new(distances.collect::<Result<Float64Array>>()?))
    }
}

/// Vectors of our own types, or lists of numbers.
fn is_vector(data_type: &DataType) -> bool {
    match data_type {
        DataType::FixedSizeList(item, _) | DataType::List(item) | DataType::LargeList(item) => {
            item.data_type().is_numeric()
        }
        _ => false,
    }
}

/// A column of vectors, which may be of several lengths.
struct Vectors {
    list: ListArray,
    values: Float32Array,
}

impl Vectors {
    fn new(array: &ArrayRef) -> Result<Self> {
        let list = cast(array, &DataType::new_list(DataType::Float32, true))?;
        let list = list.as_list::<i32>().clone();
        let values = list.values().as_primitive().clone();
        Ok(Self { list, values })
    }

    /// The vector of row `index`; none where it or one of its numbers is NULL.
    fn get(&self, index: usize) -> Option<&[f32]> {
        let offsets = self.list.offsets();
        let numbers = offsets[index] as usize..offsets[index + 1] as usize;
        let is_null = self.list.is_null(index)
            || self.values.null_count() > 0 && numbers.clone().any(|number| self.values.is_null(number));
        (!is_null).then(|| &self.values.values()[numbers])
    }
}
