//! Matrix products over slices: the one safe door to the `gemm` crate.
//!
//! `gemm` takes raw pointers with strides; here matrices are slices with checked sizes, stored row by row
//! or transposed. One product runs on one thread: the layers above run images in parallel instead, so that
//! no result depends on the number of threads.

use gemm::Parallelism;

/// A view of a dense matrix.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// Views `values` as `rows` rows of `columns` numbers.
    ///
    /// # Panics
    /// When there are not exactly `rows · columns` values.
    pub fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        assert_eq!(values.len(), rows * columns, "a {rows}×{columns} matrix");
        Self {
            values,
            rows,
            columns,
            row_stride: columns,
            column_stride: 1,
        }
    }

    /// The same numbers seen as the transposed matrix.
    #[must_use]
    pub fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }
}

/// What happens to the numbers that stand in the output already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// They are replaced by the product.
    Replace,
    /// The product is added to them.
    Add,
}

/// Writes the product of `left` and `right` into `out`, stored row by row.
///
/// # Panics
/// When the shapes do not fit one another.
///
/// # Examples
/// ```
/// use helioql::nn::gemm::{Matrix, Write, multiply};
/// let row = [1.0, 2.0];
/// let mut out = [100.0];
/// multiply(Matrix::new(&row, 1, 2), Matrix::new(&row, 1, 2).transposed(), &mut out, Write::Add);
/// assert_eq!(out, [105.0]); // 100 + 1·1 + 2·2
/// ```
pub fn multiply(left: Matrix<'_>, right: Matrix<'_>, out: &mut [f32], write: Write) {
    let (rows, inner, columns) = (left.rows, left.columns, right.columns);
    assert_eq!(right.rows, inner, "inner sizes of a matrix product");
    assert_eq!(out.len(), rows * columns, "a {rows}×{columns} product");
    let stride = |s: usize| s as isize;
    let (accumulate, alpha) = match write {
        Write::Replace => (false, 0.0),
        Write::Add => (true, 1.0),
    };
    // SAFETY: `Matrix` holds exactly rows · columns values under its strides and `out` holds
    // rows · columns values, so every address that gemm forms lies within the three slices; `out` is
    // borrowed mutably, so it overlaps neither operand.
    #[expect(
        unsafe_code,
        reason = "gemm's interface is raw pointers; sizes are checked just above"
    )]
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            out.as_mut_ptr(),
            1,
            stride(columns),
            accumulate,
            left.values.as_ptr(),
            stride(left.column_stride),
            stride(left.row_stride),
            right.values.as_ptr(),
            stride(right.column_stride),
            stride(right.row_stride),
            alpha,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}
