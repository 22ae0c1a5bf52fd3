//! What a training reads from drawn images to make it a straight matter: quantities that a linear layer should find
//! in w, so that a direction in w changes them evenly and wherever it starts from.
//!
//! Four numbers with a derivative stand for all that is measured: the logarithm of the mean |B|; the imbalance
//! mean B / mean |B|; and where the positive centre of the field above [`THRESHOLD_GAUSS`] lies from the negative
//! one, across and down, which fixes separation, tilt and order.
//!
//! Each comes as a score: its rank p among the training images as ln (p / (1 − p)), in deviations of that. A region's leading
//! polarity is west or east and seldom in between, so that the way across has two peaks; its score has one, and the
//! network need not draw what there is not on its straight way from one peak to the other.

use candle_core::{D, DType, Device, Tensor};

use crate::generator::GeneratorConfig;
use crate::nn::{Result, values};
use crate::physics::polarity::THRESHOLD_GAUSS;

/// Numbers read from an image.
pub(super) const COUNT: usize = 4;

/// Pixels at that field, as a part of all, that each polarity must be worth: fewer make no centre that is worth a name.
const LEAST_PART: f64 = 1e-3;

/// Images that are read at once.
const BATCH: usize = 64;

/// Reads images of one generator, as scores among its training images.
#[derive(Debug)]
pub(super) struct Readings {
    /// B/C = x (a |x| + b).
    linear: (f64, f64),
    /// Least |B|/C for the centres.
    threshold: f64,
    /// Columns and rows of an image from its middle, in widths: (1, 1, 1, size), (1, 1, size, 1).
    places: (Tensor, Tensor),
    /// How each number becomes a score.
    scores: [Score; COUNT],
}

impl Readings {
    /// The readings of images with values in [−1, 1], scored among `images`.
    pub(super) fn of(images: &[Vec<f32>], config: &GeneratorConfig) -> Result<Self> {
        let size = config.size;
        let (a, b) = config.scale().polynomial(config.clip_gauss);
        let places: Vec<f32> = (0..size).map(|i| (i as f32 + 0.5) / size as f32 - 0.5).collect();
        let mut readings = Self {
            linear: (f64::from(a), f64::from(b)),
            threshold: f64::from(THRESHOLD_GAUSS / config.clip_gauss),
            places: (
                Tensor::from_slice(&places, (1, 1, 1, size), &Device::Cpu)?,
                Tensor::from_slice(&places, (1, 1, size, 1), &Device::Cpu)?,
            ),
            scores: Default::default(),
        };
        let mut found: [Vec<f32>; COUNT] = Default::default();
        for batch in images.chunks(BATCH) {
            let shape = (batch.len(), 1, size, size);
            let (raw, known) = readings.raw(&Tensor::from_vec(batch.concat(), shape, &Device::Cpu)?)?;
            values::with(&raw, |raw| {
                for (i, value) in raw.iter().enumerate() {
                    if known[i] {
                        found[i % COUNT].push(*value);
                    }
                }
                Ok(())
            })?;
        }
        readings.scores = found.map(Score::among);
        Ok(readings)
    }

    /// The scores of images (n, 1, size, size), and 1 where an image has them or else 0: (n, 4) each.
    pub(super) fn read(&self, images: &Tensor) -> Result<(Tensor, Tensor)> {
        let (raw, known) = self.raw(images)?;
        // A score is a broken line: at each number a slope and what it is at zero.
        let (mut slopes, mut offsets, mut counts) = (Vec::new(), Vec::new(), Vec::new());
        values::with(&raw, |raw| {
            for (i, value) in raw.iter().enumerate() {
                let line = self.scores[i % COUNT].line(*value).filter(|_| known[i]);
                let (slope, offset) = line.unwrap_or_default();
                slopes.push(slope);
                offsets.push(offset);
                counts.push(if line.is_some() { 1.0f32 } else { 0.0 });
            }
            Ok(())
        })?;
        let like = |values: Vec<f32>| Tensor::from_vec(values, raw.shape(), &Device::Cpu);
        let scored = ((&raw * like(slopes)?)? + like(offsets)?)?;
        Ok((scored, like(counts)?))
    }

