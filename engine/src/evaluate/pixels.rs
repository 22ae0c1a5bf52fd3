//! Patches as plain images: on a grid, clipped, on the scale of the networks.

use crate::{
    generator::scale::Scale,
    nn::Result,
    patch::{Grid, Patch},
};

/// The pixels of each patch on `grid`, sign(B) √(|B| / clip).
pub(super) fn images(patches: &[Patch], grid: Grid, clip_gauss: f32) -> Result<Vec<Vec<f32>>> {
    let image = |patch: &Patch| -> Result<Vec<f32>> {
        let patch = patch.to_grid(grid)?;
        Ok(patch
            .gauss()
            .iter()
            .map(|&b| Scale::SquareRoot.encode(b, clip_gauss))
            .collect())
    };
    patches.iter().map(image).collect()
}

/// The part of pixels with at least 0.98 of the clip: 250 of 255 G, where the 8-bit data end too.
pub(super) fn saturated(patches: &[Patch], clip_gauss: f32) -> Option<f64> {
    const NEARLY: f32 = 0.98;
    let pixels: usize = patches.iter().map(|patch| patch.gauss().len()).sum();
    let strong = |patch: &Patch| {
        patch
            .gauss()
            .iter()
            .filter(|b| b.abs() >= NEARLY * clip_gauss)
            .count()
    };
    let strong: usize = patches.iter().map(strong).sum();
    (pixels > 0).then(|| strong as f64 / pixels as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strong_pixels_of_either_sign_are_counted() -> Result<()> {
        let grid = Grid {
            height: 1,
            width: 4,
            cell_mm: 1.0,
        };
        let patch = Patch::new(grid, vec![-255.0, 250.0, 249.0, 0.0])?;
        assert_eq!(saturated(&[patch], 255.0), Some(0.5));
        assert_eq!(saturated(&[], 255.0), None);
        Ok(())
    }
}
