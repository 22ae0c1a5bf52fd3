//! Line plots, plain: panels with a frame, ticks, and coloured lines named above it. Small enough to be our own, so
//! that a figure needs no other program.

use super::{Canvas, encode};

/// A line with its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Its name, in the letters A to Z, digits and spaces; small letters are drawn large.
    pub name: &'static str,
    /// Red, green and blue.
    pub colour: [u8; 3],
    /// x and y; points that are not finite are left out.
    pub points: Vec<(f64, f64)>,
}

/// One frame with its lines.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// What stands above it.
    pub title: String,
    /// The lines, the last on top.
    pub lines: Vec<Line>,
}

pub(super) const WIDTH: usize = 360;
pub(super) const HEIGHT: usize = 260;
/// The frame's distances from the panel's left, top, right and bottom.
const MARGINS: [usize; 4] = [56, 40, 16, 24];
/// What an axis of values covers at least, as a part of the largest of them.
const LEAST_SPAN: f64 = 0.1;
/// Screen pixels of a dot of a letter, and of a letter with the gap behind it.
const DOT: usize = 2;
pub(super) const LETTER: usize = 4 * DOT;
pub(super) const WHITE: [u8; 3] = [255; 3];
const INK: [u8; 3] = [40; 3];
const GRID: [u8; 3] = [225; 3];

/// Panels on one PNG, `columns` in a row.
///
/// # Errors
/// If there is no panel, or the picture is too large for the format.
///
/// # Examples
/// ```
/// use helioql::picture::plot::{Line, Panel, plot};
///
/// let points = vec![(0.0, 0.0), (1.0, 1.0)];
/// let line = Line { name: "rising", colour: [200, 0, 0], points };
/// let bytes = plot(&[Panel { title: "one line".to_owned(), lines: vec![line] }], 1)?;
/// assert_eq!(&bytes[1..4], b"PNG");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn plot(panels: &[Panel], columns: usize) -> Result<Vec<u8>, png::EncodingError> {
    let columns = columns.clamp(1, panels.len().max(1));
    let (width, height) = (columns * WIDTH, panels.len().div_ceil(columns) * HEIGHT);
    if panels.is_empty() {
        return encode(0, 0, png::ColorType::Rgb, &[]);
    }
    let mut canvas = Canvas {
        width,
        rgb: WHITE.repeat(width * height),
    };
    for (at, panel) in panels.iter().enumerate() {
        draw(&mut canvas, (at / columns * HEIGHT, at % columns * WIDTH), panel);
    }
    encode(width, height, png::ColorType::Rgb, &canvas.rgb)
}

pub(super) fn draw(canvas: &mut Canvas, (top, left): (usize, usize), panel: &Panel) {
    let [before, above, after, below] = MARGINS;
    let (wide, tall) = (WIDTH - before - after, HEIGHT - above - below);
    let (frame_top, frame_left) = (top + above, left + before);
    let points = || panel.lines.iter().flat_map(|line| &line.points);
    let (across, up) = (
        Axis::of(points().map(|point| point.0)),
        Axis::of(points().map(|point| point.1)).no_finer(),
    );
    let place = |x: f64, y: f64| {
        let right = across.part(x) * (wide - 1) as f64;
        let down = (1.0 - up.part(y)) * (tall - 1) as f64;
        (
            frame_top + down.round() as usize,
            frame_left + right.round() as usize,
        )
    };

    for tick in across.ticks() {
        let (_, at) = place(tick, up.low);
        canvas.fill((frame_top, at), (tall, 1), GRID);
        let text = across.label(tick);
        let start = at.saturating_sub(text.len() * LETTER / 2);
        write(canvas, (frame_top + tall + 6, start), &text, INK);
    }
    for tick in up.ticks() {
        let (at, _) = place(across.low, tick);
        canvas.fill((at, frame_left), (1, wide), GRID);
        let text = up.label(tick);
        let start = frame_left.saturating_sub(text.len() * LETTER + 4);
        write(canvas, (at.saturating_sub(2 * DOT), start), &text, INK);
    }
    for (corner, size) in [
        ((frame_top, frame_left), (1, wide)),
        ((frame_top + tall - 1, frame_left), (1, wide)),
        ((frame_top, frame_left), (tall, 1)),
        ((frame_top, frame_left + wide - 1), (tall, 1)),
    ] {
        canvas.fill(corner, size, INK);
    }

    write(canvas, (top + 6, frame_left), &panel.title, INK);
    let mut at = frame_left;
    for line in &panel.lines {
        write(canvas, (top + 24, at), line.name, line.colour);
        at += (line.name.len() + 2) * LETTER;
        let finite = line.points.iter().filter(|(x, y)| x.is_finite() && y.is_finite());
        let places: Vec<_> = finite.map(|&(x, y)| place(x, y)).collect();
        for ends in places.windows(2) {
            stroke(canvas, ends[0], ends[1], line.colour);
        }
    }
}

