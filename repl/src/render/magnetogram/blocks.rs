//! A raster in characters: two pixels in each by half-blocks. Without colour, five characters stand for the
//! five steps of the scale.

use std::fmt::Write as _;

use super::{colours::Colours, raster::Raster};

/// How a value becomes characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// 24-bit colours.
    True(Colours),
    /// The 256-colour palette.
    Palette(Colours),
    /// No colours.
    Letters,
}

impl Ink {
    /// What the terminal has.
    pub(crate) fn of(colour: bool, colours: Colours) -> Self {
        let is_true =
            || std::env::var("COLORTERM").is_ok_and(|value| matches!(value.as_str(), "truecolor" | "24bit"));
        if !colour {
            Self::Letters
        } else if is_true() {
            Self::True(colours)
        } else {
            Self::Palette(colours)
        }
    }

    /// Two pixels, one above the other, as fractions from −1 to 1 of the range.
    fn push(self, out: &mut String, upper: f32, lower: f32) {
        // Writing to a string cannot fail.
        let _ = match self {
            Self::True(colours) => {
                let ([r, g, b], [r2, g2, b2]) = (colours.rgb(upper), colours.rgb(lower));
                write!(out, "\x1b[38;2;{r};{g};{b};48;2;{r2};{g2};{b2}m▀")
            }
            Self::Palette(colours) => {
                let (upper, lower) = (nearest(colours.rgb(upper)), nearest(colours.rgb(lower)));
                write!(out, "\x1b[38;5;{upper};48;5;{lower}m▀")
            }
            Self::Letters => {
                let letters = ['=', '-', ' ', '+', '#'];
                let mean = f32::midpoint(upper, lower).clamp(-1.0, 1.0);
                let step = (mean.midpoint(1.0) * (letters.len() - 1) as f32).round();
                write!(out, "{}", letters[step as usize])
            }
        };
    }

    /// Goes back to the terminal's own colours.
    fn reset(self) -> &'static str {
        if self == Self::Letters { "" } else { "\x1b[0m" }
    }
}

/// Two rows of pixels a line; below an odd last row lies no field.
pub(super) fn lines(raster: &Raster, ink: Ink) -> Vec<String> {
    let pairs = raster.values.chunks(2 * raster.width.max(1));
    let line = |pair: &[f32]| {
        let mut text = String::new();
        let (upper, lower) = pair.split_at(raster.width);
        let lower = lower.iter().chain(std::iter::repeat(&0.0));
        for (upper, lower) in upper.iter().zip(lower) {
            ink.push(&mut text, *upper, *lower);
        }
        text + ink.reset()
    };
    pairs.map(line).collect()
}

/// The steps of the scale from its negative to its positive end.
pub(super) fn scale(ink: Ink) -> String {
    const STEPS: u8 = 15;
    let mut text = String::new();
    for step in 0..STEPS {
        let value = f32::from(step) / f32::from(STEPS - 1) * 2.0 - 1.0;
        ink.push(&mut text, value, value);
    }
    text + ink.reset()
}

/// The colour of the 256 that is nearest: a grey where there is none in it, else one of the cube of six levels.
fn nearest([red, green, blue]: [u8; 3]) -> u8 {
    if red == green && green == blue {
        // Black, 24 greys and white.
        return match (u16::from(red) * 25 + 127) / 255 {
            0 => 16,
            25 => 231,
            grey => 231 + grey as u8,
        };
    }
    let level = |part: u8| match part {
        0..48 => 0,
        48..115 => 1,
        _ => (part - 35) / 40,
    };
    16 + 36 * level(red) + 6 * level(green) + level(blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_block_holds_two_pixels() {
        let raster = Raster {
            height: 3,
            width: 1,
            values: vec![1.0, -1.0, 0.0],
        };
        assert_eq!(
            lines(&raster, Ink::Palette(Colours::Grey)),
            [
                "\x1b[38;5;231;48;5;16m▀\x1b[0m",
                "\x1b[38;5;244;48;5;244m▀\x1b[0m"
            ]
        );
        let first = &lines(&raster, Ink::True(Colours::Grey))[0];
        assert!(
            first.starts_with("\x1b[38;2;255;255;255;48;2;0;0;0m▀"),
            "{first:?}"
        );
        assert_eq!(lines(&raster, Ink::Letters), [" ", " "]);
    }

    #[test]
    fn colours_find_their_neighbours() {
        for (rgb, expected) in [
            ([0; 3], 16),
            ([255; 3], 231),
            ([128; 3], 244),
            ([255, 0, 0], 196),
            ([0, 0, 135], 18),
        ] {
            assert_eq!(nearest(rgb), expected, "{rgb:?}");
        }
    }
}
