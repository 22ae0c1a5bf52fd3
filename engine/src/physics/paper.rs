//! The quantities of arXiv:2502.05351 as its authors' code computes them, so that its table can be reproduced.
//!
//! They are numbers of an image and not of the Sun: the patch is clipped at ±1000 G and divided by that, what was not
//! observed counts as 0, and the whole of it is squashed to 128 × 128 pixels s, whatever its shape (bilinear with
//! anti-aliasing: each pixel is a mean under a triangle two pixels wide). Strong is |s| > 0.15. Coordinates count
//! pixels, x to the west and y to the north, as in a FITS image. The true-scale quantities of the same ideas are
//! those of [`measure`](super::measure).

use crate::patch::Patch;

/// Side of the squashed image in pixels.
const SIDE: usize = 128;

/// Field at s = 1, in Gauss.
const CLIP_GAUSS: f32 = 1000.0;

/// |s| above which a pixel is strong.
const STRONG: f64 = 0.15;

/// Half of the square of 7 × 7 pixels by which a polarity is widened for R.
const REACH: usize = 3;

/// The paper's quantities. All but the first three are NaN where either strong polarity is missing; the authors' code
/// leaves such patches out altogether. Where nothing was observed, all are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PaperQuantities {
    /// Total unsigned flux: the mean of |s|.
    pub tuf: f64,
    /// Total positive flux: the mean of s where s > 0, NaN where there is none.
    pub tpf: f64,
    /// Total negative flux: the mean of |s| where s < 0, NaN where there is none.
    pub tnf: f64,
    /// Polarity separation: distance of the centroids of s over the strong pixels of each sign, as part of the
    /// diagonal.
    pub psep: f64,
    /// asin((y⁻ − y⁺)/distance) of these centroids, rad.
    pub tilt: f64,
    /// Excess flux: the sum of s over the strong pixels.
    pub eflux: f64,
    /// Part of the pixels that are strong.
    pub area: f64,
    /// Leading polarity: x⁺ − x⁻ of the centroids, pixels.
    pub lp: f64,
    /// Sum of |s| where both strong polarities lie within 3 pixels, along rows and columns.
    pub r: f64,
}

impl PaperQuantities {
    /// Names of the quantities in the keyword registry, in the order of [`values`](Self::values).
    pub const NAMES: [&'static str; 9] = [
        "paper_tuf",
        "paper_tpf",
        "paper_tnf",
        "paper_psep",
        "paper_tilt",
        "paper_eflux",
        "paper_area",
        "paper_lp",
        "paper_r",
    ];

    /// The quantities in the order of [`NAMES`](Self::NAMES).
    pub fn values(&self) -> [f64; 9] {
        [
            self.tuf, self.tpf, self.tnf, self.psep, self.tilt, self.eflux, self.area, self.lp, self.r,
        ]
    }

    /// The quantity of that name (NaN where the patch does not have it), or `None` for an unknown name.
    pub fn get(&self, name: &str) -> Option<f64> {
        let index = Self::NAMES.iter().position(|&known| known == name)?;
        Some(self.values()[index])
    }
}

/// Measures the paper's quantities.
///
/// # Examples
/// ```
/// use helioql::patch::{Grid, Patch};
/// use helioql::physics::paper;
///
/// // Half the image is +500 G and half −250 G: centroids half an image apart, one above the other.
/// let patch = Patch::new(Grid { height: 128, width: 128, cell_mm: 1.54 },
///     (0..128 * 128).map(|i| if i < 64 * 128 { 500.0 } else { -250.0 }).collect())?;
/// let found = paper::measure(&patch);
/// assert_eq!((found.tuf, found.tpf, found.tnf, found.area), (0.375, 0.5, 0.25, 1.0));
/// assert!((found.psep - 0.5 / 2f64.sqrt()).abs() < 1e-12);
/// assert!((found.tilt + std::f64::consts::FRAC_PI_2).abs() < 1e-6);
/// # Ok::<(), helioql::patch::Error>(())
/// ```
pub fn measure(patch: &Patch) -> PaperQuantities {
    let s = if patch.gauss().iter().any(|b| b.is_finite()) {
        squashed(patch)
    } else {
        // Means over no pixels are NaN.
        Vec::new()
    };
    let pixels = s.len() as f64;
    let mean = |sign: f64| {
        let of_sign = || s.iter().map(|s| s * sign).filter(|s| *s > 0.0);
        of_sign().sum::<f64>() / of_sign().count() as f64
    };
    let mut quantities = PaperQuantities {
        tuf: s.iter().map(|s| s.abs()).sum::<f64>() / pixels,
        tpf: mean(1.0),
        tnf: mean(-1.0),
        psep: f64::NAN,
        tilt: f64::NAN,
        eflux: f64::NAN,
        area: f64::NAN,
        lp: f64::NAN,
        r: f64::NAN,
    };
    let (positive, negative) = (Strong::new(&s, 1.0), Strong::new(&s, -1.0));
    if let (Some(plus), Some(minus)) = (positive.centroid(&s), negative.centroid(&s)) {
        let distance = (plus.0 - minus.0).hypot(plus.1 - minus.1);
        let side = SIDE as f64;
        quantities.psep = distance / (side * 2_f64.sqrt());
        quantities.tilt = ((minus.1 - plus.1) / distance).asin();
        quantities.eflux = positive.sum(&s) + negative.sum(&s);
        quantities.area = (positive.count() + negative.count()) as f64 / pixels;
        quantities.lp = plus.0 - minus.0;
        let (near_plus, near_minus) = (positive.widened(), negative.widened());
        let near = near_plus.iter().zip(&near_minus).zip(&s);
        // The sum of nothing is −0.
        quantities.r = 0.0
            + near
                .filter(|((p, n), _)| **p && **n)
                .map(|(_, s)| s.abs())
                .sum::<f64>();
    }
    quantities
}

