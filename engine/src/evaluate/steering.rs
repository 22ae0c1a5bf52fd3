//! How well STEER keeps what it is told to hold: the same walks free and with the others held.

use super::{Progressing, Score, statistics::quantile};
use crate::{
    directions::{Directions, DirectionsError, Synthesis},
    nn::{ModelError, Result},
    steer::{Course, Destination, path},
    target::TargetError,
};

/// What is steered, and what is to stay.
const ALONG: &str = "usflux";
const HELD: [&str; 2] = ["psep", "r_value"];
/// How far, in standard deviations of the latents, and in how many rows.
const BY: f64 = 1.0;
const STEPS: usize = 3;
/// What counts as held.
const TOLERANCE: f64 = 0.02;

/// `steer_drift_…` (held) and `steer_drift_free_…`: the largest change of a held quantity over walks from `count` seeded
/// starts, half of them to more flux and half to less, in standard deviations of that quantity among the generator's
/// own patches; and `steer_flux_change`, how much the steered flux changes all the same.
pub(super) fn steering(
    generator: &dyn Synthesis,
    directions: &Directions,
    (count, seed): (usize, u64),
    progress: &Progressing<'_>,
) -> Result<Vec<Score>> {
    let fitted = directions.keywords();
    if !fitted.contains(&ALONG) || HELD.iter().any(|held| !fitted.contains(held)) {
        return Ok(Vec::new());
    }
    let mut scores = Vec::new();
    for (name, hold) in [("", &HELD[..]), ("_free", &[])] {
        let (mut drifts, mut changes) = (Vec::new(), Vec::new());
        for i in 0..count as u64 {
            progress.check()?;
            let z = generator.latent(seed.wrapping_add(i), 0);
            let start = generator.map(&[z])?.swap_remove(0);
            let course = Course {
                along: ALONG,
                destination: Destination::By(if i % 2 == 0 { BY } else { -BY }),
                hold,
                steps: STEPS,
                tolerance: TOLERANCE,
            };
            let walked = match path(generator, directions, &start, &course) {
                Ok(walked) => walked,
                Err(TargetError::Directions(DirectionsError::Model(ModelError::Cancelled))) => {
                    return Err(ModelError::Cancelled);
                }
                // A start without a strong inversion line has no R to be held.
                Err(_) => continue,
            };
            let (first, last) = (&walked[0].view.quantities, &walked[STEPS - 1].view.quantities);
            let change = |keyword: &str| Some(last.get(keyword)? - first.get(keyword)?);
            let drift = |keyword: &&str| {
                let deviation = directions.get(keyword, None).ok()?.range.deviation;
                Some(change(keyword)?.abs() / deviation)
            };
            drifts.extend(HELD.iter().filter_map(drift).reduce(f64::max));
            changes.extend(change(ALONG).map(|change| change.abs() / first.usflux));
        }
        for (suffix, p) in [("median", 0.5), ("p90", 0.9)] {
            let score = Score::new(
                format!("steer_drift{name}_{suffix}"),
                quantile(&drifts, p),
                drifts.len(),
            );
            scores.push(score.with_compare("in standard deviations of psep or r_value"));
        }
        let score = Score::new(
            format!("steer_flux_change{name}_median"),
            quantile(&changes, 0.5),
            changes.len(),
        );
        scores.push(score.with_compare("part of the flux at the start"));
    }
    Ok(scores)
}
