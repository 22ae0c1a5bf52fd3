//! Pictures of patches: signed grey scale, white positive and black negative, as magnetograms are printed.
//!
//! Only bytes are made here; where they go (a file, a terminal, a column) is for the callers. A pixel that
//! was not observed is drawn as no field, mid-grey.

pub mod captions;
pub mod plot;

use crate::patch::Patch;

/// How a contact sheet is laid out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sheet {
    /// Patches in a row; at least one.
    pub columns: usize,
    /// Field drawn as pure white, G; its negative is pure black.
    pub range_gauss: f32,
    /// Screen pixels along the side of a cell; at least one.
    pub zoom: usize,
    /// Whether the first patch is framed, as the query among its matches.
    pub frame_first: bool,
}

impl Default for Sheet {
    /// Five patches in a row at two screen pixels a cell, ±500 G, no frame.
    fn default() -> Self {
        Self {
            columns: 5,
            range_gauss: 500.0,
            zoom: 2,
            frame_first: false,
        }
    }
}

const GAP: usize = 2;
const BACKGROUND: [u8; 3] = [64, 64, 64];
const FRAME: [u8; 3] = [255, 140, 0];

/// One patch as an 8-bit grey PNG, a screen pixel a cell.
///
/// # Errors
/// Only if the patch is too large for the format.
///
/// # Examples
/// ```
/// use helioql::patch::{Grid, Patch};
///
/// let patch = Patch::new(Grid { height: 1, width: 3, cell_mm: 1.0 }, vec![-900.0, 0.0, 250.0])?;
/// let bytes = helioql::picture::png(&patch, 500.0)?;
/// assert_eq!(&bytes[1..4], b"PNG");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn png(patch: &Patch, range_gauss: f32) -> Result<Vec<u8>, png::EncodingError> {
    let grey: Vec<u8> = patch.gauss().iter().map(|&b| shade(b, range_gauss)).collect();
    encode(
        patch.grid().width,
        patch.grid().height,
        png::ColorType::Grayscale,
        &grey,
    )
}

/// Several patches on one PNG, row by row, with thin gaps; patches of other sizes are centred on their place.
///
/// # Errors
/// If there is no patch, or the sheet is too large for the format.
pub fn contact_sheet(patches: &[&Patch], sheet: Sheet) -> Result<Vec<u8>, png::EncodingError> {
    let tiles: Vec<captions::Tile<'_>> = patches
        .iter()
        .map(|patch| captions::Tile {
            patch,
            caption: Vec::new(),
        })
        .collect();
    captions::captioned(&tiles, sheet, &[])
}

/// Grey level of a field: 0 at −range, 128 at zero, 255 at +range.
fn shade(gauss: f32, range_gauss: f32) -> u8 {
    let level = gauss / range_gauss;
    if level.is_nan() {
        128
    } else {
        (127.5 + 127.5 * level.clamp(-1.0, 1.0)).round() as u8
    }
}

struct Canvas {
    width: usize,
    rgb: Vec<u8>,
}

impl Canvas {
    fn fill(&mut self, (top, left): (usize, usize), (height, width): (usize, usize), colour: [u8; 3]) {
        for row in self.rgb.chunks_exact_mut(self.width * 3).skip(top).take(height) {
            for pixel in row.chunks_exact_mut(3).skip(left).take(width) {
                pixel.copy_from_slice(&colour);
            }
        }
    }
}

fn encode(
    width: usize,
    height: usize,
    colour: png::ColorType,
    data: &[u8],
) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    // A size beyond u32 is left to the encoder's own check of the data's length.
    let side = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let mut encoder = png::Encoder::new(&mut bytes, side(width), side(height));
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(data)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patch::Grid;

    fn decode(bytes: &[u8]) -> (u32, u32, Vec<u8>) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
            .read_info()
            .expect("the bytes are a PNG");
        let mut data = vec![0; reader.output_buffer_size().expect("the picture is small")];
        let frame = reader.next_frame(&mut data).expect("the PNG holds a picture");
        (frame.width, frame.height, data)
    }

    fn patch(width: usize, gauss: Vec<f32>) -> Patch {
        let grid = Grid {
            height: gauss.len() / width,
            width,
            cell_mm: 1.0,
        };
        Patch::new(grid, gauss).expect("whole rows are given")
    }

    #[test]
    fn shades_are_symmetric_and_clipped() {
        let row = patch(5, vec![-900.0, -500.0, 0.0, 500.0, f32::NAN]);
        let bytes = png(&row, 500.0).expect("five pixels fit");
        assert_eq!(decode(&bytes), (5, 1, vec![0, 0, 128, 255, 128]));
    }

    #[test]
    fn a_sheet_has_gaps_and_a_frame() {
        let (white, black) = (patch(1, vec![500.0]), patch(1, vec![-500.0]));
        let sheet = Sheet {
            columns: 2,
            zoom: 1,
            frame_first: true,
            ..Sheet::default()
        };
        let bytes = contact_sheet(&[&white, &black], sheet).expect("two patches fit");
        let (width, height, rgb) = decode(&bytes);
        assert_eq!((width, height), (8, 5));
        let pixel = |x: usize, y: usize| &rgb[(y * 8 + x) * 3..][..3];
        assert_eq!(pixel(2, 2), [255; 3]);
        assert_eq!(pixel(5, 2), [0; 3]);
        assert_eq!(pixel(0, 0), FRAME);
        assert_eq!(pixel(7, 4), BACKGROUND);
    }

    #[test]
    fn an_empty_sheet_is_an_error() {
        assert!(contact_sheet(&[], Sheet::default()).is_err());
    }
}
