//! Mean horizontal gradients: `MEANGBT` of |B|, `MEANGBZ` of Bz and `MEANGBH` of Bh, in G/pixel, the mean of
//! √((∂f/∂x)² + (∂f/∂y)²); `MEANGBT_MM` and its like in G/Mm.
//!
//! JSOC's habits, kept: the catalogue's values are in G/pixel though its documents say G/Mm; a pixel where
//! the two derivatives add up to zero in single precision is left out, though its gradient need not be zero; the outermost pixels are left out.
//! The error of a pixel's gradient is that of its four neighbours, propagated.

use super::field::is_inside;
use super::{Measured, PixelScale, VectorField};

/// `MEANGBZ`, which the radial field alone gives; `shape` is its width and height.
pub fn vertical(br: &[f32], br_err: Option<&[f32]>, shape: (usize, usize), mask: &[usize]) -> Measured {
    let variance = |pixel: usize| br_err.map_or(f64::NAN, |errors| f64::from(errors[pixel]).powi(2));
    mean("meangbz", |pixel| br[pixel], variance, shape, mask)
}

/// `MEANGBT` and `MEANGBH`. JSOC keeps the strengths that it differentiates in single precision.
pub fn total_and_horizontal(field: &VectorField<'_>) -> [Measured; 2] {
    let (shape, mask) = ((field.width, field.height), &field.mask);
    let total = |pixel| field.total(pixel) as f32;
    let horizontal = |pixel| field.horizontal(pixel) as f32;
    [
        mean("meangbt", total, |pixel| field.total_variance(pixel), shape, mask),
        mean(
            "meangbh",
            horizontal,
            |pixel| field.horizontal_variance(pixel),
            shape,
            mask,
        ),
    ]
}

/// Those of the three that were found, in G/Mm.
pub fn per_mm(found: &[Measured], scale: PixelScale) -> Vec<Measured> {
    let names = [
        ("meangbt", "meangbt_mm"),
        ("meangbz", "meangbz_mm"),
        ("meangbh", "meangbh_mm"),
    ];
    let per_mm = |(per_pixel, name)| {
        let keyword = found.iter().find(|keyword| keyword.name == per_pixel)?;
        Some(Measured {
            name,
            value: keyword.value / scale.side_mm,
            error: keyword.error / scale.side_mm,
        })
    };
    names.into_iter().filter_map(per_mm).collect()
}

fn mean(
    name: &'static str,
    value: impl Fn(usize) -> f32,
    variance: impl Fn(usize) -> f64,
    (width, height): (usize, usize),
    mask: &[usize],
) -> Measured {
    let (mut sum, mut total_variance, mut count) = (0.0, 0.0, 0.0);
    for &pixel in mask.iter().filter(|&&pixel| is_inside(pixel, width, height)) {
        let (east, west, south, north) = (pixel - 1, pixel + 1, pixel - width, pixel + width);
        let along_x = 0.5 * (value(west) - value(east));
        let along_y = 0.5 * (value(north) - value(south));
        if along_x + along_y == 0.0 || !(along_x + along_y).is_finite() {
            continue;
        }
        let (x2, y2) = (f64::from(along_x).powi(2), f64::from(along_y).powi(2));
        sum += (x2 + y2).sqrt();
        // d√(x² + y²) = (x dx + y dy) / √(x² + y²), and dx = (df(west) − df(east)) / 2.
        total_variance += (x2 * (variance(west) + variance(east)) + y2 * (variance(north) + variance(south)))
            / (4.0 * (x2 + y2));
        count += 1.0;
    }
    Measured {
        name,
        value: sum / count,
        error: f64::sqrt(total_variance) / count,
    }
}
