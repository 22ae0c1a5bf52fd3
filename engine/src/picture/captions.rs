//! Patches with words under them, and line plots below all of them: contact sheets of what was found, strips of
//! a path with its quantities.

use super::{
    BACKGROUND, Canvas, FRAME, GAP, Sheet, encode,
    plot::{self, Panel},
    shade,
};
use crate::patch::Patch;

/// A patch and what stands under it, a line each. Letters are as in [`Line`](super::plot::Line); what is wider
/// than the patch is cut off.
#[derive(Debug, Clone, PartialEq)]
pub struct Tile<'a> {
    /// The patch.
    pub patch: &'a Patch,
    /// The lines under it.
    pub caption: Vec<String>,
}

const INK: [u8; 3] = [235; 3];
/// Screen pixels from one line of a caption to the next.
const LINE: usize = 14;

/// Tiles row by row with thin gaps, then `panels` below them, on one PNG. Patches of other sizes are centred on
/// their place.
///
/// # Errors
/// If there is no tile, or the picture is too large for the format.
///
/// # Examples
/// ```
/// use helioql::{patch::{Grid, Patch}, picture::{Sheet, captions::{Tile, captioned}}};
///
/// let patch = Patch::new(Grid { height: 1, width: 3, cell_mm: 1.0 }, vec![-900.0, 0.0, 250.0])?;
/// let tile = Tile { patch: &patch, caption: vec!["harp 377".to_owned()] };
/// let bytes = captioned(&[tile], Sheet::default(), &[])?;
/// assert_eq!(&bytes[1..4], b"PNG");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn captioned(tiles: &[Tile<'_>], sheet: Sheet, panels: &[Panel]) -> Result<Vec<u8>, png::EncodingError> {
    if tiles.is_empty() {
        return encode(0, 0, png::ColorType::Rgb, &[]);
    }
    let (columns, zoom) = (sheet.columns.clamp(1, tiles.len()), sheet.zoom.max(1));
    let largest = |of: fn(&Tile<'_>) -> usize| tiles.iter().map(of).max().unwrap_or_default();
    let (tall, wide) = (
        largest(|tile| tile.patch.grid().height) * zoom,
        largest(|tile| tile.patch.grid().width) * zoom,
    );
    let words = largest(|tile| tile.caption.len()) * LINE;
    let (tile_height, tile_width) = (tall + words + GAP, wide + GAP);
    let (sheet_height, sheet_width) = (
        tiles.len().div_ceil(columns) * tile_height + GAP,
        columns * tile_width + GAP,
    );
    // At least one panel stands in a row, so a narrow sheet of tiles becomes wider.
    let width = if panels.is_empty() {
        sheet_width
    } else {
        sheet_width.max(plot::WIDTH)
    };
    let panel_columns = (width / plot::WIDTH).max(1);
    let height = sheet_height + panels.len().div_ceil(panel_columns) * plot::HEIGHT;

    let mut canvas = Canvas {
        width,
        rgb: BACKGROUND.repeat(height * width),
    };
    for (index, tile) in tiles.iter().enumerate() {
        let (top, left) = (index / columns * tile_height, index % columns * tile_width);
        if index == 0 && sheet.frame_first {
            canvas.fill((top, left), (tile_height + GAP, tile_width + GAP), FRAME);
            let inside = (tile_height - GAP, tile_width - GAP);
            canvas.fill((top + GAP, left + GAP), inside, BACKGROUND);
        }
        canvas.patch(
            tile.patch,
            (top + GAP, left + GAP),
            (tall, wide),
            zoom,
            sheet.range_gauss,
        );
        for (line, text) in tile.caption.iter().enumerate() {
            let fitting: String = text.chars().take((wide - GAP) / plot::LETTER).collect();
            let place = (top + GAP + tall + 4 + line * LINE, left + 2 * GAP);
            plot::write(&mut canvas, place, &fitting, INK);
        }
    }
    for (index, panel) in panels.iter().enumerate() {
        let place = (
            sheet_height + index / panel_columns * plot::HEIGHT,
            index % panel_columns * plot::WIDTH,
        );
        canvas.fill(place, (plot::HEIGHT, plot::WIDTH), plot::WHITE);
        plot::draw(&mut canvas, place, panel);
    }
    encode(width, height, png::ColorType::Rgb, &canvas.rgb)
}

impl Canvas {
    /// A patch in the middle of a place.
    fn patch(
        &mut self,
        patch: &Patch,
        (top, left): (usize, usize),
        (tall, wide): (usize, usize),
        zoom: usize,
        range_gauss: f32,
    ) {
        let (top, left) = (
            top + (tall - patch.grid().height * zoom) / 2,
            left + (wide - patch.grid().width * zoom) / 2,
        );
        for (y, row) in patch.rows().enumerate() {
            for (x, &gauss) in row.iter().enumerate() {
                let place = (top + y * zoom, left + x * zoom);
                self.fill(place, (zoom, zoom), [shade(gauss, range_gauss); 3]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{patch::Grid, picture::plot::Line};

    fn patch(height: usize, width: usize) -> Patch {
        let grid = Grid {
            height,
            width,
            cell_mm: 1.0,
        };
        Patch::new(grid, vec![500.0; height * width]).expect("whole rows are given")
    }

    fn size(bytes: &[u8]) -> (u32, u32) {
        let side = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        (side(16), side(20))
    }

    #[test]
    fn captions_and_panels_make_room_for_themselves() -> Result<(), png::EncodingError> {
        let (large, small) = (patch(40, 60), patch(20, 20));
        let tile = |patch, lines: usize| Tile {
            patch,
            caption: vec!["harp 377".to_owned(); lines],
        };
        let sheet = Sheet {
            zoom: 1,
            columns: 2,
            ..Sheet::default()
        };
        let plain = captioned(&[tile(&large, 0), tile(&small, 0)], sheet, &[])?;
        assert_eq!(size(&plain), (2 * 62 + 2, 42 + 2));
        let words = captioned(&[tile(&large, 2), tile(&small, 1)], sheet, &[])?;
        assert_eq!(size(&words), (126, 44 + 2 * LINE as u32));
        let panel = Panel {
            title: "usflux".to_owned(),
            lines: vec![Line {
                name: "",
                colour: [0; 3],
                points: vec![(0.0, 1.0), (1.0, 2.0)],
            }],
        };
        let panels = captioned(&[tile(&large, 0)], sheet, &[panel.clone(), panel])?;
        assert_eq!(size(&panels), (plot::WIDTH as u32, 44 + 2 * plot::HEIGHT as u32));
        assert!(captioned(&[], sheet, &[]).is_err());
        Ok(())
    }
}
