//! A patch in the terminal: signed grey, white positive and black negative as magnetograms are printed,
//! two pixels in a character by half-blocks; below it the scale with its unit and the size on the Sun.
//!
//! Without colour, five characters stand for the five steps of the scale.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use helioql::patch::Patch;

use super::View;

/// Draws `patch` as wide as it is, or as the screen is.
///
/// # Errors
/// When the output cannot be written.
pub(crate) fn draw(patch: &Patch, view: &View, out: &mut dyn Write) -> io::Result<()> {
    let range = range_gauss(patch);
    let screen = view.screen.unwrap_or_default();
    let picture = Picture::of(patch, screen.width);
    let ink = if !view.colour {
        Ink::Letters
    } else if std::env::var("COLORTERM").is_ok_and(|value| value == "truecolor" || value == "24bit") {
        Ink::TrueColour
    } else {
        Ink::Greys
    };
    out.write_all(picture.text(range, ink).as_bytes())?;
    writeln!(out, "{}  −{range} … +{range} G{}", scale(ink), legend(patch))
}

/// The field drawn as pure white: the strength that one pixel in a hundred exceeds, rounded up to a
/// round number, so that a few strong pixels do not hide the rest and the scale has a readable name.
pub(crate) fn range_gauss(patch: &Patch) -> f32 {
    const WEAKEST: f32 = 50.0;
    let mut strengths: Vec<f32> = patch
        .gauss()
        .iter()
        .map(|gauss| gauss.abs())
        .filter(|gauss| gauss.is_finite())
        .collect();
    strengths.sort_unstable_by(f32::total_cmp);
    let strength = strengths
        .get(strengths.len() * 99 / 100)
        .copied()
        .unwrap_or_default()
        .max(WEAKEST);
    let power = 10_f32.powi(strength.log10().floor() as i32);
    let steps = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0].map(|step| step * power);
    steps
        .into_iter()
        .find(|step| *step >= strength)
        .unwrap_or(strength)
}

/// `, 64×64 cells of 3.08 Mm (197 × 197 Mm)`
fn legend(patch: &Patch) -> String {
    let grid = patch.grid();
    let side = |cells: usize| (cells as f64 * grid.cell_mm).round();
    let (height, width) = (grid.height, grid.width);
    format!(
        ", {height}×{width} cells of {} Mm ({} × {} Mm)",
        grid.cell_mm,
        side(height),
        side(width)
    )
}

/// How a shade becomes characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ink {
    /// 24-bit colours.
    TrueColour,
    /// The 24 greys of the 256-colour palette, with its black and white.
    Greys,
    /// No colours.
    Letters,
}

impl Ink {
    /// Two pixels, one above the other, as fractions from −1 to 1 of the range.
    fn push(self, out: &mut String, upper: f32, lower: f32) {
        // Writing to a string cannot fail.
        let _ = match self {
            Self::TrueColour => {
                let (a, b) = (level(upper, 255), level(lower, 255));
                write!(out, "\x1b[38;2;{a};{a};{a};48;2;{b};{b};{b}m▀")
            }
            Self::Greys => write!(out, "\x1b[38;5;{};48;5;{}m▀", palette(upper), palette(lower)),
            Self::Letters => {
                let letters = ['=', '-', ' ', '+', '#'];
                write!(
                    out,
                    "{}",
                    letters[usize::from(level(f32::midpoint(upper, lower), 4))]
                )
            }
        };
    }

    /// Goes back to the terminal's own colours.
    fn reset(self) -> &'static str {
        if self == Self::Letters { "" } else { "\x1b[0m" }
    }
}

/// The steps of the scale from its negative to its positive end.
fn scale(ink: Ink) -> String {
    const STEPS: u8 = 15;
    let mut text = String::new();
    for step in 0..STEPS {
        let value = f32::from(step) / f32::from(STEPS - 1) * 2.0 - 1.0;
        ink.push(&mut text, value, value);
    }
    text + ink.reset()
}

/// A value from −1 to 1 as a whole number from 0 to `most`.
fn level(value: f32, most: u8) -> u8 {
    (value.clamp(-1.0, 1.0).midpoint(1.0) * f32::from(most)).round() as u8
}

