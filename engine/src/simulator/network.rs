//! The supergranular network: where on the surface flux gathers.
//!
//! Flows sweep the field to the borders of convection cells, which leaves plage and quiet Sun alike as
//! strands of cells' outlines. Borders are those of a Voronoi diagram over a jittered lattice: with F₁ ≤ F₂
//! the distances to the two nearest centres, `exp(−((F₂ − F₁)/w)²)` is 1 on a border and falls within `w`.
//! Borders are unequally strong, by a factor of either cell, so that strands have gaps. The centres wander
//! from day to day.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use super::canvas::Place;

/// One generation of convection cells covering a patch.
pub(super) struct Network {
    spacing_mm: f64,
    border_mm: f64,
    side: usize,
    cells: Vec<Cell>,
}

struct Cell {
    centre: Place,
    /// How much flux its borders hold.
    strength: f64,
}

impl Network {
    /// Cells of `spacing_mm` with borders of `border_mm`, over a patch of half-width `half_mm`, after `days`.
    pub(super) fn draw(rng: &mut impl Rng, spacing_mm: f64, border_mm: f64, half_mm: f64, days: f64) -> Self {
        let half_side = (half_mm / spacing_mm).ceil() as usize + 2;
        let side = 2 * half_side + 1;
        let cells = (0..side * side)
            .map(|i| {
                let lattice = |index: usize| index as f64 - half_side as f64;
                let mut coordinate = |index: usize| {
                    let home = lattice(index) + rng.random_range(-0.45..0.45);
                    // A few per cent of a cell a day: most of a cell during a disk passage.
                    (home + rng.random_range(-0.07..0.07) * days) * spacing_mm
                };
                let south = coordinate(i / side);
                let centre = Place {
                    west: coordinate(i % side),
                    south,
                };
                let unevenness: f64 = StandardNormal.sample(rng);
                Cell {
                    centre,
                    strength: (0.45 * unevenness).exp(),
                }
            })
            .collect();
        Self {
            spacing_mm,
            border_mm,
            side,
            cells,
        }
    }

    /// About 1 on the border of two cells, towards 0 inside a cell.
    pub(super) fn at(&self, place: Place) -> f64 {
        let home = |mm: f64| {
            let index = (mm / self.spacing_mm).round() + (self.side / 2) as f64;
            (index as usize).clamp(1, self.side - 2)
        };
        let (row, column) = (home(place.south), home(place.west));
        let (mut first, mut second) = ((f64::INFINITY, 1.0), (f64::INFINITY, 1.0));
        for row in row - 1..=row + 1 {
            for cell in &self.cells[row * self.side + column - 1..=row * self.side + column + 1] {
                let (west, south) = (place.west - cell.centre.west, place.south - cell.centre.south);
                let here = (west * west + south * south, cell.strength);
                if here.0 < first.0 {
                    (first, second) = (here, first);
                } else if here.0 < second.0 {
                    second = here;
                }
            }
        }
        let gap = (second.0.sqrt() - first.0.sqrt()) / self.border_mm;
        first.1 * second.1 * (-gap * gap).exp()
    }
}
