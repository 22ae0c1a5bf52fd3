//! Views of a patch for training: changes that leave a region what it is.
//!
//! Allowed is what another day or another place on the disk does to a region: small turns, scale,
//! foreshortening, shift, calibration, noise, seeing. The one exact symmetry of the data is the north–south
//! mirror together with inverted polarity. An east–west mirror is never used: it swaps leader and
//! follower, which Hale's law and the sun's rotation tell apart.

use crate::nn::Random;

/// Turn, at most, in degrees.
const TURN_DEG: f32 = 15.0;
/// Change of scale, at most.
const SCALE: f32 = 0.1;
/// East–west compression, at most, of half of all views.
const FORESHORTENING: f32 = 0.2;
/// Shift along each axis, at most, as a part of the width.
const SHIFT: f32 = 0.125;
/// Deviation of the logarithm of the gain.
const GAIN: f32 = 0.1;
/// Deviation of the added noise, at most, in Gauss.
const NOISE_GAUSS: f32 = 8.0;
/// Part of the views that are blurred.
const BLURRED: f32 = 0.3;

/// A view of a square image in Gauss, mirrored and inverted if asked, the rest drawn from `random`.
pub(super) fn view(image: &[f32], side: usize, mirrored: bool, random: &mut Random) -> Vec<f32> {
    let mut within = |limit: f32| limit * (2.0 * random.uniform() - 1.0);
    let (turn, zoom) = (within(TURN_DEG).to_radians(), 1.0 + within(SCALE));
    let (shift_x, shift_y) = (within(SHIFT) * side as f32, within(SHIFT) * side as f32);
    let squeeze = if random.coin() {
        1.0 - FORESHORTENING * random.uniform()
    } else {
        1.0
    };

    let middle = (side as f32 - 1.0) / 2.0;
    let (sin, cos) = turn.sin_cos();
    let sign = if mirrored { -1.0 } else { 1.0 };
    let mut out = Vec::with_capacity(side * side);
    for row in 0..side {
        for column in 0..side {
            // From a pixel of the view back to the image.
            let (x, y) = (column as f32 - middle - shift_x, row as f32 - middle - shift_y);
            let (x, y) = ((cos * x + sin * y) / (zoom * squeeze), (cos * y - sin * x) / zoom);
            out.push(sign * bilinear(image, side, x + middle, sign * y + middle));
        }
    }
    if random.uniform() < BLURRED {
        out = blur(&out, side);
    }
    let gain = (GAIN * random.normal()).exp();
    let noise = NOISE_GAUSS * random.uniform();
    for value in &mut out {
        *value = gain * *value + noise * random.normal();
    }
    out
}

/// The image between its pixels; zero outside.
fn bilinear(image: &[f32], side: usize, x: f32, y: f32) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let (part_x, part_y) = (x - left, y - top);
    let pixel = |column: f32, row: f32| {
        let inside = column >= 0.0 && row >= 0.0 && column < side as f32 && row < side as f32;
        if inside {
            image[row as usize * side + column as usize]
        } else {
            0.0
        }
    };
    let upper = pixel(left, top) * (1.0 - part_x) + pixel(left + 1.0, top) * part_x;
    let lower = pixel(left, top + 1.0) * (1.0 - part_x) + pixel(left + 1.0, top + 1.0) * part_x;
    upper * (1.0 - part_y) + lower * part_y
}

/// The binomial kernel ¼ ½ ¼ along both axes.
fn blur(image: &[f32], side: usize) -> Vec<f32> {
    let smooth = |image: &[f32], step: usize| -> Vec<f32> {
        let along = |i: usize| if step == 1 { i % side } else { i / side };
        (0..image.len())
            .map(|i| {
                let before = if along(i) > 0 { image[i - step] } else { 0.0 };
                let after = if along(i) + 1 < side { image[i + step] } else { 0.0 };
                0.5 * image[i] + 0.25 * (before + after)
            })
            .collect()
    };
    smooth(&smooth(image, 1), side)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "quarters of 16 are exact in binary")]
    fn blurring_keeps_the_flux_inside() {
        let mut image = vec![0.0; 25];
        image[12] = 16.0;
        let blurred = blur(&image, 5);
        assert_eq!(blurred[12], 4.0); // ½ · ½ of it stays
        assert_eq!(blurred[6], 1.0); // ¼ · ¼ goes to a corner
        assert_eq!(blurred.iter().sum::<f32>(), 16.0);
    }

    #[test]
    fn a_mirrored_view_is_inverted_north_to_south() {
        // Positive flux in the north-west quarter: column 0 is east, row 0 is north.
        let side = 32;
        let bright = |row: usize, column: usize| row < side / 2 && column >= side / 2;
        let image: Vec<f32> = (0..side * side)
            .map(|i| if bright(i / side, i % side) { 100.0 } else { 0.0 })
            .collect();
        for stream in 0..20 {
            let view = view(&image, side, true, &mut Random::new(3, stream));
            let sum = |south: bool, west: bool| -> f32 {
                let quarter = |i: &usize| (i / side >= side / 2) == south && (i % side >= side / 2) == west;
                (0..side * side).filter(quarter).map(|i| view[i]).sum()
            };
            let target = sum(true, true);
            // A turn of 15° and shifts of an eighth leave most of a quarter where it belongs.
            assert!(target < 0.0, "inverted");
            assert!(
                [(false, false), (false, true), (true, false)]
                    .iter()
                    .all(|&(s, w)| sum(s, w) > target)
            );
        }
    }
}
