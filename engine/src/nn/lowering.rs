//! Lowering of images to matrices: a convolution becomes one matrix product.
//!
//! `unfold` (im2col) writes, for each channel and kernel tap, the image as that tap sees it: a matrix of
//! channels·k² rows and one column per window position. `fold` (col2im) is its transpose: it adds the taps
//! back onto the image. Both work row by row on contiguous runs, because most layers here have stride 2 and
//! rows of 4–64 pixels, where index arithmetic per pixel would cost more than the product itself.

use std::ops::Range;

use super::scratch;

/// A square sliding window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Side in pixels.
    pub kernel: usize,
    /// Step between two positions, in pixels.
    pub stride: usize,
    /// Zeros added on each side of the image.
    pub padding: usize,
}

impl Window {
    /// Positions along an axis of `pixels` pixels: ⌊(n + 2p − k)/s⌋ + 1, or none when it does not fit.
    pub fn positions(self, pixels: usize) -> Option<usize> {
        let room = (pixels + 2 * self.padding).checked_sub(self.kernel)?;
        Some(room / self.stride + 1)
    }

    /// Pixels that a transposed convolution makes of `positions` positions: (n − 1)s + k − 2p.
    pub fn pixels(self, positions: usize) -> Option<usize> {
        (positions.checked_sub(1)? * self.stride + self.kernel).checked_sub(2 * self.padding)
    }

    /// The pixel that `tap` sees at `position`, if it lies in the image.
    fn pixel(self, position: usize, tap: usize, pixels: usize) -> Option<usize> {
        (position * self.stride + tap)
            .checked_sub(self.padding)
            .filter(|&p| p < pixels)
    }

    /// The positions, of `positions`, at which `tap` sees the image.
    fn inside(self, tap: usize, pixels: usize, positions: usize) -> Range<usize> {
        let first = self.padding.saturating_sub(tap).div_ceil(self.stride);
        let end = (pixels + self.padding)
            .saturating_sub(tap)
            .div_ceil(self.stride)
            .min(positions);
        first.min(end)..end
    }
}

/// Channels of height × width pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Planes {
    pub(super) channels: usize,
    pub(super) height: usize,
    pub(super) width: usize,
}

impl Planes {
    pub(super) fn area(self) -> usize {
        self.height * self.width
    }

    pub(super) fn len(self) -> usize {
        self.channels * self.area()
    }
}

/// Writes what each tap of the window sees: `columns` is (channels·k²) × (positions down · positions across).
pub(super) fn unfold(
    image: &[f32],
    planes: Planes,
    grid: (usize, usize),
    window: Window,
    columns: &mut [f32],
) {
    let Planes { height, width, .. } = planes;
    let (grid_height, grid_width) = grid;
    let mut taps = columns.chunks_exact_mut(grid_height * grid_width);
    for plane in image.chunks_exact(planes.area()) {
        for tap_y in 0..window.kernel {
            for (tap_x, tap) in (0..window.kernel).zip(&mut taps) {
                let seen = window.inside(tap_x, width, grid_width);
                let first = (seen.start * window.stride + tap_x).saturating_sub(window.padding);
                for (y, row) in tap.chunks_exact_mut(grid_width).enumerate() {
                    let Some(source) = window.pixel(y, tap_y, height) else {
                        row.fill(0.0);
                        continue;
                    };
                    row[..seen.start].fill(0.0);
                    row[seen.end..].fill(0.0);
                    if !seen.is_empty() {
                        let source = &plane[source * width + first..(source + 1) * width];
                        gather(source, window.stride, &mut row[seen.clone()]);
                    }
                }
            }
        }
    }
}

/// Every `stride`-th number of `source`.
fn gather(source: &[f32], stride: usize, out: &mut [f32]) {
    match stride {
        1 => out.copy_from_slice(&source[..out.len()]),
        2 => {
            // Whole pairs vectorise; the last number may have no partner.
            let (pairs, _) = source.as_chunks::<2>();
            let whole = pairs.len().min(out.len());
            for (o, pair) in out.iter_mut().zip(pairs) {
                *o = pair[0];
            }
            if let Some(last) = out.get_mut(whole) {
                *last = source[2 * whole];
            }
        }
        _ => {
            for (o, &value) in out.iter_mut().zip(source.iter().step_by(stride)) {
                *o = value;
            }
        }
    }
}

/// Adds the taps back: the transpose of [`unfold`]. Every pixel of `image` is written once.
pub(super) fn fold(columns: &[f32], planes: Planes, grid: (usize, usize), window: Window, image: &mut [f32]) {
    let Window {
        kernel,
        stride,
        padding,
    } = window;
    let (grid_height, grid_width) = grid;
    let area = grid_height * grid_width;
    let run = planes.width.div_ceil(stride);
    scratch::with(stride * run, |phases| {
        for (channel, plane) in image.chunks_exact_mut(planes.area()).enumerate() {
            let taps = &columns[channel * kernel * kernel * area..];
            for (y, row) in plane.chunks_exact_mut(planes.width).enumerate() {
                phases.fill(0.0);
                for tap_y in 0..kernel {
                    let Some(down) = (y + padding).checked_sub(tap_y) else {
                        continue;
                    };
                    if down % stride != 0 || down / stride >= grid_height {
                        continue;
                    }
                    let source = down / stride * grid_width;
                    for tap_x in 0..kernel {
                        // Tap x reaches the pixels x ≡ tap_x − padding (mod stride), a contiguous run of
                        // one phase.
                        let seen = window.inside(tap_x, planes.width, grid_width);
                        if seen.is_empty() {
                            continue;
                        }
                        let pixel = seen.start * stride + tap_x - padding;
                        let start = pixel % stride * run + pixel / stride;
                        let from = (tap_y * kernel + tap_x) * area + source;
                        let values = &taps[from + seen.start..from + seen.end];
                        for (sum, value) in phases[start..].iter_mut().zip(values) {
                            *sum += value;
                        }
                    }
                }
                interleave(phases, stride, run, row);
            }
        }
    });
}

/// Puts the `stride` runs of `phases` between one another.
fn interleave(phases: &[f32], stride: usize, run: usize, row: &mut [f32]) {
    match stride {
        1 => row.copy_from_slice(&phases[..row.len()]),
        2 => {
            let (even, odd) = phases.split_at(run);
            let (pairs, rest) = row.as_chunks_mut::<2>();
            for (pair, (&e, &o)) in pairs.iter_mut().zip(even.iter().zip(odd)) {
                *pair = [e, o];
            }
            if let [last] = rest {
                *last = even[run - 1];
            }
        }
        _ => {
            for (x, pixel) in row.iter_mut().enumerate() {
                *pixel = phases[x % stride * run + x / stride];
            }
        }
    }
}