    /// The numbers of images (n, 4), row by row as they are, and whether an image has them.
    fn raw(&self, images: &Tensor) -> Result<(Tensor, Vec<bool>)> {
        let (a, b) = self.linear;
        let field = (images * images.abs()?.affine(a, b)?)?;
        let strength = field.abs()?;
        let counted = strength.detach().ge(self.threshold)?.to_dtype(DType::F32)?;
        let mean = |field: &Tensor| field.flatten_from(1)?.mean(D::Minus1);
        // A field of nothing at all has no logarithm.
        let strength = mean(&strength)?.affine(1.0, 1e-6)?;
        let imbalance = (mean(&field)? / &strength)?;

        let least = LEAST_PART * self.threshold;
        let (mut across, mut down, mut enough) = (Vec::new(), Vec::new(), Vec::new());
        for polarity in [field.relu()?, field.neg()?.relu()?] {
            let polarity = (polarity * &counted)?;
            let weight = mean(&polarity)?;
            enough.push(weight.detach().ge(least)?.to_vec1::<u8>()?);
            // Where there is not enough the centre is finite all the same, and does not count.
            let weight = weight.maximum(least)?;
            across.push((mean(&polarity.broadcast_mul(&self.places.0)?)? / &weight)?);
            down.push((mean(&polarity.broadcast_mul(&self.places.1)?)? / &weight)?);
        }
        let (across, down) = ((&across[0] - &across[1])?, (&down[0] - &down[1])?);
        let raw = Tensor::stack(&[strength.log()?, imbalance, across, down], 1)?;
        let known = enough[0].iter().zip(&enough[1]).flat_map(|(positive, negative)| {
            let both = positive * negative == 1;
            [true, true, both, both]
        });
        Ok((raw, known.collect()))
    }
}

/// Knots of a score.
const KNOTS: usize = 64;

/// The score of one number among others: a broken line through its quantiles, which goes on straight at both ends.
#[derive(Debug, Default)]
struct Score(Vec<(f32, f32)>);

impl Score {
    /// The score among these numbers. Where they are all the same, there is none.
    fn among(mut numbers: Vec<f32>) -> Self {
        numbers.sort_unstable_by(f32::total_cmp);
        let (Some(&least), Some(&most)) = (numbers.first(), numbers.last()) else {
            return Self::default();
        };
        // Numbers that are nearly the same would make the line as steep as can be.
        let apart = (most - least) * 1e-3;
        if apart < 1e-6 {
            return Self::default();
        }
        let mut knots: Vec<(f32, f32)> = Vec::with_capacity(KNOTS);
        for k in 0..KNOTS {
            let part = (k as f64 + 0.5) / KNOTS as f64;
            let number = numbers[(part * numbers.len() as f64) as usize];
            if knots.last().is_none_or(|(before, _)| number - before >= apart) {
                // A logistic variable has the deviation π/√3.
                let score = (part / (1.0 - part)).ln() * 3.0f64.sqrt() / std::f64::consts::PI;
                knots.push((number, score as f32));
            }
        }
        Self(knots)
    }