/// Black, 24 greys and white, as the 256-colour palette numbers them.
fn palette(value: f32) -> u8 {
    match level(value, 25) {
        0 => 16,
        25 => 231,
        grey => 231 + grey,
    }
}

/// The pixels that are drawn, a patch's or means of them.
struct Picture {
    width: usize,
    gauss: Vec<f32>,
}

impl Picture {
    /// The whole patch in at most `widest` columns; a pixel that was not observed is drawn as no field.
    fn of(patch: &Patch, widest: usize) -> Self {
        let grid = patch.grid();
        let block = grid.width.div_ceil(widest.max(1));
        let (height, width) = (grid.height.div_ceil(block), grid.width.div_ceil(block));
        let mean = |y: usize, x: usize| {
            let rows = y * block..((y + 1) * block).min(grid.height);
            let columns = x * block..((x + 1) * block).min(grid.width);
            let pixels = rows.flat_map(|row| patch.gauss()[row * grid.width..][columns.clone()].iter());
            let observed: Vec<f32> = pixels.copied().filter(|gauss| gauss.is_finite()).collect();
            observed.iter().sum::<f32>() / observed.len().max(1) as f32
        };
        let gauss = (0..height)
            .flat_map(|y| (0..width).map(move |x| (y, x)))
            .map(|(y, x)| mean(y, x))
            .collect();
        Self { width, gauss }
    }

    /// Two rows of pixels a line; below an odd last row lies no field.
    fn text(&self, range: f32, ink: Ink) -> String {
        let mut text = String::new();
        for pair in self.gauss.chunks(2 * self.width) {
            let (upper, lower) = pair.split_at(self.width);
            let lower = lower.iter().chain(std::iter::repeat(&0.0));
            for (upper, lower) in upper.iter().zip(lower) {
                ink.push(&mut text, upper / range, lower / range);
            }
            text += ink.reset();
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use helioql::patch::Grid;

    use super::*;
    use crate::render::Format;

    fn patch(width: usize, gauss: Vec<f32>) -> Patch {
        let grid = Grid {
            height: gauss.len() / width,
            width,
            cell_mm: 2.0,
        };
        Patch::new(grid, gauss).expect("whole rows are given")
    }

    #[test]
    fn a_patch_is_drawn_with_its_scale() {
        let field = [100.0, 50.0, 0.0, -50.0, -100.0];
        let patch = patch(5, [field, field].concat());
        let mut out = Vec::new();
        draw(&patch, &View::new(Format::Table, false, false), &mut out).expect("a vector takes all");
        let text = String::from_utf8(out).expect("text");
        let expected = "#+ -=\n==----   ++++##  −100 … +100 G, 2×5 cells of 2 Mm (4 × 10 Mm)\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_half_block_holds_two_pixels() {
        let picture = Picture::of(&patch(1, vec![100.0, -100.0, f32::NAN]), 80);
        assert_eq!(
            picture.text(100.0, Ink::Greys),
            "\x1b[38;5;231;48;5;16m▀\x1b[0m\n\x1b[38;5;244;48;5;244m▀\x1b[0m\n"
        );
        let first = picture.text(100.0, Ink::TrueColour);
        assert!(
            first.starts_with("\x1b[38;2;255;255;255;48;2;0;0;0m▀"),
            "{first:?}"
        );
    }

    #[test]
    fn a_wide_patch_is_averaged_to_the_screen() {
        let picture = Picture::of(&patch(4, vec![1.0, 3.0, 5.0, f32::NAN, 1.0, 3.0, 5.0, 5.0]), 2);
        assert_eq!((picture.width, picture.gauss), (2, vec![2.0, 5.0]));
    }

    #[test]
    fn ranges_are_round_and_above_the_noise() {
        for (strength, expected) in [
            (0.0, "50"),
            (60.0, "60"),
            (130.0, "150"),
            (1400.0, "1500"),
            (f32::NAN, "50"),
        ] {
            let range = range_gauss(&patch(2, vec![strength, -strength]));
            assert_eq!(range.to_string(), expected, "{strength}");
        }
    }
}
