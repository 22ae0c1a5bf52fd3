//! How often a generator meets what it is asked for, and at what price.
//!
//! One target: each quantity in turn, uniform in its logarithm between the 5th and 95th percentile of the real
//! patches. Two and three targets: the values that one real patch has together, so that what is asked for exists.

use std::time::Instant;

use super::{
    Progressing, Score,
    statistics::{Bootstrap, quantile},
};
use crate::{
    directions::{Directions, DirectionsError, Synthesis},
    generator::evaluate::QUANTITIES,
    nn::{Random, Result},
    patch::Patch,
    physics::PatchQuantities,
    target::{TargetError, solve},
};

/// A target is met within this fraction of its value.
const TOLERANCE: f64 = 0.02;
/// The quantities that are asked for together, from the front.
const TOGETHER: [&str; 3] = ["usflux", "psep", "r_value"];

/// Requests between two reports.
const REPORT_EVERY: usize = 10;

/// The patches of the answers, by the suffix of their figures.
pub(super) type Answers = Vec<(&'static str, Vec<Patch>)>;

/// What is asked for at once.
type Request = Vec<(&'static str, f64)>;

/// The rates and costs of `count` requests of one, of two and of three targets, and the answers.
pub(super) fn targets(
    generator: &dyn Synthesis,
    directions: &Directions,
    real: &[PatchQuantities],
    (count, seed): (usize, u64),
    bootstrap: Bootstrap,
    progress: &Progressing<'_>,
) -> Result<(Vec<Score>, Answers)> {
    let (mut scores, mut answers) = (Vec::new(), Vec::new());
    for (name, what, requests) in [
        ("", "one target", single(directions, real, count, seed)),
        ("_two", "two targets", joint(directions, real, 2, count, seed)),
        ("_three", "three targets", joint(directions, real, 3, count, seed)),
    ] {
        let (mut hits, mut images, mut milliseconds) = (Vec::new(), Vec::new(), Vec::new());
        let mut patches = Vec::new();
        for (at, request) in requests.iter().enumerate() {
            progress.check()?;
            if at % REPORT_EVERY == 0 {
                progress.within(what, at, requests.len());
            }
            let start = Instant::now();
            match solve(
                generator,
                directions,
                request,
                seed.wrapping_add(at as u64),
                0,
                TOLERANCE,
            ) {
                Ok(solved) => {
                    milliseconds.push(start.elapsed().as_secs_f64() * 1e3);
                    images.push(solved.images as f64);
                    hits.push(met(request, &solved.quantities));
                    patches.push(solved.patch);
                }
                Err(TargetError::Directions(DirectionsError::Model(error))) => return Err(error),
                // Out of reach or not met: a miss.
                Err(_) => hits.push(false),
            }
        }
        let rate = |rows: &[usize]| {
            let met = rows.iter().filter(|&&row| hits[row]).count();
            (!rows.is_empty()).then(|| met as f64 / rows.len() as f64)
        };
        let all: Vec<usize> = (0..hits.len()).collect();
        let alone: Vec<i64> = (0..hits.len() as i64).collect();
        scores.push(
            Score::new(format!("target_hit_rate{name}"), rate(&all), hits.len())
                .with_interval(bootstrap.interval(&alone, rate))
                .with_compare(format!("within {} %", TOLERANCE * 100.0)),
        );
        for (metric, values) in [("target_images", &images), ("target_ms", &milliseconds)] {
            let metric = format!("{metric}{name}_median");
            scores.push(Score::new(metric, quantile(values, 0.5), values.len()));
        }
        answers.push((name, patches));
    }
    Ok((scores, answers))
}

/// Whether the patch has what was asked for, by its own quantities.
fn met(request: &Request, found: &PatchQuantities) -> bool {
    request.iter().all(|(keyword, wanted)| {
        let found = found.get(keyword).unwrap_or(f64::NAN);
        (found - wanted).abs() <= TOLERANCE * wanted.abs()
    })
}

/// One quantity each, in turn those that have a direction.
fn single(directions: &Directions, real: &[PatchQuantities], count: usize, seed: u64) -> Vec<Request> {
    let fitted = directions.keywords();
    let ranges: Vec<(&str, f64, f64)> = QUANTITIES
        .iter()
        .filter(|(keyword, _)| fitted.contains(keyword))
        .filter_map(|&(keyword, _)| {
            let values = real
                .iter()
                .filter_map(|row| row.get(keyword).filter(|v| *v > 0.0));
            let logs: Vec<f64> = values.map(f64::log10).collect();
            Some((keyword, quantile(&logs, 0.05)?, quantile(&logs, 0.95)?))
        })
        .collect();
    let mut random = Random::new(seed, 1);
    let request = |(keyword, low, high): &(&'static str, f64, f64), random: &mut Random| {
        let log = low + (high - low) * f64::from(random.uniform());
        vec![(*keyword, 10_f64.powf(log))]
    };
    ranges
        .iter()
        .cycle()
        .take(if ranges.is_empty() { 0 } else { count })
        .map(|range| request(range, &mut random))
        .collect()
}

/// The first `together` of [`TOGETHER`] as random real patches have them; none unless all have directions.
fn joint(
    directions: &Directions,
    real: &[PatchQuantities],
    together: usize,
    count: usize,
    seed: u64,
) -> Vec<Request> {
    let fitted = directions.keywords();
    let keywords = &TOGETHER[..together];
    let defined = |row: &&PatchQuantities| {
        keywords
            .iter()
            .all(|keyword| row.get(keyword).is_some_and(|value| value > 0.0))
    };
    let rows: Vec<&PatchQuantities> = real.iter().filter(defined).collect();
    if rows.is_empty() || keywords.iter().any(|keyword| !fitted.contains(keyword)) {
        return Vec::new();
    }
    let mut random = Random::new(seed, together as u64);
    (0..count)
        .map(|_| {
            let row = rows[random.index(rows.len())];
            keywords
                .iter()
                .filter_map(|keyword| Some((*keyword, row.get(keyword)?)))
                .collect()
        })
        .collect()
}

/// The largest change of a quantity that was to hold, over one standard deviation of the latents along a direction,
/// in standard deviations of that quantity; from the directions' own report.
pub(super) fn leakage(directions: &Directions) -> Score {
    let mut leaks = Vec::new();
    for direction in directions.all() {
        let Some(steered) = &direction.steered else {
            continue;
        };
        let held = directions.held_for(direction);
        let of_held = steered
            .leakage
            .iter()
            .filter(|leak| held.contains(&leak.keyword.as_str()));
        leaks.extend(of_held.map(|leak| leak.held.abs()));
    }
    let largest = leaks.iter().copied().reduce(f64::max);
    Score::new("leakage_max", largest, leaks.len())
}