/// The strong pixels of one sign.
struct Strong(Vec<bool>);

impl Strong {
    fn new(s: &[f64], sign: f64) -> Self {
        Self(s.iter().map(|s| s * sign > STRONG).collect())
    }

    fn count(&self) -> usize {
        self.0.iter().filter(|strong| **strong).count()
    }

    fn sum(&self, s: &[f64]) -> f64 {
        s.iter()
            .zip(&self.0)
            .filter(|(_, strong)| **strong)
            .map(|(s, _)| s)
            .sum()
    }

    /// The centroid (x, y) of s, or `None` without strong pixels.
    fn centroid(&self, s: &[f64]) -> Option<(f64, f64)> {
        let (mut sum, mut x, mut y) = (0.0, 0.0, 0.0);
        for (i, s) in s.iter().enumerate().filter(|(i, _)| self.0[*i]) {
            sum += s;
            x += s * (i % SIDE) as f64;
            // The first row is the northern one.
            y += s * (SIDE - 1 - i / SIDE) as f64;
        }
        (sum != 0.0).then(|| (x / sum, y / sum))
    }

    /// All pixels within reach, along rows and columns, of a strong one.
    fn widened(&self) -> Vec<bool> {
        let along_rows = |mask: &[bool]| -> Vec<bool> {
            let near = |row: &[bool], x: usize| {
                row[x.saturating_sub(REACH)..SIDE.min(x + REACH + 1)].contains(&true)
            };
            mask.chunks_exact(SIDE)
                .flat_map(|row| (0..SIDE).map(move |x| near(row, x)))
                .collect()
        };
        let rows = along_rows(&self.0);
        transposed(&along_rows(&transposed(&rows, SIDE, SIDE)), SIDE, SIDE)
    }
}

/// The image s.
fn squashed(patch: &Patch) -> Vec<f64> {
    let (height, width) = (patch.grid().height, patch.grid().width);
    let s: Vec<f64> = patch
        .gauss()
        .iter()
        .map(|b| {
            f64::from(if b.is_nan() {
                0.0
            } else {
                b.clamp(-CLIP_GAUSS, CLIP_GAUSS) / CLIP_GAUSS
            })
        })
        .collect();
    // Columns first: then rows and columns change places, and what were the rows are columns.
    let narrow = transposed(&resized(&s, width), SIDE, height);
    transposed(&resized(&narrow, height), SIDE, SIDE)
}

/// Brings every row of `length` pixels to [`SIDE`], each a mean under a triangle whose half-width is the larger of
/// an old pixel and a new one.
fn resized(s: &[f64], length: usize) -> Vec<f64> {
    let step = length as f64 / SIDE as f64;
    let half = step.max(1.0);
    let windows: Vec<(usize, Vec<f64>)> = (0..SIDE)
        .map(|i| {
            let centre = step * (i as f64 + 0.5);
            let first = (centre - half + 0.5).max(0.0) as usize;
            let end = ((centre + half + 0.5) as usize).min(length);
            let weight = |j: usize| (1.0 - (j as f64 + 0.5 - centre).abs() / half).max(0.0);
            let sum: f64 = (first..end).map(weight).sum();
            (first, (first..end).map(|j| weight(j) / sum).collect())
        })
        .collect();
    let mean = |row: &[f64], (first, weights): &(usize, Vec<f64>)| -> f64 {
        weights.iter().zip(&row[*first..]).map(|(w, s)| w * s).sum()
    };
    s.chunks_exact(length)
        .flat_map(|row| windows.iter().map(move |window| mean(row, window)))
        .collect()
}

