//! Area-weighted means of an image over the cells of another grid: the one resampling rule of the engine.
//!
//! A cell that covers the source area `C` gets `Σ w B / Σ w`, where `w` is the area of each observed source
//! pixel inside `C`; below half coverage it is NaN. The mean keeps flux (field × area) where everything is
//! observed, and both overlaps are products of a row and a column overlap, so the sums are done one axis
//! at a time.

/// Where the cells of a target grid lie on a source image.
pub(crate) struct Window {
    rows: Axis,
    columns: Axis,
}

/// Cells along one axis, in source pixels.
struct Axis {
    start: f64,
    ratio: f64,
    cells: usize,
}

impl Window {
    /// A window of `(rows, columns)` cells, each `ratio` source pixels wide, around `centre` = (row, column).
    pub(crate) fn new(centre: (f64, f64), ratio: f64, (rows, columns): (usize, usize)) -> Self {
        Self {
            rows: Axis::new(centre.0, ratio, rows),
            columns: Axis::new(centre.1, ratio, columns),
        }
    }

    /// The share of a source pixel's area that lies in the window.
    pub(crate) fn covers(&self, row: usize, column: usize) -> f64 {
        self.rows.covers(row) * self.columns.covers(column)
    }
}

impl Axis {
    fn new(centre: f64, ratio: f64, cells: usize) -> Self {
        // Cell sizes that are meant as multiples must not be smeared by the last bit of a division.
        let whole = ratio.round();
        if whole >= 1.0 && (ratio - whole).abs() < 1e-9 * whole && (centre * 2.0).fract() == 0.0 {
            let start = (centre - whole * cells as f64 / 2.0).floor();
            return Self {
                start,
                ratio: whole,
                cells,
            };
        }
        Self {
            start: centre - ratio * cells as f64 / 2.0,
            ratio,
            cells,
        }
    }

    fn covers(&self, pixel: usize) -> f64 {
        let (low, high) = (pixel as f64, pixel as f64 + 1.0);
        (high.min(self.start + self.ratio * self.cells as f64) - low.max(self.start)).clamp(0.0, 1.0)
    }

    /// For each cell the source pixels below it and the length of each that it covers.
    fn overlaps(&self, pixels: usize) -> Vec<Overlap> {
        (0..self.cells)
            .map(|cell| {
                let low = (self.start + self.ratio * cell as f64).clamp(0.0, pixels as f64);
                let high = (self.start + self.ratio * (cell + 1) as f64).clamp(0.0, pixels as f64);
                let first = low.floor() as usize;
                let lengths = (first..high.ceil() as usize)
                    .map(|pixel| high.min((pixel + 1) as f64) - low.max(pixel as f64))
                    .collect();
                Overlap { first, lengths }
            })
            .collect()
    }
}

struct Overlap {
    first: usize,
    lengths: Vec<f64>,
}

impl Overlap {
    fn iter(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.lengths
            .iter()
            .enumerate()
            .map(|(i, &length)| (self.first + i, length))
    }
}

/// A weighted sum of field and the weight that was observed.
#[derive(Clone, Copy, Default)]
struct Sum {
    field: f64,
    weight: f64,
}

/// The mean field of each cell of the window over a row-major `(height, width)` source image.
pub(crate) fn area_mean(source: &[f32], (height, width): (usize, usize), window: &Window) -> Vec<f32> {
    let across = window.columns.overlaps(width);
    let down = window.rows.overlaps(height);
    let used = down.iter().map(|o| o.first).min().unwrap_or(0)
        ..down.iter().map(|o| o.first + o.lengths.len()).max().unwrap_or(0);

    // Each source row is reduced once, though two cells may share it.
    let reduced: Vec<Sum> = source
        .chunks_exact(width)
        .take(used.end)
        .skip(used.start)
        .flat_map(|row| {
            across.iter().map(|overlap| {
                let mut sum = Sum::default();
                for (&b, &length) in row[overlap.first.min(width)..].iter().zip(&overlap.lengths) {
                    if b.is_finite() {
                        sum.field += f64::from(b) * length;
                        sum.weight += length;
                    }
                }
                sum
            })
        })
        .collect();

    let full = window.rows.ratio * window.columns.ratio;
    let mut cells = Vec::with_capacity(down.len() * across.len());
    let mut sums = vec![Sum::default(); across.len()];
    for overlap in &down {
        sums.fill(Sum::default());
        for (row, length) in overlap.iter() {
            let start = (row - used.start) * across.len();
            for (sum, part) in sums.iter_mut().zip(&reduced[start..]) {
                sum.field += part.field * length;
                sum.weight += part.weight * length;
            }
        }
        cells.extend(sums.iter().map(|sum| {
            // A hair below one half, so that exactly half observed counts as observed.
            if sum.weight >= (0.5 - 1e-9) * full {
                (sum.field / sum.weight) as f32
            } else {
                f32::NAN
            }
        }));
    }
    cells
}
