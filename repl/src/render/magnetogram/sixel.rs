//! Sixel graphics of the VT340: bands of six lines, in which each colour draws its pixels in turn, one
//! character for six pixels below one another. The palette is the colour map, so nothing has to be guessed.

use std::fmt::Write as _;

use super::{
    colours::{Colours, LEVELS},
    raster::Raster,
};

/// Lines of pixels in a band.
const BAND: usize = 6;
/// The character of no pixel; that of the topmost is one more, of the next two more, then four, …
const EMPTY: u8 = b'?';

/// The picture; the cursor stands at the start of the line below.
pub(super) fn write(raster: &Raster, colours: Colours) -> String {
    let levels: Vec<u8> = raster.values.iter().map(|value| Colours::level(*value)).collect();
    // Pixels are square, and those that nothing is said of keep the colour of the screen.
    let mut out = format!("\x1bP0;1q\"1;1;{};{}", raster.width, raster.height);
    for (level, rgb) in colours.palette().enumerate() {
        if levels.contains(&(level as u8)) {
            let [red, green, blue] = rgb.map(|part| (u16::from(part) * 100 + 127) / 255);
            // Writing to a string cannot fail.
            let _ = write!(out, "#{level};2;{red};{green};{blue}");
        }
    }
    for band in levels.chunks(BAND * raster.width.max(1)) {
        for level in (0..LEVELS).filter(|level| band.contains(level)) {
            let _ = write!(out, "#{level}");
            let sixels = (0..raster.width).map(|x| {
                let column = band.iter().skip(x).step_by(raster.width);
                let bits = column.enumerate().filter(|(_, pixel)| **pixel == level);
                EMPTY + bits.fold(0, |bits, (y, _)| bits | 1 << y)
            });
            repeated(sixels, &mut out);
            // Back to the start of the band.
            out.push('$');
        }
        out.push('-');
    }
    out.push_str("\x1b\\\n");
    out
}

/// Characters with runs written as `!count`.
fn repeated(sixels: impl Iterator<Item = u8>, out: &mut String) {
    let mut sixels = sixels.peekable();
    while let Some(sixel) = sixels.next() {
        let mut count = 1;
        while sixels.next_if_eq(&sixel).is_some() {
            count += 1;
        }
        let letter = char::from(sixel);
        if count > 3 {
            let _ = write!(out, "!{count}{letter}");
        } else {
            out.extend(std::iter::repeat_n(letter, count));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws what a terminal would: the level of every pixel.
    fn drawn(text: &str, width: usize, height: usize) -> Vec<Option<u8>> {
        let body = text.strip_prefix("\x1bP0;1q").expect("the start");
        let body = body.strip_suffix("\x1b\\\n").expect("the end");
        let mut pixels = vec![None; width * height];
        let (mut x, mut top, mut level, mut count) = (0, 0, 0, 1);
        let mut letters = body.chars().peekable();
        let number = |letters: &mut std::iter::Peekable<std::str::Chars<'_>>| {
            let mut number = 0;
            while let Some(digit) = letters.peek().and_then(|letter| letter.to_digit(10)) {
                number = number * 10 + digit as usize;
                letters.next();
            }
            number
        };
        while let Some(letter) = letters.next() {
            match letter {
                '"' => {
                    while letters
                        .next_if(|letter| letter.is_ascii_digit() || *letter == ';')
                        .is_some()
                    {}
                }
                '#' => {
                    let named = number(&mut letters) as u8;
                    if letters.peek() == Some(&';') {
                        while letters
                            .next_if(|letter| letter.is_ascii_digit() || *letter == ';')
                            .is_some()
                        {}
                    } else {
                        level = named;
                    }
                }
                '!' => count = number(&mut letters),
                '$' => x = 0,
                '-' => {
                    x = 0;
                    top += BAND;
                }
                sixel => {
                    let bits = sixel as u8 - EMPTY;
                    for _ in 0..std::mem::replace(&mut count, 1) {
                        for y in (0..BAND).filter(|y| bits & 1 << y != 0) {
                            pixels[(top + y) * width + x] = Some(level);
                        }
                        x += 1;
                    }
                }
            }
        }
        pixels
    }

    #[test]
    fn a_terminal_draws_every_pixel() {
        let (width, height) = (17, 13);
        let values: Vec<f32> = (0..width * height)
            .map(|pixel| (pixel / 5) as f32 / 22.0 - 1.0)
            .collect();
        let expected: Vec<Option<u8>> = values.iter().map(|value| Some(Colours::level(*value))).collect();
        let raster = Raster {
            height,
            width,
            values,
        };
        let text = write(&raster, Colours::Hmi);
        assert_eq!(drawn(&text, width, height), expected);
    }

    #[test]
    fn runs_are_short() {
        let raster = Raster {
            height: 6,
            width: 100,
            values: vec![1.0; 600],
        };
        let text = write(&raster, Colours::Grey);
        assert_eq!(text, "\x1bP0;1q\"1;1;100;6#254;2;100;100;100#254!100~$-\x1b\\\n");
    }
}
