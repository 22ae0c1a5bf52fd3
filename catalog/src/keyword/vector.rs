//! What needs the vector field: the SHARP keywords of Bobra et al. 2014, table 3, as JSOC computes them.
//!
//! Bz = Br, By = −Bt, Bx = Bp; sums run where `conf_disambig` ≥ 70 and bitmap ≥ 30. Two habits of the
//! catalogue are told here since its values carry them: gradients are in G/pixel, and the potential field
//! of MEANPOT, TOTPOT, MEANSHR and SHRGT45 is in effect −∇Bz.

use super::{Keyword, Needs};

/// The rows, in the order of listings.
pub const KEYWORDS: &[Keyword] = &[
    row(
        "cmask",
        "CMASK",
        "pixel",
        "Number of pixels that the vector keywords are computed from.",
    )
    .formula("N"),
    row(
        "meangam",
        "MEANGAM",
        "deg",
        "Mean inclination of the field from the vertical.",
    )
    .error("ERRGAM")
    .formula("1/N Σ atan(Bh / |Bz|) where Bh ≥ 100 G"),
    row(
        "meangbt",
        "MEANGBT",
        "G/pixel",
        "Mean horizontal gradient of the total field.",
    )
    .error("ERRBT")
    .formula("1/N Σ |∇|B||"),
    row(
        "meangbz",
        "MEANGBZ",
        "G/pixel",
        "Mean horizontal gradient of the vertical field.",
    )
    .error("ERRBZ")
    .formula("1/N Σ |∇Bz|"),
    row(
        "meangbh",
        "MEANGBH",
        "G/pixel",
        "Mean horizontal gradient of the horizontal field.",
    )
    .error("ERRBH")
    .formula("1/N Σ |∇Bh|"),
    row("meanjzd", "MEANJZD", "mA/m2", "Mean vertical current density.")
        .error("ERRJZ")
        .formula("1/N Σ Jz, Jz = (∂By/∂x − ∂Bx/∂y) / μ₀"),
    row("totusjz", "TOTUSJZ", "A", "Total unsigned vertical current.")
        .error("ERRUSI")
        .formula("Σ |Jz| dA"),
    row(
        "meanalp",
        "MEANALP",
        "1/Mm",
        "Mean twist parameter α, weighted by Bz².",
    )
    .error("ERRALP")
    .formula("Σ Jz Bz / Σ Bz²"),
    row(
        "meanjzh",
        "MEANJZH",
        "G2/m",
        "Mean current helicity of the vertical components.",
    )
    .error("ERRMIH")
    .formula("1/N Σ Bz Jz"),
    row("totusjh", "TOTUSJH", "G2/m", "Total unsigned current helicity.")
        .error("ERRTUI")
        .formula("Σ |Bz Jz|"),
    row(
        "absnjzh",
        "ABSNJZH",
        "G2/m",
        "Absolute value of the net current helicity.",
    )
    .error("ERRTAI")
    .formula("|Σ Bz Jz|"),
    row(
        "savncpp",
        "SAVNCPP",
        "A",
        "Sum of the absolute net currents of the two polarities.",
    )
    .error("ERRJHT")
    .formula("|Σ Jz dA over Bz > 0| + |Σ Jz dA over Bz ≤ 0|; JSOC's values are 3.86 times true amperes"),
    row(
        "meanpot",
        "MEANPOT",
        "erg/cm3",
        "Mean density of the free magnetic energy, by JSOC's potential field.",
    )
    .error("ERRMPOT")
    .formula("1/N Σ |Bobs − Bpot|² / 8π"),
    row(
        "totpot",
        "TOTPOT",
        "erg/cm",
        "Total free magnetic energy per unit height, by JSOC's potential field.",
    )
    .error("ERRTPOT")
    .formula("Σ |Bobs − Bpot|² dA / 8π"),
    row(
        "meanshr",
        "MEANSHR",
        "deg",
        "Mean shear angle, by JSOC's potential field.",
    )
    .error("ERRMSHA")
    .formula("1/N Σ arccos(Bobs · Bpot / |Bobs| |Bpot|)"),
    row(
        "shrgt45",
        "SHRGT45",
        "%",
        "Part of the area where the shear angle exceeds 45 degrees.",
    )
    .formula("100 N(shear > 45°) / N"),
];

const fn row(name: &'static str, card: &'static str, unit: &'static str, summary: &'static str) -> Keyword {
    Keyword::new(name, Needs::Vector, unit, summary)
        .card(card)
        .reference("Bobra et al. 2014, table 3")
}
