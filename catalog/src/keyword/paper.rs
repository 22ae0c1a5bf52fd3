//! What arXiv:2502.05351 measures on a PATCH: numbers of its image s, which is B clipped at ±1000 G, divided by that
//! and squashed to 128 × 128 pixels whatever the shape.
//!
//! They stand apart from the true-scale quantities of the same ideas because they have no units and depend on how
//! the patch was cut.

use super::{Keyword, Needs};

/// The rows, in the order of listings.
pub const KEYWORDS: &[Keyword] = &[
    row("paper_tuf", "", "Total unsigned flux, as the mean of |s|.").formula("Σ|s| / 128²"),
    row("paper_tpf", "", "Total positive flux, as the mean of positive s.").formula("Σs / N over s > 0"),
    row(
        "paper_tnf",
        "",
        "Total negative flux, as the mean of negative |s|.",
    )
    .formula("Σ|s| / N over s < 0"),
    row(
        "paper_psep",
        "",
        "Distance of the polarities' centroids, as part of the diagonal.",
    )
    .formula("|r⁻ − r⁺| / (128 √2), r± = Σrs / Σs over s > 0.15, s < −0.15"),
    row("paper_tilt", "rad", "Angle of the line between the centroids.")
        .formula("asin((y⁻ − y⁺) / |r⁻ − r⁺|), y to the north"),
    row("paper_eflux", "", "Excess flux of the strong field.").formula("Σs over |s| > 0.15"),
    row("paper_area", "", "Part of the image with strong field.").formula("N / 128² over |s| > 0.15"),
    row(
        "paper_lp",
        "px",
        "Leading polarity: how far the positive centroid lies west of the negative one.",
    )
    .formula("x⁺ − x⁻, x to the west"),
    row("paper_r", "", "Flux where strong polarities meet.")
        .formula("Σ|s| where s > 0.15 and s < −0.15, each widened by 3 pixels, overlap"),
];

const fn row(name: &'static str, unit: &'static str, summary: &'static str) -> Keyword {
    Keyword::new(name, Needs::Squashed, unit, summary).reference("arXiv:2502.05351")
}
