//! What is corrected on a generator's images once it is trained, as an instrument's are: the fixed pattern of
//! its stages and the tone of its pixels. Both are measured on its own draws and are the same for every image.
//!
//! - **Pattern.** Stages that double an image leave pixels of one place in the 4 × 4 lattice with a mean of their
//!   own, a few tenths of a Gauss: invisible, and ten times the power of real patches at the Nyquist frequency.
//!   The mean of each place over many draws is subtracted, like a flat field. An image has a lattice of its own
//!   besides, the means of its places: each of its frequencies is weakened until the finished fields have it in the
//!   strength of real ones.
//! - **Tone.** |x| is mapped so that over many draws it is distributed as over the training images: each value goes
//!   to the training value of the same quantile. The map is odd, so polarities stay as they are, and monotone, so
//!   that brighter stays brighter.

use serde::{Deserialize, Serialize};

/// Side of the lattice in pixels: two doublings.
const LATTICE: usize = 4;

/// Places of the lattice, and its frequencies.
const PLACES: usize = LATTICE * LATTICE;

/// How often the lattice is measured on finished images: the tone curve, which is not linear, changes it again, but
/// little.
const LATTICE_ROUNDS: usize = 3;

/// Intervals of the tone curve over |x| from 0 to 1.
const INTERVALS: usize = 256;

/// The correction of a trained generator's images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finish {
    /// Excess of each place of the 4 × 4 lattice, row by row, on the image's scale.
    pub pattern: Vec<f32>,
    /// What is left of each frequency of an image's own lattice, row by row from 0 cycles in four pixels to 3; none
    /// given, all.
    #[serde(default)]
    pub lattice: Vec<f32>,
    /// Corrected |x| at 257 even steps of |x| from 0 to 1, never falling.
    pub tone: Vec<f32>,
}

impl Finish {
    /// Measures the correction of `drawn` images against `real` ones, all with values in [−1, 1], rows of `width`
    /// pixels and the field `decode`.
    pub(super) fn fitted(
        drawn: &[Vec<f32>],
        real: &[Vec<f32>],
        width: usize,
        decode: impl Fn(f32) -> f32,
    ) -> Self {
        let mut levels: Vec<f32> = real.iter().flatten().map(|x| x.abs()).collect();
        levels.sort_unstable_by(f32::total_cmp);
        let quantiles = Quantiles::of(&levels);
        let mut finish = Self {
            pattern: pattern(drawn, width),
            lattice: vec![1.0; PLACES],
            tone: Vec::new(),
        };
        finish.tone = finish.tone_of(drawn, width, &quantiles);
        let field = |image: Vec<f32>| image.into_iter().map(&decode).collect();
        let expected = strengths(real.iter().cloned().map(field), width);
        for _ in 0..LATTICE_ROUNDS {
            let finished = drawn.iter().map(|image| {
                let mut image = image.clone();
                finish.apply(&mut image, width);
                field(image)
            });
            let found = strengths(finished, width);
            for k in 1..PLACES {
                let factor = (expected[k] / found[k].max(f64::MIN_POSITIVE)).sqrt();
                finish.lattice[k] = (f64::from(finish.lattice[k]) * factor).min(1.0) as f32;
            }
        }
        finish.tone = finish.tone_of(drawn, width, &quantiles);
        finish
    }

    /// The tone curve behind this pattern and lattice.
    fn tone_of(&self, drawn: &[Vec<f32>], width: usize, real: &Quantiles) -> Vec<f32> {
        let mut levels = Vec::with_capacity(drawn.len() * drawn.first().map_or(0, Vec::len));
        for image in drawn {
            let mut image = image.clone();
            self.even(&mut image, width);
            levels.extend(image.iter().map(|x| x.abs()));
        }
        levels.sort_unstable_by(f32::total_cmp);
        tone(&levels, real)
    }

