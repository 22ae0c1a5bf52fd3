//! Directions: for each measured quantity the hyperplane in a generator's latent space that parts its low
//! patches from its high ones.
//!
//! A generator knows nothing of Maxwells. Its latent space does all the same: seen from there, most
//! quantities are close to linear, so that one normal a quantity is enough to steer by (Shen
//! et al. 2020, <https://arxiv.org/abs/2005.09635>; for active regions arXiv:2502.05351). A step goes along
//! the pattern C n of the normal n, conditioned on the normals that are to be held, in the metric of the
//! latents' covariance C: see [`Population`].

mod cholesky;
mod fit;
mod linfa;
mod persist;
mod population;
mod quantity;
mod report;
mod ridge;
mod svm;
mod synthesis;
#[cfg(test)]
pub(crate) mod synthetic;
mod train;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub(crate) use cholesky::Cholesky;
pub use fit::{FitOptions, Method, Sample};
pub use persist::DirectionsConfig;
pub use population::Population;
pub(crate) use population::{add, dot};
pub use quantity::{Margin, QUANTITIES, Quantity, Scale};
pub use report::{Leak, Steered};
pub(crate) use synthesis::{Explorer, moved};
pub use synthesis::{Synthesis, View};

use crate::{nn::ModelError, physics::PatchQuantities};

/// Why directions could not be fitted, read or followed.
#[derive(Debug, Error)]
pub enum DirectionsError {
    /// The name is not a measured quantity.
    #[error(
        "`{keyword}` is not a measured quantity: expected one of {}",
        QUANTITIES.map(|quantity| quantity.keyword).join(", ")
    )]
    UnknownQuantity {
        /// The name given.
        keyword: String,
    },
    /// Nothing was fitted for this quantity.
    #[error("no direction was fitted for `{keyword}`: fitted are {}", fitted.join(", "))]
    NotFitted {
        /// The quantity asked for.
        keyword: String,
        /// The quantities that can be steered.
        fitted: Vec<String>,
    },
    /// The quantity is defined on too few samples.
    #[error("`{keyword}` is defined on {found} samples, at least {needed} are needed: raise `samples`")]
    TooFewSamples {
        /// The quantity.
        keyword: String,
        /// Samples that define it.
        found: usize,
        /// Samples needed.
        needed: usize,
    },
    /// All samples have one value, so that there is nothing to steer.
    #[error("every sample has `{keyword}` = {value}: the generator does not vary it")]
    Constant {
        /// The quantity.
        keyword: &'static str,
        /// Its only value.
        value: f64,
    },
    /// The held quantities fix the steered one.
    #[error("`{keyword}` cannot move while {} hold: they fix it, hold fewer", held.join(", "))]
    Bound {
        /// The steered quantity.
        keyword: String,
        /// The held ones.
        held: Vec<String>,
    },
    /// The trainer failed.
    #[error("the hyperplane could not be trained: {reason}")]
    Separator {
        /// The trainer's words.
        reason: String,
    },
    /// The stored directions are damaged.
    #[error("the directions cannot be read: {reason}")]
    Damaged {
        /// What was expected and found.
        reason: String,
    },
    /// The generator failed.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// Which polarity lies to the west, the side that leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The positive polarity leads.
    PositiveWest,
    /// The negative polarity leads.
    PositiveEast,
}

impl Order {
    /// The order of a measured patch; none where it has only one polarity.
    pub fn of(quantities: &PatchQuantities) -> Option<Self> {
        Quantity::named("polarity")?
            .value(quantities)
            .map(Self::of_cosine)
    }

    /// The order that a `polarity` states, the signed cosine of the positive-minus-negative vector along
    /// west.
    pub fn of_cosine(polarity: f64) -> Self {
        if polarity >= 0.0 {
            Self::PositiveWest
        } else {
            Self::PositiveEast
        }
    }
}

/// The values of a quantity among the generator's own patches, in its unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// The low end of what can be asked for: one patch in a thousand lies below it.
    pub low: f64,
    /// The median.
    pub median: f64,
    /// The high end: one patch in a thousand lies above it.
    pub high: f64,
    /// The standard deviation.
    pub deviation: f64,
}

/// The part of the generator's own patches that lies beyond each end of the reach. That one in a thousand is drawn at
/// all shows that it can be; what is rarer than that, ten thousand samples cannot tell.
const BEYOND: f64 = 0.001;

impl Range {
    /// The range of these values; none of none.
    pub(crate) fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_unstable_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        let percentile = |p: f64| values[(p * last as f64).round() as usize];
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
        Some(Self {
            low: percentile(BEYOND),
            median: percentile(0.5),
            high: percentile(1.0 - BEYOND),
            deviation: variance.sqrt(),
        })
    }
}

