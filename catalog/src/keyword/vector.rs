//! What needs the vector field: the SHARP keywords of Bobra et al. 2014, table 3, as JSOC computes them.
//!
//! Bz = Br, By = −Bt, Bx = Bp; sums run where `conf_disambig` ≥ 70 and bitmap ≥ 30. Two habits of the
//! catalogue are told here since its values carry them: gradients are in G/pixel, and the potential field
//! of MEANPOT, TOTPOT, MEANSHR and SHRGT45 is in effect −∇Bz. The keywords that end in `_mm` and `_pot` are
//! the physical ones; no header has them.

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
    physical(
        "meangbt_mm",
        "G/Mm",
        "Mean horizontal gradient of the total field, per Mm.",
    )
    .error("MEANGBT_MM_ERR")
    .formula("1/N Σ |∇|B||")
    .reference("Bobra et al. 2014, table 3"),
    physical(
        "meangbz_mm",
        "G/Mm",
        "Mean horizontal gradient of the vertical field, per Mm.",
    )
    .error("MEANGBZ_MM_ERR")
    .formula("1/N Σ |∇Bz|")
    .reference("Bobra et al. 2014, table 3"),
    physical(
        "meangbh_mm",
        "G/Mm",
        "Mean horizontal gradient of the horizontal field, per Mm.",
    )
    .error("MEANGBH_MM_ERR")
    .formula("1/N Σ |∇Bh|")
    .reference("Bobra et al. 2014, table 3"),
    physical(
        "meanpot_pot",
        "erg/cm3",
        "Mean density of the free magnetic energy, by the true potential field.",
    )
    .error("MEANPOT_POT_ERR")
    .formula("1/N Σ |Bobs − Bpot|² / 8π, Bpot by Fourier transform"),
    physical(
        "totpot_pot",
        "erg/cm",
        "Total free magnetic energy per unit height, by the true potential field.",
    )
    .error("TOTPOT_POT_ERR")
    .formula("Σ |Bobs − Bpot|² dA / 8π, Bpot by Fourier transform"),
    physical(
        "meanshr_pot",
        "deg",
        "Mean shear angle, by the true potential field.",
    )
    .error("MEANSHR_POT_ERR")
    .formula("1/N Σ arccos(Bobs · Bpot / |Bobs| |Bpot|), Bpot by Fourier transform"),
    physical(
        "shrgt45_pot",
        "%",
        "Part of the area where the true shear angle exceeds 45 degrees.",
    )
    .formula("100 N(shear > 45°) / N, Bpot by Fourier transform"),
    physical(
        "free_energy",
        "erg",
        "Free magnetic energy of the volume above the patch, by the virial theorem.",
    )
    .formula("∫ (x (Bx − Bxpot) + y (By − Bypot)) Bz dA / 4π")
    .reference("Metcalf et al. 2008 (Sol. Phys. 247, 269)"),
];

const fn row(name: &'static str, card: &'static str, unit: &'static str, summary: &'static str) -> Keyword {
    Keyword::new(name, Needs::Vector, unit, summary)
        .card(card)
        .reference("Bobra et al. 2014, table 3")
}

/// A keyword that is computed, and in no header.
const fn physical(name: &'static str, unit: &'static str, summary: &'static str) -> Keyword {
    Keyword::new(name, Needs::Vector, unit, summary).reference("Gary 1989 (ApJS 69, 323)")
}
