//! What the figures are about, to look at: contact sheets of drawn and of real patches, their power spectra, and the
//! cumulative distributions of their quantities.

use super::Measured;
use crate::{
    directions::{Quantity, Scale},
    generator::evaluate::QUANTITIES,
    nn::Result,
    physics::spectrum::Spectrum,
    picture::{
        Sheet, contact_sheet,
        plot::{Line, Panel, plot},
    },
};

/// Patches on a sheet, and in a row of it.
const SHEET: usize = 72;
const ROW: usize = 12;
/// Names and colours of the three sides, in the order in which they are drawn.
const SIDES: [(&str, [u8; 3]); 3] = [
    ("training", [160, 160, 160]),
    ("held out", [30, 90, 200]),
    ("generated", [230, 110, 0]),
];

/// The pictures with the names of their files.
pub(super) fn pictures(
    drawn: &Measured,
    train: &Measured,
    held_out: &Measured,
    clip_gauss: f32,
) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let mut pictures = Vec::new();
    for (name, of) in [("generated.png", drawn), ("real.png", held_out)] {
        // Spread over all rows: neighbours in a table are often one region on two days.
        let step = (of.len() / SHEET).max(1);
        let patches: Vec<_> = of.patches.iter().step_by(step).take(SHEET).collect();
        if patches.is_empty() {
            continue;
        }
        let sheet = Sheet {
            columns: ROW,
            range_gauss: clip_gauss,
            ..Sheet::default()
        };
        pictures.push((name, contact_sheet(&patches, sheet)?));
    }
    let sides = [train, held_out, drawn];
    pictures.push(("spectrum.png", plot(&[spectra(sides)], 1)?));
    let panels: Vec<Panel> = QUANTITIES
        .iter()
        .map(|(keyword, _)| cumulative(keyword, sides))
        .collect();
    pictures.push(("quantities.png", plot(&panels, 3)?));
    Ok(pictures)
}

fn spectra(sides: [&Measured; 3]) -> Panel {
    let line = |side: &Measured| {
        let rings = Spectrum::mean(&side.patches).map_or_else(Vec::new, |spectrum| spectrum.radial());
        let point = |(k, power): (usize, f64)| ((k as f64 + 1.0).log10(), power.log10());
        rings.into_iter().enumerate().map(point).collect()
    };
    Panel {
        title: "log power (G2) by log cycles per side".to_owned(),
        lines: lines(sides.map(line)),
    }
}

/// The part of patches that have at most so much of a quantity.
fn cumulative(keyword: &str, sides: [&Measured; 3]) -> Panel {
    let quantity = Quantity::named(keyword);
    let line = |side: &Measured| {
        let rows = side.quantities.iter();
        let mut values: Vec<f64> = rows
            .filter_map(|row| quantity.and_then(|q| q.read(row)))
            .collect();
        values.sort_by(f64::total_cmp);
        let count = values.len() as f64;
        let points = values.into_iter().enumerate();
        points
            .map(|(i, value)| (value, (i as f64 + 1.0) / count))
            .collect()
    };
    let log = quantity.is_some_and(|q| q.scale == Scale::Logarithmic);
    Panel {
        title: format!(
            "{}{} ({})",
            if log { "log " } else { "" },
            keyword.replace('_', " "),
            quantity.map_or("", |q| q.unit)
        ),
        lines: lines(sides.map(line)),
    }
}

fn lines(points: [Vec<(f64, f64)>; 3]) -> Vec<Line> {
    let line = |((name, colour), points)| Line { name, colour, points };
    SIDES.into_iter().zip(points).map(line).collect()
}
