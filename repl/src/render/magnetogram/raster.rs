//! A field as a grid of fractions of its range, in the size in which it is drawn: means of pixels where it is
//! smaller than the patch, pixels repeated where it is larger.

use helioql::patch::Patch;

/// Fractions from −1 to 1, row by row, north first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Raster {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) values: Vec<f32>,
}

impl Raster {
    /// The whole patch in at most `widest` columns; a pixel that was not observed is no field.
    pub(crate) fn at_most(patch: &Patch, range: f32, widest: usize) -> Self {
        let grid = patch.grid();
        let block = grid.width.div_ceil(widest.max(1));
        let (height, width) = (grid.height.div_ceil(block), grid.width.div_ceil(block));
        let mean = |y: usize, x: usize| {
            let rows = y * block..((y + 1) * block).min(grid.height);
            let columns = x * block..((x + 1) * block).min(grid.width);
            let pixels = rows.flat_map(|row| patch.gauss()[row * grid.width..][columns.clone()].iter());
            let observed: Vec<f32> = pixels.copied().filter(|gauss| gauss.is_finite()).collect();
            observed.iter().sum::<f32>() / observed.len().max(1) as f32 / range
        };
        let values = (0..height)
            .flat_map(|y| (0..width).map(move |x| (y, x)))
            .map(|(y, x)| mean(y, x))
            .collect();
        Self {
            height,
            width,
            values,
        }
    }

    /// The whole patch in about `width` columns: as many times larger or smaller as keeps every cell alike.
    pub(crate) fn about(patch: &Patch, range: f32, width: usize) -> Self {
        let times = width / patch.grid().width.max(1);
        let raster = Self::at_most(patch, range, width.max(1));
        if times < 2 { raster } else { raster.enlarged(times) }
    }

    fn enlarged(&self, times: usize) -> Self {
        let mut values = Vec::with_capacity(self.values.len() * times * times);
        for row in self.values.chunks(self.width.max(1)) {
            let wide: Vec<f32> = row
                .iter()
                .flat_map(|value| std::iter::repeat_n(*value, times))
                .collect();
            values.extend(std::iter::repeat_n(wide, times).flatten());
        }
        Self {
            height: self.height * times,
            width: self.width * times,
            values,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use helioql::patch::Grid;

    use super::*;

    /// A patch of whole rows of so many cells of 2 Mm.
    pub(in super::super) fn patch(width: usize, gauss: Vec<f32>) -> Patch {
        let grid = Grid {
            height: gauss.len() / width,
            width,
            cell_mm: 2.0,
        };
        Patch::new(grid, gauss).expect("whole rows are given")
    }

    #[test]
    fn a_wide_patch_is_averaged_and_a_small_one_repeated() {
        let wide = patch(4, vec![1.0, 3.0, 5.0, f32::NAN, 1.0, 3.0, 5.0, 5.0]);
        let raster = Raster::at_most(&wide, 10.0, 2);
        assert_eq!((raster.width, raster.values), (2, vec![0.2, 0.5]));
        let raster = Raster::about(&patch(2, vec![1.0, -1.0]), 1.0, 5);
        assert_eq!((raster.height, raster.width), (2, 4));
        assert_eq!(raster.values, [[1.0, 1.0, -1.0, -1.0]; 2].concat());
    }
}