    /// Whether the numbers are those of a finish.
    pub(super) fn is_valid(&self) -> bool {
        self.pattern.len() == PLACES
            && self.pattern.iter().all(|p| p.abs() <= 1.0)
            && [0, PLACES].contains(&self.lattice.len())
            && self.lattice.iter().all(|left| (0.0..=1.0).contains(left))
            && self.tone.len() == INTERVALS + 1
            && self.tone.iter().all(|t| (0.0..=1.0).contains(t))
            && self.tone.is_sorted()
    }

    /// Corrects an image in place.
    pub(super) fn apply(&self, image: &mut [f32], width: usize) {
        self.even(image, width);
        for x in image {
            *x = self.toned(x.abs()).copysign(*x);
        }
    }

    /// The image that the network must draw for `image` to come out: the inverse of the correction, up to values
    /// that the tone curve does not tell apart.
    ///
    /// # Examples
    /// ```
    /// use helioql::generator::finish::Finish;
    ///
    /// // A tone curve that doubles |x| up to 1 and no pattern.
    /// let tone = (0..=256).map(|i| (i as f32 / 128.0).min(1.0)).collect();
    /// let finish = Finish { pattern: vec![0.0; 16], lattice: vec![], tone };
    /// assert_eq!(finish.undone(&[0.5, -0.25, 0.0, 1.0], 4), [0.25, -0.125, 0.0, 0.5]);
    /// ```
    pub fn undone(&self, image: &[f32], width: usize) -> Vec<f32> {
        let mut image: Vec<f32> = image.iter().map(|y| self.untoned(y.abs()).copysign(*y)).collect();
        // A frequency of which next to nothing is left says nothing about the image that it came from.
        let strengthened: Vec<f32> = self.lattice.iter().map(|left| 1.0 / left.max(0.05)).collect();
        weaken(&mut image, width, &strengthened);
        for (x, place) in image.iter_mut().zip(places(width)) {
            *x += self.pattern[place];
        }
        image
    }

    /// Takes the pattern off an image, and what its own lattice has too much.
    fn even(&self, image: &mut [f32], width: usize) {
        for (x, place) in image.iter_mut().zip(places(width)) {
            *x -= self.pattern[place];
        }
        weaken(image, width, &self.lattice);
    }

    fn toned(&self, level: f32) -> f32 {
        let at = (level * INTERVALS as f32).clamp(0.0, INTERVALS as f32);
        let i = (at as usize).min(INTERVALS - 1);
        let (low, high) = (self.tone[i], self.tone[i + 1]);
        low + (high - low) * (at - i as f32)
    }

    fn untoned(&self, level: f32) -> f32 {
        let above = self.tone.partition_point(|&t| t < level).clamp(1, INTERVALS);
        let (low, high) = (self.tone[above - 1], self.tone[above]);
        let part = if high > low {
            ((level - low) / (high - low)).clamp(0.0, 1.0)
        } else {
            0.0
        };
        ((above - 1) as f32 + part) / INTERVALS as f32
    }
}

/// The place of each pixel in the lattice, row by row.
fn places(width: usize) -> impl Iterator<Item = usize> {
    (0..).map(move |i| i / width % LATTICE * LATTICE + i % width % LATTICE)
}

/// Multiplies each frequency of an image's own lattice, the means of its places less the mean of all, by its factor.
fn weaken(image: &mut [f32], width: usize, factors: &[f32]) {
    if factors.is_empty() {
        return;
    }
    let own = pattern(&[&*image], width);
    // In place of a transform there and back: factors of a frequency and its opposite are the same, so that the
    // change is the convolution with a real kernel on the torus of four by four places.
    let change: [f32; PLACES] = std::array::from_fn(|place| {
        let from_others = own.iter().enumerate().map(|(other, mean)| {
            let kernel: f32 = (1..PLACES)
                .map(|k| (factors[k] - 1.0) * wave(k, place, other))
                .sum();
            mean * kernel / PLACES as f32
        });
        from_others.sum()
    });
    for (x, place) in image.iter_mut().zip(places(width)) {
        *x += change[place];
    }
}

