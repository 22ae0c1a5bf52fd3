//! Fitting: latents and what was measured on their patches in, one hyperplane a quantity out.
//!
//! Labels are the two sides of the median, as in the paper (arXiv:2502.05351); coordinates are
//! standardised before training, since those of w differ tenfold in spread and a margin is only fair among
//! equals. A fifth of the samples is kept out and judges the hyperplane.

use serde::{Deserialize, Serialize};

use super::{
    Direction, Directions, DirectionsError, Fitted, Order, Quantity, Range, linfa,
    population::{Population, dot},
    ridge, svm,
};
use crate::physics::PatchQuantities;

/// Every one of this many samples is kept for judging.
const HELD_OUT: usize = 5;
/// Fewer samples than this on which a quantity is defined say nothing about it.
const LEAST_SAMPLES: usize = 50;

/// How hyperplanes are trained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Linear SVM by dual coordinate descent.
    #[default]
    Svm,
    /// Ridge regression on the values.
    Ridge,
    /// Linear SVM of `linfa-svm`: the same answer in minutes, for checking.
    Linfa,
}

/// Settings of a fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FitOptions {
    /// The trainer.
    pub method: Method,
    /// Generated samples.
    pub samples: usize,
    /// Seed of the samples.
    pub seed: u64,
    /// The SVM's cost of a sample on the wrong side of its margin.
    pub cost: f64,
    /// The ridge's penalty, in units of a coordinate's variance.
    pub penalty: f64,
    /// Axes along which the target solver may move.
    pub axes: usize,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self {
            method: Method::Svm,
            samples: 10_000,
            seed: 0,
            cost: 0.01,
            penalty: 1e-3,
            axes: 24,
        }
    }
}

/// A point of w and what was measured on its patch.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The point.
    pub w: Vec<f32>,
    /// The quantities of its patch.
    pub quantities: PatchQuantities,
}

/// A hyperplane `normal`·x + `offset` = 0 in the trainer's coordinates.
#[derive(Clone, Debug)]
pub(super) struct Separator {
    pub(super) normal: Vec<f64>,
    pub(super) offset: f64,
}

impl Separator {
    pub(super) fn score(&self, row: &[f64]) -> f64 {
        dot(&self.normal, row) + self.offset
    }
}

impl Directions {
    /// Fits a direction for each keyword from samples of the generator.
    ///
    /// Quantities that turn over with the polarity order get two directions, one an order.
    ///
    /// # Errors
    /// When a keyword is unknown, or too few samples define its quantity, or all give it one value.
    pub fn fit(samples: &[Sample], keywords: &[&str], options: &FitOptions) -> Result<Self, DirectionsError> {
        if samples.len() < LEAST_SAMPLES {
            return Err(DirectionsError::TooFewSamples {
                keyword: keywords.join(", "),
                found: samples.len(),
                needed: LEAST_SAMPLES,
            });
        }
        let points: Vec<&[f32]> = samples.iter().map(|sample| sample.w.as_slice()).collect();
        let population = Population::of(&points);
        let deviations = population.deviations();
        let rows: Vec<Vec<f64>> = points
            .iter()
            .map(|point| {
                let centred = point
                    .iter()
                    .zip(population.mean())
                    .map(|(&x, mean)| f64::from(x) - mean);
                centred
                    .zip(&deviations)
                    .map(|(x, deviation)| x / deviation)
                    .collect()
            })
            .collect();

        let mut directions = Vec::new();
        for keyword in keywords {
            let quantity = Quantity::named(keyword).ok_or_else(|| DirectionsError::UnknownQuantity {
                keyword: (*keyword).to_owned(),
            })?;
            let range = Range::of(
                samples
                    .iter()
                    .filter_map(|s| quantity.value(&s.quantities))
                    .collect(),
            )
            .ok_or_else(|| too_few(&quantity, 0))?;
            let orders: &[Option<Order>] = if quantity.by_order {
                &[Some(Order::PositiveWest), Some(Order::PositiveEast)]
            } else {
                &[None]
            };
            for &order in orders {
                let (rows, readings): (Vec<_>, Vec<_>) = rows
                    .iter()
                    .zip(samples)
                    .filter(|(_, sample)| order.is_none_or(|o| Order::of(&sample.quantities) == Some(o)))
                    .filter_map(|(row, sample)| Some((row.clone(), quantity.read(&sample.quantities)?)))
                    .unzip();
                directions.push(direction(
                    &quantity,
                    order,
                    range,
                    (rows, readings),
                    (&population, &deviations),
                    options,
                )?);
            }
        }
        let patterns: Vec<_> = directions
            .iter()
            .filter_map(|direction| population.pattern(&direction.normal, &[]))
            .collect();
        let axes = population.axes(&patterns, options.axes.max(directions.len()));
        Ok(Self {
            population,
            axes,
            fitted: directions,
            options: options.clone(),
        })
    }
}