/// The range of an axis and the distance of its ticks.
struct Axis {
    low: f64,
    high: f64,
    step: f64,
}

impl Axis {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let finite = values.filter(|value| value.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        match high - low {
            range if range > 0.0 => Self::between(low, high),
            0.0 => Self::between(low - 0.5, high + 0.5),
            _ => Self::between(0.0, 1.0),
        }
    }

    /// The axis, or one around its middle that covers [`LEAST_SPAN`] of its largest value: what drifts by a percent
    /// shall not look as if it ran from one end to the other.
    fn no_finer(self) -> Self {
        let least = LEAST_SPAN * self.low.abs().max(self.high.abs());
        if self.high - self.low >= least {
            return self;
        }
        let middle = f64::midpoint(self.low, self.high);
        Self::between(middle - least / 2.0, middle + least / 2.0)
    }

    fn between(low: f64, high: f64) -> Self {
        // The largest of 1, 2 and 5 times a power of ten that gives at least four steps.
        let rough = (high - low) / 4.0;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [5.0, 2.0, 1.0].map(|times| times * power);
        let step = step.into_iter().find(|step| *step <= rough).unwrap_or(power);
        Self { low, high, step }
    }

    fn part(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    fn ticks(&self) -> Vec<f64> {
        let (first, last) = ((self.low / self.step).ceil(), (self.high / self.step).floor());
        let count = (last - first).max(0.0) as usize;
        (0..=count).map(|i| (first + i as f64) * self.step).collect()
    }

    fn label(&self, tick: f64) -> String {
        let digits = usize::try_from(-(self.step.log10().floor() as i32)).unwrap_or(0);
        // A sum of steps may end a hair below zero.
        let tick = if tick.abs() < self.step / 2.0 { 0.0 } else { tick };
        format!("{tick:.digits$}")
    }
}

/// A straight line, two pixels wide.
fn stroke(canvas: &mut Canvas, from: (usize, usize), to: (usize, usize), colour: [u8; 3]) {
    let steps = from.0.abs_diff(to.0).max(from.1.abs_diff(to.1)).max(1);
    let between = |a: usize, b: usize, at: usize| {
        let part = at as f64 / steps as f64;
        (a as f64 + (b as f64 - a as f64) * part).round() as usize
    };
    for at in 0..=steps {
        canvas.fill(
            (between(from.0, to.0, at), between(from.1, to.1, at)),
            (2, 2),
            colour,
        );
    }
}

/// Text with its top left corner at a place; a letter without a drawing is a gap.
pub(super) fn write(canvas: &mut Canvas, (top, left): (usize, usize), text: &str, colour: [u8; 3]) {
    for (at, letter) in text.chars().enumerate() {
        for (y, row) in glyph(letter.to_ascii_uppercase()).into_iter().enumerate() {
            for x in 0..3 {
                if row & (4 >> x) != 0 {
                    let place = (top + y * DOT, left + at * LETTER + x * DOT);
                    canvas.fill(place, (DOT, DOT), colour);
                }
            }
        }
    }
}

/// Five rows of three dots, the left one of weight 4.
fn glyph(letter: char) -> [u8; 5] {
    match letter {
        '0' => [7, 5, 5, 5, 7],
        '1' => [2, 6, 2, 2, 7],
        '2' => [7, 1, 7, 4, 7],
        '3' => [7, 1, 7, 1, 7],
        '4' => [5, 5, 7, 1, 1],
        '5' => [7, 4, 7, 1, 7],
        '6' => [7, 4, 7, 5, 7],
        '7' => [7, 1, 1, 1, 1],
        '8' => [7, 5, 7, 5, 7],
        '9' => [7, 5, 7, 1, 7],
        'A' => [2, 5, 7, 5, 5],
        'B' => [6, 5, 6, 5, 6],
        'C' => [3, 4, 4, 4, 3],
        'D' => [6, 5, 5, 5, 6],
        'E' => [7, 4, 6, 4, 7],
        'F' => [7, 4, 6, 4, 4],
        'G' => [3, 4, 5, 5, 3],
        'H' => [5, 5, 7, 5, 5],
        'I' => [7, 2, 2, 2, 7],
        'J' => [1, 1, 1, 5, 2],
        'K' => [5, 5, 6, 5, 5],
        'L' => [4, 4, 4, 4, 7],
        'M' => [5, 7, 7, 5, 5],
        'N' => [6, 5, 5, 5, 5],
        'O' => [2, 5, 5, 5, 2],
        'P' => [6, 5, 6, 4, 4],
        'Q' => [2, 5, 5, 6, 3],
        'R' => [6, 5, 6, 5, 5],
        'S' => [3, 4, 2, 1, 6],
        'T' => [7, 2, 2, 2, 2],
        'U' => [5, 5, 5, 5, 7],
        'V' => [5, 5, 5, 5, 2],
        'W' => [5, 5, 7, 7, 5],
        'X' => [5, 5, 2, 5, 5],
        'Y' => [5, 5, 2, 2, 2],
        'Z' => [7, 1, 2, 4, 7],
        '.' => [0, 0, 0, 0, 2],
        '-' => [0, 0, 7, 0, 0],
        '+' => [0, 2, 7, 2, 0],
        ':' => [0, 2, 0, 2, 0],
        '%' => [5, 1, 2, 4, 5],
        '=' => [0, 7, 0, 7, 0],
        '_' => [0, 0, 0, 0, 7],
        '/' => [1, 1, 2, 4, 4],
        '(' => [1, 2, 2, 2, 1],
        ')' => [4, 2, 2, 2, 4],
        _ => [0; 5],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers() {
        let axis = Axis::of([-0.3, 1.0].into_iter());
        let labels: Vec<_> = axis.ticks().into_iter().map(|tick| axis.label(tick)).collect();
        assert_eq!(labels, ["-0.2", "0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        let axis = Axis::of([3.0, 98.0, f64::NAN].into_iter());
        let labels: Vec<_> = axis.ticks().into_iter().map(|tick| axis.label(tick)).collect();
        assert_eq!(labels, ["20", "40", "60", "80"]);
        assert_eq!(Axis::of(std::iter::empty()).ticks().len(), 6, "0 to 1 in fifths");
    }

    #[test]
    fn a_small_drift_looks_small() {
        let held = Axis::of([61.9, 61.4].into_iter()).no_finer();
        assert!((held.part(61.9) - held.part(61.4) - 0.5 / 6.19).abs() < 1e-12);
        assert!((held.part(61.65) - 0.5).abs() < 1e-12);
        let moved = Axis::of([2.0, 3.0].into_iter()).no_finer();
        assert_eq!((moved.part(2.0), moved.part(3.0)), (0.0, 1.0));
    }

    #[test]
    fn a_line_ends_where_its_points_are() -> Result<(), png::EncodingError> {
        let red = [200, 0, 0];
        let panel = Panel {
            title: String::new(),
            lines: vec![Line {
                name: "",
                colour: red,
                points: vec![(0.0, 0.0), (f64::NAN, 5.0), (2.0, 7.0)],
            }],
        };
        let mut canvas = Canvas {
            width: WIDTH,
            rgb: WHITE.repeat(WIDTH * HEIGHT),
        };
        draw(&mut canvas, (0, 0), &panel);
        let pixel = |y: usize, x: usize| &canvas.rgb[(y * WIDTH + x) * 3..][..3];
        let [before, above, after, below] = MARGINS;
        assert_eq!(pixel(HEIGHT - below - 1, before), red);
        assert_eq!(pixel(above, WIDTH - after - 1), red);
        assert_eq!(pixel(above + 5, before + 5), WHITE);
        assert!(plot(&[], 3).is_err());
        plot(&[panel.clone(), panel], 2).map(|_| ())
    }
}