/// The mean power of each frequency of the images' own lattices.
fn strengths(images: impl ExactSizeIterator<Item = Vec<f32>>, width: usize) -> [f64; PLACES] {
    let (mut sums, count) = ([0.0; PLACES], images.len().max(1));
    for image in images {
        let own = pattern(&[image], width);
        for (k, sum) in sums.iter_mut().enumerate() {
            let products = (0..PLACES * PLACES).map(|i| {
                let (a, b) = (i / PLACES, i % PLACES);
                f64::from(own[a] * own[b] * wave(k, a, b))
            });
            *sum += products.sum::<f64>() / count as f64;
        }
    }
    sums
}

/// The cosine of the phase by which frequency `k` differs between two places: whole quarters of a turn.
fn wave(k: usize, a: usize, b: usize) -> f32 {
    let along = |k: usize, a: usize, b: usize| k * (a + LATTICE - b);
    let turns = along(k / LATTICE, a / LATTICE, b / LATTICE) + along(k % LATTICE, a % LATTICE, b % LATTICE);
    [1.0, 0.0, -1.0, 0.0][turns % 4]
}

/// The mean of each place of the lattice less the mean of all.
fn pattern<I: AsRef<[f32]>>(drawn: &[I], width: usize) -> Vec<f32> {
    let mut sums = [0.0f64; PLACES];
    let mut count = 0usize;
    for image in drawn {
        let image = image.as_ref();
        for (x, place) in image.iter().zip(places(width)) {
            sums[place] += f64::from(*x);
        }
        count += image.len();
    }
    let mean = sums.iter().sum::<f64>() / count.max(1) as f64;
    let per_place = (count / sums.len()).max(1) as f64;
    sums.iter().map(|sum| (sum / per_place - mean) as f32).collect()
}

/// The tone curve that gives `drawn` levels, sorted, the quantiles of the real ones.
fn tone(drawn: &[f32], real: &Quantiles) -> Vec<f32> {
    let below = |level: f32| drawn.partition_point(|&d| d < level) as f64 / drawn.len().max(1) as f64;
    let mut curve: Vec<f32> = (0..=INTERVALS)
        .map(|i| real.at(below(i as f32 / INTERVALS as f32)))
        .collect();
    curve[0] = 0.0;
    curve
}

/// The quantiles of levels in [0, 1], which may come in steps: 8-bit images hold few values. Between steps the
/// quantile is interpolated, as if each stood for its surroundings; only the highest stands for itself, because
/// stronger fields were clipped to it.
struct Quantiles {
    /// (part of the pixels below, level), rising in both.
    knots: Vec<(f64, f32)>,
}

impl Quantiles {
    fn of(sorted: &[f32]) -> Self {
        let count = sorted.len().max(1) as f64;
        let mut knots = vec![(0.0, 0.0)];
        let mut first = 0;
        for group in sorted.chunk_by(|a, b| a.total_cmp(b).is_eq()) {
            let last = first + group.len();
            let at = if last == sorted.len() {
                first as f64
            } else {
                0.5 * (first + last) as f64
            };
            knots.push((at / count, group[0]));
            first = last;
        }
        Self { knots }
    }