/// A matrix of `height` rows with rows and columns exchanged.
fn transposed<T: Copy>(s: &[T], width: usize, height: usize) -> Vec<T> {
    (0..width * height)
        .map(|i| s[i % height * width + i / height])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patch::{self, Grid};

    fn patch(height: usize, width: usize, gauss: Vec<f32>) -> Result<Patch, patch::Error> {
        let cell_mm = 1.0;
        Patch::new(
            Grid {
                height,
                width,
                cell_mm,
            },
            gauss,
        )
    }

    /// Two strong pixels at (x, y) from the north-west corner, with the field of each.
    fn two(plus: (usize, usize, f32), minus: (usize, usize, f32)) -> Result<PaperQuantities, patch::Error> {
        let mut gauss = vec![0.0; SIDE * SIDE];
        for (x, y, b) in [plus, minus] {
            gauss[y * SIDE + x] = b;
        }
        Ok(measure(&patch(SIDE, SIDE, gauss)?))
    }

    #[test]
    fn two_pixels_worked_by_hand() -> Result<(), patch::Error> {
        // 3 to the west and 4 to the south: 5 pixels apart.
        let found = two((20, 30, 500.0), (23, 34, -2000.0))?;
        let pixels = (SIDE * SIDE) as f64;
        let expected = [
            1.5 / pixels,
            0.5,
            1.0,
            5.0 / (128.0 * 2_f64.sqrt()),
            (-0.8_f64).asin(),
            -0.5,
            2.0 / pixels,
            -3.0,
            // Widened by 3 pixels, neither reaches the other.
            0.0,
        ];
        for ((name, found), expected) in PaperQuantities::NAMES.iter().zip(found.values()).zip(expected) {
            assert!(
                (found - expected).abs() < 1e-12,
                "{name}: {found}, expected {expected}"
            );
        }
        // Three pixels apart along both axes, each lies in the other's square.
        assert!((two((20, 30, 500.0), (23, 33, -2000.0))?.r - 1.5).abs() < 1e-12);
        Ok(())
    }

    #[test]
    fn one_polarity_has_no_separation() -> Result<(), patch::Error> {
        let found = two((1, 1, 500.0), (2, 2, -100.0))?;
        assert!(found.psep.is_nan() && found.r.is_nan() && found.area.is_nan());
        assert!(
            (found.tnf - 0.1).abs() < 1e-7,
            "a weak pixel counts for TNF: {}",
            found.tnf
        );
        Ok(())
    }

    #[test]
    fn resizing_is_torchs() {
        // torch 2.5.1, interpolate(mode='bilinear', antialias=True) of one row to 128 pixels: the first, a middle
        // and the last.
        let row = |length: usize| (0..length).map(|i| (i * i % 7) as f64).collect::<Vec<_>>();
        for (length, expected) in REFERENCE {
            let found = resized(&row(length), length);
            for (at, expected) in [0, 63, 127].into_iter().zip(expected) {
                // The reference is in single precision.
                assert!(
                    (found[at] - expected).abs() < 2e-6,
                    "{length} at {at}: {}",
                    found[at]
                );
            }
        }
    }

    /// Length of the row, and the pixels 0, 63 and 127 of the result.
    const REFERENCE: [(usize, [f64; 3]); 3] = [
        (256, [1.0, 1.0, 2.714_286]),
        (377, [1.60819, 2.387_838, 2.748_231]),
        (50, [0.0, 2.0, 0.0]),
    ];

    #[test]
    fn shape_and_gaps_do_not_matter() -> Result<(), patch::Error> {
        // A field of one value stays one value on any grid; what was not observed is a field of zero.
        let found = measure(&patch(40, 300, vec![300.0; 12_000])?);
        assert!(
            (found.tuf - 0.3).abs() < 1e-7 && (found.tpf - 0.3).abs() < 1e-7,
            "{found:?}"
        );
        let unobserved = measure(&patch(5, 5, vec![f32::NAN; 25])?);
        assert!(unobserved.values().iter().all(|v| v.is_nan()), "{unobserved:?}");
        Ok(())
    }
}