/// Trains one hyperplane and judges it on the samples kept out.
fn direction(
    quantity: &Quantity,
    order: Option<Order>,
    range: Range,
    (rows, readings): (Vec<Vec<f64>>, Vec<f64>),
    (population, deviations): (&Population, &[f64]),
    options: &FitOptions,
) -> Result<Direction, DirectionsError> {
    let samples = rows.len();
    if samples < LEAST_SAMPLES {
        return Err(too_few(quantity, samples));
    }
    let mut sorted = readings.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let median = sorted[samples / 2];
    if sorted[0].total_cmp(&sorted[samples - 1]).is_eq() {
        return Err(DirectionsError::Constant {
            keyword: quantity.keyword,
            value: range.median,
        });
    }

    let (mut kept_out, mut training) = ((Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
    for (i, (row, reading)) in rows.into_iter().zip(readings).enumerate() {
        let part = if i % HELD_OUT == 0 {
            &mut kept_out
        } else {
            &mut training
        };
        part.0.push(row);
        part.1.push(reading);
    }
    let sides: Vec<bool> = training.1.iter().map(|reading| *reading > median).collect();
    let separator = match options.method {
        Method::Svm => svm::train(&training.0, &sides, options.cost),
        Method::Linfa => linfa::train(&training.0, &sides, options.cost)?,
        Method::Ridge => {
            let plane = ridge::train(&training.0, &training.1, options.penalty);
            let mean = training.1.iter().sum::<f64>() / training.1.len() as f64;
            Separator {
                offset: mean - median,
                ..plane
            }
        }
    };

    // Back from standardised coordinates, and to unit length.
    let mut normal: Vec<f64> = separator
        .normal
        .iter()
        .zip(deviations)
        .map(|(n, d)| n / d)
        .collect();
    let length = dot(&normal, &normal).sqrt();
    if length == 0.0 {
        return Err(DirectionsError::Constant {
            keyword: quantity.keyword,
            value: range.median,
        });
    }
    for n in &mut normal {
        *n /= length;
    }
    let offset = separator.offset / length - dot(&normal, population.mean());

    // A line through readings over scores turns one into the other, whichever trainer gave the score.
    let scores = |part: &[Vec<f64>]| part.iter().map(|row| separator.score(row)).collect::<Vec<_>>();
    let (slope, intercept) = line(&scores(&training.0), &training.1);
    let judged = scores(&kept_out.0);
    let right = judged
        .iter()
        .zip(&kept_out.1)
        .filter(|(s, r)| (**s > 0.0) == (**r > median))
        .count();
    let residual: f64 = judged
        .iter()
        .zip(&kept_out.1)
        .map(|(s, r)| (r - slope * s - intercept).powi(2))
        .sum();
    let mean = kept_out.1.iter().sum::<f64>() / kept_out.1.len() as f64;
    let total: f64 = kept_out.1.iter().map(|r| (r - mean).powi(2)).sum();

    Ok(Direction {
        quantity: *quantity,
        order,
        slope: slope * length * population.spread(&normal),
        normal,
        offset,
        range,
        fitted: Fitted {
            samples,
            accuracy: right as f64 / kept_out.1.len() as f64,
            r_squared: 1.0 - residual / total,
        },
        steered: None,
    })
}

fn too_few(quantity: &Quantity, found: usize) -> DirectionsError {
    DirectionsError::TooFewSamples {
        keyword: quantity.keyword.to_owned(),
        found,
        needed: LEAST_SAMPLES,
    }
}

/// Slope and intercept of the least-squares line.
fn line(x: &[f64], y: &[f64]) -> (f64, f64) {
    let count = x.len() as f64;
    let (mean_x, mean_y) = (x.iter().sum::<f64>() / count, y.iter().sum::<f64>() / count);
    let (mut covariance, mut variance) = (0.0, 0.0);
    for (a, b) in x.iter().zip(y) {
        covariance += (a - mean_x) * (b - mean_y);
        variance += (a - mean_x).powi(2);
    }
    let slope = if variance > 0.0 {
        covariance / variance
    } else {
        0.0
    };
    (slope, mean_y - slope * mean_x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directions::{
        Explorer,
        synthetic::{self, TwoBlobs},
    };

    fn samples(count: u64) -> Result<Vec<Sample>, DirectionsError> {
        let mut explorer = Explorer::new(&TwoBlobs);
        let starts = explorer.starts(0, &(0..count).collect::<Vec<_>>())?;
        let views = explorer.look(starts)?;
        Ok(views
            .into_iter()
            .map(|view| Sample {
                w: view.w,
                quantities: view.quantities,
            })
            .collect())
    }

    #[test]
    fn all_methods_find_one_direction() -> Result<(), DirectionsError> {
        let samples = samples(400)?;
        let fit = |method| {
            Directions::fit(
                &samples,
                &["usflux"],
                &FitOptions {
                    method,
                    ..FitOptions::default()
                },
            )
        };
        let [svm, ridge, linfa] = [Method::Svm, Method::Ridge, Method::Linfa].map(fit);
        let (svm, ridge, linfa) = (svm?, ridge?, linfa?);
        let cosine = |other: &Directions| dot(&svm.all()[0].normal, &other.all()[0].normal);
        // One problem, two solvers, of which ours also shortens the offset.
        assert!(cosine(&linfa) > 0.999, "{}", cosine(&linfa));
        // Sides of the median against values: the same plane but for the noise of 320 samples.
        assert!(cosine(&ridge) > 0.97, "{}", cosine(&ridge));
        Ok(())
    }

    #[test]
    fn hyperplanes_part_low_from_high() -> Result<(), DirectionsError> {
        let directions = synthetic::directions()?;
        let flux = directions.get("usflux", None)?;
        // Flux grows with the first coordinate, but blobs that come close cancel part of it.
        assert!(
            flux.fitted.accuracy > 0.9 && flux.fitted.r_squared > 0.8,
            "{:?}",
            flux.fitted
        );
        assert!(flux.normal[0] > 0.9, "{:?}", flux.normal);
        assert!(flux.distance(&[2.0, 0.0, 0.0, 0.0, 0.0, 0.0]) > 1.0);

        // The separation is a length: one direction an order, each linear in the third coordinate.
        let orders =
            [Order::PositiveWest, Order::PositiveEast].map(|order| directions.get("psep", Some(order)));
        let [west, east] = orders;
        for direction in [west?, east?] {
            assert!(direction.normal[2].abs() > 0.8, "{:?}", direction.normal);
        }
        Ok(())
    }

    #[test]
    fn the_walk_shows_what_conditioning_buys() -> Result<(), DirectionsError> {
        let directions = synthetic::directions()?;
        let positive = directions
            .get("tpf", None)?
            .steered
            .as_ref()
            .expect("directions were tried out");
        let leak = |keyword: &str| {
            positive
                .leakage
                .iter()
                .find(|leak| leak.keyword == keyword)
                .expect("fitted")
        };
        // All walks but, of 32, one or two that begin with nearly cancelling blobs.
        assert!(positive.monotone > 0.9, "{}", positive.monotone);
        assert!(leak("tpf").free > 0.5, "{positive:?}");
        // Blobs that grow stay where they are.
        assert!(
            leak("polarity").free.abs() < 0.1 && leak("tilt").free.abs() < 0.1,
            "{positive:?}"
        );
        Ok(())
    }

    #[test]
    fn what_cannot_be_fitted_is_named() -> Result<(), DirectionsError> {
        let samples = samples(100)?;
        let fit = |samples: &[Sample], keyword: &str| {
            Directions::fit(samples, &[keyword], &FitOptions::default())
                .map(|_| ())
                .expect_err("unfit")
                .to_string()
        };
        assert!(
            fit(&samples, "colour")
                .starts_with("`colour` is not a measured quantity: expected one of usflux")
        );
        assert_eq!(
            fit(&samples[..10], "usflux"),
            "`usflux` is defined on 10 samples, at least 50 are needed: raise `samples`"
        );
        let same = vec![samples[0].clone(); 100];
        assert!(fit(&same, "usflux").ends_with("the generator does not vary it"));
        Ok(())
    }
}
