//! What needs the line-of-sight magnetogram: sums run where bitmap ≥ 30. Headers have these cards since
//! JSOC's reprocessing of 2018, older files lack them.

use super::{Keyword, Needs};

/// The rows, in the order of listings.
pub const KEYWORDS: &[Keyword] = &[
    row(
        "usfluxl",
        "USFLUXL",
        "Mx",
        "Total unsigned flux of the line-of-sight field.",
    )
    .formula("Σ |Blos| dA"),
    row(
        "meangbl",
        "MEANGBL",
        "G/pixel",
        "Mean horizontal gradient of the line-of-sight field.",
    )
    .formula("1/N Σ |∇Blos|"),
    row(
        "cmaskl",
        "CMASKL",
        "pixel",
        "Number of pixels that the line-of-sight keywords are computed from.",
    )
    .formula("N"),
];

const fn row(name: &'static str, card: &'static str, unit: &'static str, summary: &'static str) -> Keyword {
    Keyword::new(name, Needs::LineOfSight, unit, summary)
        .card(card)
        .reference("JSOC hmi.sharp_cea_720s")
}
