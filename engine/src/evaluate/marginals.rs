//! The physical quantities of drawn patches beside those of real ones: each distribution alone (Kolmogorov–Smirnov
//! distance), and how they go together (Spearman's correlation of every two).

use super::{
    Measured, Score,
    statistics::{Bootstrap, spearman},
};
use crate::{
    encoder::physical::JOINED,
    generator::evaluate::{QUANTITIES, kolmogorov_smirnov},
};

/// `ks_tuf` and its like, each with its floor; the interval is from resampled held-out regions.
pub(super) fn marginals(
    drawn: &Measured,
    train: &Measured,
    held_out: &Measured,
    bootstrap: Bootstrap,
) -> Vec<Score> {
    let mut scores = Vec::new();
    for (keyword, metric) in QUANTITIES {
        let value = |row: &usize| held_out.quantities[*row].get(keyword).unwrap_or(f64::NAN);
        let (of_drawn, of_train) = (drawn.column(keyword), train.column(keyword));
        let real = held_out.column(keyword);
        let distance =
            |of: &[f64]| (!of.is_empty() && !real.is_empty()).then(|| kolmogorov_smirnov(of, &real));
        let interval = bootstrap.interval(&held_out.regions, |rows| {
            let rows: Vec<f64> = rows.iter().map(value).filter(|v| v.is_finite()).collect();
            (!rows.is_empty()).then(|| kolmogorov_smirnov(&of_drawn, &rows))
        });
        let [score, floor] = Score::with_floor(
            metric,
            (distance(&of_drawn), of_drawn.len()),
            (distance(&of_train), of_train.len()),
        );
        scores.extend([score.with_interval(interval), floor]);
    }
    scores
}

/// The mean difference of the Spearman correlations of every two of the eight quantities.
pub(super) fn correlations(a: &Measured, b: &Measured) -> Option<f64> {
    let mut differences = Vec::new();
    for (i, first) in JOINED.iter().enumerate() {
        for second in &JOINED[..i] {
            differences.push((correlation(a, first, second)? - correlation(b, first, second)?).abs());
        }
    }
    Some(differences.iter().sum::<f64>() / differences.len() as f64)
}

fn correlation(of: &Measured, first: &str, second: &str) -> Option<f64> {
    let pairs = of.quantities.iter().filter_map(|row| {
        let (a, b) = (row.get(first)?, row.get(second)?);
        (a.is_finite() && b.is_finite()).then_some((a, b))
    });
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.unzip();
    spearman(&a, &b)
}
