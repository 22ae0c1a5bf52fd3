//! What can be measured on a PATCH: one signed component B of the field on a true-scale grid.
//!
//! The sums run over the whole patch, where JSOC's run over its masks; that is why a measured `usflux` and
//! the column of the same name may differ, and why a model carries its calibration between the two.

use super::{Keyword, Needs};

const PAPER: &str = "arXiv:2502.05351, at true scale";
const SCHRIJVER: &str = "Schrijver 2007 (ApJ 655, L117)";

/// The rows, in the order of listings.
pub const KEYWORDS: &[Keyword] = &[
    row("usflux", "Mx", "Total unsigned magnetic flux.")
        .card("USFLUX")
        .error("ERRVF")
        .aliases(&["tuf"])
        .formula("Φ = Σ |B| dA; the column: Σ |Br| dA where conf_disambig ≥ 70 and bitmap ≥ 30")
        .reference("Bobra et al. 2014, table 3"),
    row("tpf", "Mx", "Total positive flux.")
        .formula("Φ⁺ = Σ B dA where B > 0")
        .reference(PAPER),
    row("tnf", "Mx", "Total negative flux, as a positive number.")
        .formula("Φ⁻ = Σ |B| dA where B < 0")
        .reference(PAPER),
    row("netflux", "Mx", "Net flux: the imbalance of the polarities.")
        .formula("Φ⁺ − Φ⁻ = Σ B dA")
        .reference(PAPER),
    row(
        "psep",
        "Mm",
        "Distance between the flux-weighted centroids of the two polarities.",
    )
    .formula("|r⁺ − r⁻|, r± = Σ r |B| / Σ |B| over the strong field of each sign")
    .reference(PAPER),
    row(
        "r_flux",
        "Mx",
        "Unsigned flux near polarity inversion lines of strong field.",
    )
    .formula("R = Σ w |B| dA, w = the inversion line widened to 15 Mm")
    .reference(SCHRIJVER),
    row(
        "r_value",
        "log10",
        "Logarithm of the unsigned flux near polarity inversion lines, 0 where there is none.",
    )
    .card("R_VALUE")
    .formula("log10 Σ w |B| in G over pixels of 2 arcsec, B along the line of sight")
    .reference(SCHRIJVER),
    row("area", "Mm2", "Area of strong field.")
        .formula("N dA, N = pixels of strong |B|")
        .reference(PAPER),
    row("tilt", "deg", "Angle of the axis of polarity, from east-west.")
        .formula("atan2(Δy, Δx) between the centroids of psep")
        .reference(PAPER),
    row("polarity", "", "Sign of the western, leading polarity: +1 or −1.")
        .formula("sign(x⁺ − x⁻), x to the west")
        .reference(PAPER),
    row(
        "dipole",
        "Mm",
        "How far the positive polarity lies west of the negative one, negative where it lies east.",
    )
    .formula("x⁺ − x⁻, x to the west, between the centroids of psep")
    .reference(PAPER),
    row(
        "imbalance",
        "",
        "Net flux as a part of the unsigned flux, from −1 to 1.",
    )
    .formula("(Φ⁺ − Φ⁻) / Φ")
    .reference(PAPER),
];

const fn row(name: &'static str, unit: &'static str, summary: &'static str) -> Keyword {
    Keyword::new(name, Needs::Patch, unit, summary)
}