    /// Slope at a number, and the score that its line has at zero; none with fewer than two knots.
    fn line(&self, number: f32) -> Option<(f32, f32)> {
        let last = self.0.len().checked_sub(2)?;
        let at = self.0.partition_point(|(knot, _)| *knot <= number);
        let at = at.saturating_sub(1).min(last);
        let ((x, score), (next_x, next)) = (self.0[at], self.0[at + 1]);
        let slope = (next - score) / (next_x - x);
        Some((slope, score - slope * x))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Var;

    use super::*;

    fn config() -> Result<GeneratorConfig> {
        GeneratorConfig::for_size(64)
    }

    /// A square of `gauss` with its corner at (row, column).
    fn square(image: &mut [f32], (row, column): (usize, usize), side: usize, gauss: f32) -> Result<()> {
        let value = config()?.encode(gauss);
        for y in row..row + side {
            image[y * 64 + column..y * 64 + column + side].fill(value);
        }
        Ok(())
    }

    #[test]
    fn a_bipole_read_by_hand() -> Result<()> {
        // 64 pixels of +102 G west of 64 of −204 G, 16 columns and 8 rows apart.
        let image = bipole()?;
        let readings = Readings::of(std::slice::from_ref(&image), &config()?)?;
        let (raw, known) = readings.raw(&Tensor::from_vec(image, (1, 1, 64, 64), &Device::Cpu)?)?;
        let raw: Vec<f32> = raw.flatten_all()?.to_vec1()?;
        // Mean |B|/C: 64 · (0.4 + 0.8) / 4096; B/C: 64 · (0.4 − 0.8) / 4096.
        let expected = [(0.01875f32).ln(), -1.0 / 3.0, 0.25, -0.125];
        for (found, expected) in raw.iter().zip(expected) {
            // A millionth is added to the mean of 0.019.
            assert!((found - expected).abs() < 1e-4, "{raw:?}, expected {expected}");
        }
        assert_eq!(known, [true; 4]);
        Ok(())
    }

    #[test]
    fn one_polarity_has_no_separation() -> Result<()> {
        let mut image = vec![0.0; 64 * 64];
        square(&mut image, (8, 32), 8, 102.0)?;
        let images = [image.clone(), bipole()?];
        let readings = Readings::of(&images, &config()?)?;
        let (_, known) = readings.read(&Tensor::from_vec(image, (1, 1, 64, 64), &Device::Cpu)?)?;
        assert_eq!(known.flatten_all()?.to_vec1::<f32>()?, [1.0, 1.0, 0.0, 0.0]);
        Ok(())
    }

    #[test]
    fn scores_of_a_hundred_numbers() {
        let score = Score::among((0..100).map(|i| i as f32).collect());
        let at = |x: f32| score.line(x).map(|(slope, offset)| slope * x + offset);
        // The middle has the score 0; rank 3/4 has ln 3 · √3/π = 0.6057. A knot is a hundredth of the ranks off.
        assert!(at(49.5).is_some_and(|s| s.abs() < 0.03), "{:?}", at(49.5));
        assert!(
            at(75.0).is_some_and(|s| (s - 0.6057).abs() < 0.03),
            "{:?}",
            at(75.0)
        );
        assert!(at(200.0) > at(100.0), "it goes on beyond the last");
        assert_eq!(Score::among(vec![0.5; 100]).line(0.5), None);
        assert_eq!(Score::among(Vec::new()).line(0.5), None);
    }

    #[test]
    fn two_peaks_become_one() {
        // −1.1 to −1 and 1 to 1.1: across the gap the score hardly changes.
        let peaks = (0..200).map(|i| {
            if i < 100 {
                -1.1 + 0.001 * i as f32
            } else {
                0.9 + 0.001 * i as f32
            }
        });
        let score = Score::among(peaks.collect());
        let at = |x: f32| {
            score
                .line(x)
                .map_or(f32::NAN, |(slope, offset)| slope * x + offset)
        };
        assert!(at(1.0) - at(-1.0) < 0.1, "{} {}", at(-1.0), at(1.0));
        assert!(at(1.05) - at(1.0) > 0.5, "{} {}", at(1.0), at(1.05));
    }

    #[test]
    fn gradients_are_those_of_finite_differences() -> Result<()> {
        let (image, mut other) = (bipole()?, vec![0.0; 64 * 64]);
        square(&mut other, (30, 10), 8, 102.0)?;
        square(&mut other, (40, 40), 16, -204.0)?;
        let readings = Readings::of(&[image.clone(), other], &config()?)?;
        let weights = Tensor::new(&[[0.3f32, -1.0, 2.0, 1.5]], &Device::Cpu)?;
        let loss =
            |image: &Tensor| -> Result<Tensor> { Ok((readings.read(image)?.0 * &weights)?.sum_all()?) };
        let tensor = |image: &[f32]| Tensor::from_slice(image, (1, 1, 64, 64), &Device::Cpu);
        let variable = Var::from_tensor(&tensor(&image)?)?;
        let gradients = loss(&variable)?.backward()?;
        let gradient = gradients.get(&variable).expect("a gradient").flatten_all()?;
        let gradient: Vec<f32> = gradient.to_vec1()?;
        for pixel in [8 * 64 + 32, 12 * 64 + 36, 20 * 64 + 20] {
            let at = |by: f32| -> Result<f32> {
                let mut moved = image.clone();
                moved[pixel] += by;
                Ok(loss(&tensor(&moved)?)?.to_scalar()?)
            };
            let expected = (at(5e-2)? - at(-5e-2)?) / 0.1;
            // Single precision of numbers near one over a difference of 0.1, beside slopes of some hundredths.
            let error = (gradient[pixel] - expected).abs();
            assert!(
                error < 2e-5 + 0.01 * expected.abs(),
                "{pixel}: {} for {expected}",
                gradient[pixel]
            );
        }
        Ok(())
    }

    /// 64 pixels of +102 G west of 64 of −204 G.
    fn bipole() -> Result<Vec<f32>> {
        let mut image = vec![0.0; 64 * 64];
        square(&mut image, (8, 32), 8, 102.0)?;
        square(&mut image, (16, 16), 8, -204.0)?;
        Ok(image)
    }
}
