//! Ridge regression in closed form, n = (Xᵀ X + λ N I)⁻¹ Xᵀ y: `method = 'ridge'`.
//!
//! An SVM learns from which side of the median a sample lies on and forgets how far; the regression uses the
//! value. Its normal points almost the same way, and it is the steadier of the two for meeting a value.

use super::{cholesky::Cholesky, fit::Separator, population::add};

/// Regresses the values on `rows`, whose columns are standardised; `values` are centred here.
pub(super) fn train(rows: &[Vec<f64>], values: &[f64], penalty: f64) -> Separator {
    let (count, dim) = (rows.len() as f64, rows.first().map_or(0, Vec::len));
    let mean = values.iter().sum::<f64>() / count;
    let mut gram = vec![0.0; dim * dim];
    let mut right = vec![0.0; dim];
    for (row, value) in rows.iter().zip(values) {
        add(&mut right, value - mean, row);
        for (line, &x) in gram.chunks_exact_mut(dim).zip(row) {
            add(line, x, row);
        }
    }
    for i in 0..dim {
        gram[i * dim + i] += penalty * count;
    }
    // With a positive penalty the matrix is positive definite whatever the rows are.
    let normal = Cholesky::new(&gram, dim).map_or_else(|| vec![0.0; dim], |factor| factor.solve(&right));
    Separator { normal, offset: 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_is_recovered() {
        let rows: Vec<_> = [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)]
            .map(|(a, b)| vec![a, b])
            .into();
        let values: Vec<_> = rows.iter().map(|row| 5.0 + 2.0 * row[0] - row[1]).collect();
        let found = train(&rows, &values, 1e-12);
        // The penalty shifts the answer by its own size.
        assert!((found.normal[0] - 2.0).abs() < 1e-9 && (found.normal[1] + 1.0).abs() < 1e-9);
    }
}
