//! A raster as a PNG whose palette is the colour map, for the protocols that take PNGs.

use super::{colours::Colours, raster::Raster};
use crate::error::{Error, Result};

/// The picture's bytes.
///
/// # Errors
/// If the raster is too large for the format.
pub(super) fn encode(raster: &Raster, colours: Colours) -> Result<Vec<u8>> {
    let failed = |error: png::EncodingError| Error::command(format!("the picture cannot be made: {error}"));
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    let pixels: Vec<u8> = raster.values.iter().map(|value| Colours::level(*value)).collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side(raster.width), side(raster.height));
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(colours.palette().flatten().collect::<Vec<u8>>());
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}
