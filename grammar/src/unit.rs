//! Units a number can be written against, and the dimensions they measure.
//!
//! Each dimension has one base unit, in which the whole engine computes: `to_base` is how many base
//! units one unit is. Symbols are case-sensitive, as SI's are: `Mm` is a megametre, `mm` is not.
//!
//! Hemispheres: one `uHem` is a millionth of the visible hemisphere, 2πR² with R = 696 Mm
//! (nominal solar radius rounded as SHARP's `RSUN_REF`, 6.96e8 m; Bobra et al. 2014).

mod compound;

use std::{f64::consts::PI, fmt};

pub use self::compound::Compound;
use crate::suggest;

/// What a unit measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dimension {
    /// Magnetic flux, in Mx.
    Flux,
    /// Magnetic field strength, in G.
    Field,
    /// Length, in Mm.
    Length,
    /// Angle, in deg.
    Angle,
    /// Area, in Mm2.
    Area,
    /// Electric current, in A.
    Current,
}

impl Dimension {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Flux,
        Self::Field,
        Self::Length,
        Self::Angle,
        Self::Area,
        Self::Current,
    ];

    /// Symbol of the unit that the engine computes in.
    pub fn base(self) -> &'static str {
        match self {
            Self::Flux => "Mx",
            Self::Field => "G",
            Self::Length => "Mm",
            Self::Angle => "deg",
            Self::Area => "Mm2",
            Self::Current => "A",
        }
    }

    /// The dimension's name with its article, for messages: "a flux", "an angle".
    pub fn described(self) -> &'static str {
        match self {
            Self::Flux => "a flux",
            Self::Field => "a field strength",
            Self::Length => "a length",
            Self::Angle => "an angle",
            Self::Area => "an area",
            Self::Current => "a current",
        }
    }

    /// The units that measure it.
    pub fn units(self) -> impl Iterator<Item = &'static Unit> {
        UNITS.iter().filter(move |unit| unit.dimension == self)
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flux => "flux",
            Self::Field => "field strength",
            Self::Length => "length",
            Self::Angle => "angle",
            Self::Area => "area",
            Self::Current => "current",
        })
    }
}

/// A unit that may stand behind a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// As it is written: `Mx`.
    pub symbol: &'static str,
    /// As it is spoken: `maxwell`.
    pub name: &'static str,
    /// What it measures.
    pub dimension: Dimension,
    /// How many base units of its dimension it is.
    pub to_base: f64,
}

/// Every unit, by dimension, the base unit of each first.
pub const UNITS: &[Unit] = &[
    unit("Mx", "maxwell", Dimension::Flux, 1.0),
    unit("Wb", "weber", Dimension::Flux, 1e8),
    unit("G", "gauss", Dimension::Field, 1.0),
    unit("kG", "kilogauss", Dimension::Field, 1e3),
    unit("mT", "millitesla", Dimension::Field, 1e1),
    unit("T", "tesla", Dimension::Field, 1e4),
    unit("Mm", "megametre", Dimension::Length, 1.0),
    unit("km", "kilometre", Dimension::Length, 1e-3),
    unit("m", "metre", Dimension::Length, 1e-6),
    unit("cm", "centimetre", Dimension::Length, 1e-8),
    unit("deg", "degree", Dimension::Angle, 1.0),
    unit("rad", "radian", Dimension::Angle, 180.0 / PI),
    unit("arcmin", "arcminute", Dimension::Angle, 1.0 / 60.0),
    unit("arcsec", "arcsecond", Dimension::Angle, 1.0 / 3600.0),
    unit("Mm2", "square megametre", Dimension::Area, 1.0),
    unit(
        "uHem",
        "microhemisphere",
        Dimension::Area,
        2e-6 * PI * 696.0 * 696.0,
    ),
    unit("A", "ampere", Dimension::Current, 1.0),
];

const fn unit(symbol: &'static str, name: &'static str, dimension: Dimension, to_base: f64) -> Unit {
    Unit {
        symbol,
        name,
        dimension,
        to_base,
    }
}

impl Unit {
    /// The unit with this symbol.
    ///
    /// # Errors
    /// [`UnknownUnit`] when there is none; it knows the closest one.
    ///
    /// # Examples
    /// ```
    /// use helioql_grammar::Unit;
    ///
    /// assert_eq!(Unit::find("Wb").unwrap().to_base, 1e8); // 1 Wb = 10⁸ Mx
    /// assert_eq!(Unit::find("mx").unwrap_err().closest, Some("Mx"));
    /// ```
    pub fn find(symbol: &str) -> Result<&'static Unit, UnknownUnit> {
        UNITS
            .iter()
            .find(|unit| unit.symbol == symbol)
            .ok_or_else(|| UnknownUnit {
                symbol: symbol.to_owned(),
                closest: closest(symbol),
            })
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol)
    }
}

/// A symbol that no unit has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown unit `{symbol}`")]
pub struct UnknownUnit {
    /// As it was written.
    pub symbol: String,
    /// Symbol of the unit that was probably meant.
    pub closest: Option<&'static str>,
}

impl UnknownUnit {
    /// Whether only the case is wrong.
    pub fn is_wrong_case(&self) -> bool {
        self.closest
            .is_some_and(|closest| closest.eq_ignore_ascii_case(&self.symbol))
    }
}

/// The symbols of all units, for messages.
pub fn symbols() -> String {
    UNITS
        .iter()
        .map(|unit| unit.symbol)
        .collect::<Vec<_>>()
        .join(", ")
}

/// By symbol in another case, then by name (`gauss`, `degrees`), then by a slip of the finger.
fn closest(written: &str) -> Option<&'static str> {
    let by_symbol = || {
        UNITS
            .iter()
            .find(|unit| unit.symbol.eq_ignore_ascii_case(written))
    };
    let by_name = || {
        let singular = written.strip_suffix(['s', 'S']).unwrap_or(written);
        UNITS.iter().find(|unit| {
            [written, singular]
                .iter()
                .any(|word| unit.name.eq_ignore_ascii_case(word))
        })
    };
    by_symbol()
        .or_else(by_name)
        .map(|unit| unit.symbol)
        .or_else(|| suggest::closest(written, UNITS.iter().map(|unit| unit.symbol)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_unit_is_one_of_itself() {
        for unit in UNITS {
            let base = Unit::find(unit.dimension.base()).expect("every base unit is in the table");
            assert_eq!((base.dimension, base.to_base), (unit.dimension, 1.0));
            assert_eq!(
                UNITS.iter().filter(|other| other.symbol == unit.symbol).count(),
                1,
                "{unit}"
            );
        }
    }

    #[test]
    fn a_hemisphere_is_half_the_sun() {
        // 2π × (696 Mm)² × 10⁻⁶, by hand: 2 × 3.14159265 × 484416 × 10⁻⁶ = 3.0436755.
        let hemisphere = Unit::find("uHem").expect("uHem is in the table").to_base;
        assert!((hemisphere - 3.043_675_5).abs() < 1e-7, "{hemisphere}");
    }

    #[test]
    fn mistakes_are_guessed() {
        for (written, closest) in [
            ("mx", Some("Mx")),
            ("MM", Some("Mm")),
            ("gauss", Some("G")),
            ("Degrees", Some("deg")),
            ("arcsecs", Some("arcsec")),
            ("Gs", Some("G")),
            ("parsec", Some("arcsec")),
            ("lightyear", None),
            ("", None),
        ] {
            assert_eq!(
                Unit::find(written).expect_err("no such unit").closest,
                closest,
                "{written}"
            );
        }
    }
}
