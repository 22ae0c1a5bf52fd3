//! The sheet that a region is drawn on: a radial field in Gauss, with coordinates in Mm from its middle.

use std::f64::consts::TAU;
use std::ops::Range;

use crate::patch::{CM2_PER_MM2, Grid};

/// A point on the solar surface in Mm from the middle of the patch.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    pub(super) west: f64,
    pub(super) south: f64,
}

impl Place {
    /// The place at `along` and `across` an axis of that tilt through this one.
    pub(super) fn offset(self, tilt_rad: f64, along: f64, across: f64) -> Self {
        let (sin, cos) = tilt_rad.sin_cos();
        Self {
            west: self.west + along * cos - across * sin,
            south: self.south + along * sin + across * cos,
        }
    }
}

/// Where the cells of a canvas lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sheet {
    pub(super) grid: Grid,
    /// The middle of the grid.
    pub(super) middle: Place,
}

impl Sheet {
    /// The middle of a cell.
    pub(super) fn place(&self, row: usize, column: usize) -> Place {
        let from_middle = |i: usize, n: usize| (i as f64 + 0.5 - n as f64 / 2.0) * self.grid.cell_mm;
        Place {
            west: self.middle.west + from_middle(column, self.grid.width),
            south: self.middle.south + from_middle(row, self.grid.height),
        }
    }

    /// The middles of all cells, row by row.
    pub(super) fn places(self) -> impl Iterator<Item = Place> {
        (0..self.grid.height)
            .flat_map(move |row| (0..self.grid.width).map(move |column| self.place(row, column)))
    }

    /// How far the cells reach from the middle of the region, Mm, at most.
    pub(super) fn reach_mm(&self) -> f64 {
        let half = self.grid.height.max(self.grid.width) as f64 * self.grid.cell_mm / 2.0;
        half + self.middle.west.abs().max(self.middle.south.abs())
    }

    pub(super) fn cell_area_cm2(&self) -> f64 {
        self.grid.cell_mm * self.grid.cell_mm * CM2_PER_MM2
    }

    /// Rows and columns whose middles lie within `reach` Mm of a place on each axis.
    fn near(&self, centre: Place, reach: f64) -> (Range<usize>, Range<usize>) {
        let span = |middle: f64, n: usize| {
            let index = |mm: f64| mm / self.grid.cell_mm + n as f64 / 2.0 - 0.5;
            let first = index(middle - reach).ceil().clamp(0.0, n as f64) as usize;
            let end = (index(middle + reach).floor() + 1.0).clamp(0.0, n as f64) as usize;
            first..end.max(first)
        };
        (
            span(centre.south - self.middle.south, self.grid.height),
            span(centre.west - self.middle.west, self.grid.width),
        )
    }
}

/// A field being drawn.
pub(super) struct Canvas {
    pub(super) sheet: Sheet,
    pub(super) gauss: Vec<f32>,
}

impl Canvas {
    pub(super) fn new(sheet: Sheet) -> Self {
        Self {
            sheet,
            gauss: vec![0.0; sheet.grid.height * sheet.grid.width],
        }
    }

    /// Adds `field(west, south)` of the offset from `centre`, in the cells within `reach` Mm of it on each
    /// axis.
    pub(super) fn add(&mut self, centre: Place, reach: f64, field: impl Fn(f64, f64) -> f64) {
        self.each_near(centre, reach, |b, west, south| *b += field(west, south) as f32);
    }

    /// Multiplies by `factor(west, south)` in the same way.
    pub(super) fn scale(&mut self, centre: Place, reach: f64, factor: impl Fn(f64, f64) -> f64) {
        self.each_near(centre, reach, |b, west, south| *b *= factor(west, south) as f32);
    }

    /// Adds a Gaussian of that flux (G Mm²) and width σ, cut at 3 σ.
    pub(super) fn add_gaussian(&mut self, centre: Place, flux: f64, width_mm: f64) {
        let peak = flux / (TAU * width_mm * width_mm);
        let (rows, columns) = self.sheet.near(centre, 3.0 * width_mm);
        let bell = |mm: f64| (-0.5 * (mm / width_mm).powi(2)).exp();
        // The Gaussian is a product of one in each direction.
        let across: Vec<f64> = columns
            .clone()
            .map(|column| bell(self.sheet.place(0, column).west - centre.west))
            .collect();
        for row in rows {
            let height = peak * bell(self.sheet.place(row, 0).south - centre.south);
            let cells = &mut self.gauss[row * self.sheet.grid.width..][columns.clone()];
            for (b, across) in cells.iter_mut().zip(&across) {
                *b += (height * across) as f32;
            }
        }
    }

    fn each_near(&mut self, centre: Place, reach: f64, mut change: impl FnMut(&mut f32, f64, f64)) {
        let (rows, columns) = self.sheet.near(centre, reach);
        for row in rows {
            for column in columns.clone() {
                let place = self.sheet.place(row, column);
                let cell = &mut self.gauss[row * self.sheet.grid.width + column];
                change(cell, place.west - centre.west, place.south - centre.south);
            }
        }
    }
}
