//! The vectors of a table's rows, one after the other, and the exact search among them.

use super::coarse::Coarse;
use crate::nearest::Metric;

/// Vectors of one length. A row that has none is NaN in every place, so that no distance to it is a number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Vectors {
    dimension: usize,
    numbers: Vec<f32>,
    /// What an exact search among many reads first; none where it would not help.
    pub(super) coarse: Option<Coarse>,
}

impl Vectors {
    /// Vectors of `dimension` numbers; none yet.
    pub(crate) fn new(dimension: usize) -> Self {
        Self {
            dimension,
            numbers: Vec::new(),
            coarse: Coarse::new(dimension),
        }
    }

    /// Those of `numbers`; `None` where they are not a whole number of vectors.
    pub(crate) fn of(dimension: usize, numbers: Vec<f32>) -> Option<Self> {
        if dimension == 0 || !numbers.len().is_multiple_of(dimension) {
            return None;
        }
        let mut coarse = Coarse::new(dimension);
        if let Some(coarse) = &mut coarse {
            coarse.reserve(numbers.len() / dimension);
            numbers
                .chunks_exact(dimension)
                .for_each(|vector| coarse.push(vector));
        }
        Some(Self {
            dimension,
            numbers,
            coarse,
        })
    }

    /// Makes room for `rows` more.
    pub(crate) fn reserve(&mut self, rows: usize) {
        self.numbers.reserve_exact(rows * self.dimension);
        if let Some(coarse) = &mut self.coarse {
            coarse.reserve(rows);
        }
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, vector: Option<&[f32]>) {
        let first = self.numbers.len();
        match vector {
            Some(vector) => self.numbers.extend_from_slice(vector),
            None => self.numbers.extend(std::iter::repeat_n(f32::NAN, self.dimension)),
        }
        if let Some(coarse) = &mut self.coarse {
            coarse.push(&self.numbers[first..]);
        }
    }

    pub(crate) fn dimension(&self) -> usize {
        self.dimension
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.numbers.len() / self.dimension.max(1)
    }

    /// The vector of a row.
    pub(crate) fn get(&self, row: usize) -> &[f32] {
        &self.numbers[row * self.dimension..][..self.dimension]
    }

    /// All numbers, row after row.
    pub(crate) fn numbers(&self) -> &[f32] {
        &self.numbers
    }

    /// How much memory so many rows take.
    pub(crate) fn bytes_needed(rows: usize, dimension: usize) -> usize {
        let row = dimension
            .saturating_mul(size_of::<f32>())
            .saturating_add(Coarse::bytes_of_row(dimension));
        rows.saturating_mul(row)
    }

    /// Whether a row can be near to anything: its numbers are finite, and not all zero where angles are compared.
    pub(crate) fn is_place(&self, row: usize, metric: Metric) -> bool {
        let vector = self.get(row);
        vector.iter().all(|number| number.is_finite())
            && (metric != Metric::Cosine || vector.iter().any(|number| *number != 0.0))
    }

    /// The first rows of `longer`, if they are these, bit by bit.
    pub(crate) fn begin(&self, longer: &Self) -> bool {
        let bits = |numbers: &[f32]| numbers.iter().map(|number| number.to_bits()).collect::<Vec<_>>();
        longer.dimension == self.dimension
            && longer.numbers.len() >= self.numbers.len()
            && self
                .numbers
                .chunks(4096)
                .zip(longer.numbers.chunks(4096))
                .all(|(ours, theirs)| bits(ours) == bits(&theirs[..ours.len()]))
    }
}