    fn at(&self, part: f64) -> f32 {
        let above = self.knots.partition_point(|&(p, _)| p <= part);
        let (low, low_level) = self.knots[above.saturating_sub(1)];
        let Some(&(high, level)) = self.knots.get(above) else {
            return low_level;
        };
        let within = if high > low {
            (part - low) / (high - low)
        } else {
            0.0
        };
        low_level + (level - low_level) * within as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::Random;

    /// Noise on a background of its own for each place of the lattice.
    fn images(count: usize, strength: f32, uneven: f32) -> Vec<Vec<f32>> {
        (0..count as u64)
            .map(|i| {
                let noise = Random::new(1, i).normals(64);
                let places = places(8);
                noise
                    .iter()
                    .zip(places)
                    .map(|(n, place)| {
                        (strength * n + if place % 2 == 0 { uneven } else { -uneven }).clamp(-1.0, 1.0)
                    })
                    .collect()
            })
            .collect()
    }

    #[test]
    fn corrected_images_have_no_pattern_and_the_real_tone() {
        let (drawn, real) = (images(500, 0.1, 0.05), images(500, 0.2, 0.0));
        let finish = Finish::fitted(&drawn, &real, 8, |x| x);
        assert!(finish.is_valid());
        let mut corrected = drawn.clone();
        for image in &mut corrected {
            finish.apply(image, 8);
        }
        // 2,000 pixels a place: a mean of deviation 0.2 is known to 0.2/√2000 = 0.0045, four times which is rare.
        assert!(pattern(&corrected, 8).iter().all(|p| p.abs() < 0.018));
        let deviation = |images: &[Vec<f32>]| {
            let squares: f32 = images.iter().flatten().map(|x| x * x).sum();
            (squares / (images.len() * 64) as f32).sqrt()
        };
        let (found, expected) = (deviation(&corrected), deviation(&real));
        assert!(
            (found / expected - 1.0).abs() < 0.01,
            "{found}, expected {expected}"
        );
    }

    #[test]
    fn an_images_own_lattice_is_brought_to_the_real_strength() {
        // Boards of random sign and strength on noise; real images have them at a third of the strength.
        let boards = |strength: f32, stream: u64| -> Vec<Vec<f32>> {
            let mut images = images(400, 0.2, 0.0);
            for (i, image) in images.iter_mut().enumerate() {
                let height = strength * Random::new(3, stream + i as u64).normal();
                for (j, x) in image.iter_mut().enumerate() {
                    *x += if (j / 8 + j % 8) % 2 == 0 { height } else { -height };
                }
            }
            images
        };
        let (drawn, real) = (boards(0.06, 0), boards(0.02, 1000));
        let finish = Finish::fitted(&drawn, &real, 8, |x| x);
        let finished = drawn.iter().cloned().map(|mut image| {
            finish.apply(&mut image, 8);
            image
        });
        let strengths_of = |images: &[Vec<f32>]| strengths(images.iter().cloned(), 8);
        let (found, expected) = (strengths(finished, 8), strengths_of(&real));
        // Frequency (2, 2) is that of the board. After the lattice the tone is measured once more: without their boards
        // images have lower levels, 0.201 for 0.209 in the mean square, and all of their power is raised by 8 %.
        let board = 2 * LATTICE + 2;
        assert!(
            (found[board] / expected[board] - 1.0).abs() < 0.1,
            "{found:?}, expected {expected:?}"
        );
        assert!(finish.lattice[board] < 0.6, "{:?}", finish.lattice);
        // What is not too strong stays: frequency (1, 0) has the strength of noise in both.
        assert!(finish.lattice[LATTICE] > 0.9, "{:?}", finish.lattice);
    }

    #[test]
    fn levels_that_come_in_steps_are_spread_and_clipped_ones_stay() {
        // A tenth of the pixels is clipped; the rest has two levels.
        let mut real = vec![0.25; 60];
        real.extend([0.5; 30]);
        real.extend([1.0; 10]);
        let quantiles = Quantiles::of(&real);
        let expected = [
            (0.0, 0.0),
            (0.15, 0.125),
            (0.3, 0.25),
            (0.75, 0.5),
            (0.9, 1.0),
            (1.0, 1.0),
        ];
        for (part, level) in expected {
            assert!(
                (quantiles.at(part) - level).abs() < 1e-6,
                "{part}: {}",
                quantiles.at(part)
            );
        }
    }

    #[test]
    fn undoing_is_the_inverse() {
        let finish = Finish::fitted(&images(200, 0.2, 0.03), &images(200, 0.3, 0.0), 8, |x| x);
        let image = &images(1, 0.25, 0.0)[0];
        let mut again = finish.undone(image, 8);
        finish.apply(&mut again, 8);
        for (a, b) in again.iter().zip(image) {
            // Sign and level of single precision; the curve is steep nowhere by more than a hundred.
            assert!((a - b).abs() < 1e-4, "{a}, expected {b}");
        }
    }
}
