//! What the Fourier transforms of images share: lengths that transform fast, and rows turned into columns.

use rustfft::num_complex::Complex32;

/// Blocks of this many rows and columns keep both ends of a transposition in the cache.
const BLOCK: usize = 32;

/// The least length from `least` on that factors into 2, 3 and 5.
pub(crate) fn fast_length(least: usize) -> usize {
    let is_fast = |length: &usize| {
        let mut rest = *length;
        for factor in [2, 3, 5] {
            while rest > 0 && rest.is_multiple_of(factor) {
                rest /= factor;
            }
        }
        rest == 1
    };
    // A power of two lies before twice the length.
    (least..=2 * least).find(is_fast).unwrap_or(least)
}

/// The rows of `columns` cells as columns.
pub(crate) fn transposed(grid: &[Complex32], columns: usize) -> Vec<Complex32> {
    first_columns(grid, columns, columns)
}

/// The first `kept` columns of rows of `columns` cells, as rows.
pub(crate) fn first_columns(grid: &[Complex32], columns: usize, kept: usize) -> Vec<Complex32> {
    let rows = grid.len() / columns;
    let mut turned = vec![Complex32::default(); kept * rows];
    for first_row in (0..rows).step_by(BLOCK) {
        for first_column in (0..kept).step_by(BLOCK) {
            for row in first_row..(first_row + BLOCK).min(rows) {
                for column in first_column..(first_column + BLOCK).min(kept) {
                    turned[column * rows + row] = grid[row * columns + column];
                }
            }
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_the_next_of_small_factors() {
        assert_eq!([1, 7, 11, 31, 1488].map(fast_length), [1, 8, 12, 32, 1500]);
    }

    #[test]
    fn turning_twice_is_nothing() {
        let grid: Vec<Complex32> = (0_u8..70)
            .map(|cell| Complex32::new(f32::from(cell), 0.0))
            .collect();
        let turned = transposed(&grid, 35);
        assert_eq!((turned[1].re, turned[2].re), (35.0, 1.0));
        assert_eq!(transposed(&turned, 2), grid);
        assert_eq!(first_columns(&grid, 35, 3), turned[..6]);
    }
}