/// How well a hyperplane fits the samples that were kept out of its training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fitted {
    /// Samples, those kept out included.
    pub samples: usize,
    /// The part of them on the right side.
    pub accuracy: f64,
    /// The part of the readings' variance that the score explains.
    pub r_squared: f64,
}

/// The hyperplane of one quantity.
#[derive(Clone, Debug, PartialEq)]
pub struct Direction {
    /// The quantity.
    pub quantity: Quantity,
    /// The polarity order it is fitted in; none where it serves both.
    pub order: Option<Order>,
    /// The unit normal, pointing to the high side.
    pub normal: Vec<f64>,
    /// `normal`·w + `offset` = 0 on the hyperplane.
    pub offset: f64,
    /// The change of the quantity's reading over one standard deviation of the latents.
    pub slope: f64,
    /// What the generator's own patches have.
    pub range: Range,
    /// How it fits.
    pub fitted: Fitted,
    /// What following it does, once that has been tried.
    pub steered: Option<Steered>,
}

impl Direction {
    /// The signed distance of a point from the hyperplane.
    pub fn distance(&self, point: &[f32]) -> f64 {
        self.normal
            .iter()
            .zip(point)
            .map(|(n, &x)| n * f64::from(x))
            .sum::<f64>()
            + self.offset
    }
}

/// The directions of one generator.
#[derive(Clone, Debug, PartialEq)]
pub struct Directions {
    population: Population,
    axes: Vec<Vec<f64>>,
    fitted: Vec<Direction>,
    options: FitOptions,
}

impl Directions {
    /// The directions, in the order in which they were asked for.
    pub fn all(&self) -> &[Direction] {
        &self.fitted
    }

    /// The settings of the fit.
    pub fn options(&self) -> &FitOptions {
        &self.options
    }

    /// The latents among which the directions lie.
    pub fn population(&self) -> &Population {
        &self.population
    }

    /// The fitted quantities, each once.
    pub fn keywords(&self) -> Vec<&'static str> {
        let mut keywords: Vec<_> = self.fitted.iter().map(|d| d.quantity.keyword).collect();
        keywords.dedup();
        keywords
    }

    /// The direction of a quantity for a patch of this polarity order.
    ///
    /// # Errors
    /// When none was fitted.
    pub fn get(&self, keyword: &str, order: Option<Order>) -> Result<&Direction, DirectionsError> {
        let mut of_keyword = self.fitted.iter().filter(|d| d.quantity.keyword == keyword);
        let first = of_keyword.next().ok_or_else(|| self.not_fitted(keyword))?;
        let fits = |d: &&Direction| d.order.is_none() || order.is_none() || d.order == order;
        Ok(Some(first)
            .filter(fits)
            .or_else(|| of_keyword.find(fits))
            .unwrap_or(first))
    }

    /// The step along a quantity's direction that leaves the scores of the held quantities as they are, of
    /// one standard deviation of the latents (unit Mahalanobis length).
    ///
    /// # Errors
    /// When a quantity has no direction, or the held ones leave the steered one no room.
    pub fn step(
        &self,
        keyword: &str,
        held: &[&str],
        order: Option<Order>,
    ) -> Result<Vec<f64>, DirectionsError> {
        let direction = self.get(keyword, order)?;
        let normals = held
            .iter()
            .map(|held| Ok(self.get(held, order)?.normal.as_slice()))
            .collect::<Result<Vec<_>, DirectionsError>>()?;
        self.population
            .pattern(&direction.normal, &normals)
            .ok_or_else(|| DirectionsError::Bound {
                keyword: keyword.to_owned(),
                held: held.iter().map(|&name| name.to_owned()).collect(),
            })
    }

    /// Steps at right angles, each one standard deviation long, in which the solver looks for its answer:
    /// the patterns of all directions, then the population's principal axes.
    pub(crate) fn axes(&self) -> &[Vec<f64>] {
        &self.axes
    }

    fn not_fitted(&self, keyword: &str) -> DirectionsError {
        DirectionsError::NotFitted {
            keyword: keyword.to_owned(),
            fitted: self.keywords().into_iter().map(str::to_owned).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_in_a_thousand_lies_beyond_each_end_of_the_reach() {
        let range = Range::of((0..=10_000).rev().map(f64::from).collect()).expect("there are values");
        assert_eq!((range.low, range.median, range.high), (10.0, 5000.0, 9990.0));
        assert!(Range::of(Vec::new()).is_none());
    }
}
