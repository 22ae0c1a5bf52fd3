//! Precision and recall of a drawn sample (Kynkäänniemi et al. 2019): a sample's manifold is the union of balls around
//! its rows that reach to the third neighbour. Precision is the part of drawn rows on the real manifold (do they
//! look real?), recall the part of real rows on the drawn one (is all that is real drawn too?).

use rayon::prelude::*;

use super::neighbours::{radii, squared};

/// The neighbour that a ball reaches to.
const NEIGHBOUR: usize = 3;

/// Precision and recall; `None` when either sample has fewer than four rows.
///
/// # Examples
/// ```
/// use helioql::evaluate::manifold::precision_recall;
/// let row = |from: f64| -> Vec<Vec<f64>> { (0..4).map(|i| vec![from + f64::from(i)]).collect() };
/// assert_eq!(precision_recall(&row(0.0), &row(0.5)), Some((1.0, 1.0)));
/// assert_eq!(precision_recall(&row(0.0), &row(100.0)), Some((0.0, 0.0)));
/// ```
pub fn precision_recall(real: &[Vec<f64>], drawn: &[Vec<f64>]) -> Option<(f64, f64)> {
    let (of_real, of_drawn) = (radii(real, NEIGHBOUR)?, radii(drawn, NEIGHBOUR)?);
    Some((covered(drawn, real, &of_real), covered(real, drawn, &of_drawn)))
}

/// The part of rows that lie in a ball around one of the centres.
fn covered(rows: &[Vec<f64>], centres: &[Vec<f64>], radii: &[f64]) -> f64 {
    let inside = rows.par_iter().filter(|row| {
        let balls = centres.iter().zip(radii);
        balls
            .into_iter()
            .any(|(centre, radius)| squared(row, centre) <= *radius)
    });
    inside.count() as f64 / rows.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_of_one_mode_has_precision_without_recall() {
        // Real rows stand around 0 and around 100, drawn ones around 0 alone.
        let around = |centre: f64| (0..8).map(move |i| vec![centre + f64::from(i)]);
        let real: Vec<_> = around(0.0).chain(around(100.0)).collect();
        let drawn: Vec<_> = around(0.25).collect();
        assert_eq!(precision_recall(&real, &drawn), Some((1.0, 0.5)));
        assert_eq!(precision_recall(&drawn, &real), Some((0.5, 1.0)));
        assert_eq!(precision_recall(&real[..3], &drawn), None);
    }
}
