//! A number with a unit, `1.5e22 Mx`, as it stands in strings and in options.
//!
//! ```text
//! quantity := [+|-] digits [. digits] [e [+|-] digits] [spaces] unit
//! ```

use std::{fmt, str::FromStr};

use nom::{
    Finish, IResult, Parser, bytes::complete::take_while1, character::complete::multispace0,
    number::complete::recognize_float, sequence::delimited,
};

use crate::{
    keywords::Syntax,
    unit::{Dimension, Unit, UnknownUnit},
};

/// A number and the unit it counts.
///
/// # Examples
/// ```
/// use helioql_grammar::{Dimension, Quantity};
///
/// let flux: Quantity = "3e14Wb".parse()?;
/// assert_eq!(flux.in_base(Dimension::Flux), Some(3e22)); // 1 Wb = 10⁸ Mx
/// assert_eq!(flux.in_base(Dimension::Length), None);
/// assert_eq!(flux.to_string(), "300000000000000 Wb");
/// # Ok::<(), helioql_grammar::literal::QuantityError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantity {
    /// The number as written, in `unit`.
    pub value: f64,
    /// The unit as written.
    pub unit: &'static Unit,
}

/// What help says of it.
pub(crate) const SYNTAX: Syntax = Syntax {
    opening: "QUANTITY",
    form: "1e22Mx | 60Mm | … | QUANTITY '1e22 Mx'",
    summary: "a number with its unit, converted and checked where it stands",
    details: "\
No space stands between the number and the unit. The quantity is converted to the unit of the argument or the column \
beside which it stands, and one of another dimension is an error. Where neither has a unit, it is the number in the \
base unit of its dimension. Units are carried through products and quotients: usflux / area is compared with 200G as \
a field strength is. Columns carry their unit in the field metadata, through Parquet too.

Units are case-sensitive, as SI's are: Mm is a megametre, 1e6 m; Mx a maxwell, 1e-8 Wb; mT a millitesla, T a tesla; m a \
metre, never a minute; deg a degree; G a gauss, kG a thousand. A symbol in the wrong case is an error that names the right \
one, never a guess. The exponent belongs to the number: 1e5m is 100 km.

With a space the word is an alias, as in any SQL: SELECT 1 Mx is the number 1 in a column named mx.",
    settings: &[],
    returns: "A DOUBLE in the unit of its place.",
    examples: &[
        "SELECT 1 Mx, 1Wb AS flux, 5e7km AS length, QUANTITY '0.2 T' AS field",
        "SELECT count(*) = (SELECT count(*) FROM sharps WHERE usflux > 1e14Wb) AS same FROM sharps WHERE usflux > 1e22Mx",
        "SELECT count(*) AS above FROM (SELECT USFLUX(patch) AS f, AREA(patch) AS a FROM sharps LIMIT 10) WHERE f / a > 1G",
    ],
    errors: &[
        "SELECT harpnum FROM sharps WHERE usflux > 60Mm",
        "SELECT harpnum FROM sharps WHERE usflux > 1e22mx",
    ],
};

impl Quantity {
    /// A number against a unit's symbol.
    ///
    /// # Errors
    /// When the number is not finite, before or after conversion to the base unit, or the symbol is
    /// no unit's.
    pub fn new(value: f64, symbol: &str) -> Result<Self, QuantityError> {
        let unit = Unit::find(symbol)?;
        if (value * unit.to_base).is_finite() {
            Ok(Self { value, unit })
        } else {
            Err(QuantityError::OutOfRange)
        }
    }

    /// What the unit measures.
    pub fn dimension(&self) -> Dimension {
        self.unit.dimension
    }

    /// The number in the base unit of `dimension`, or nothing if this is a quantity of another kind.
    pub fn in_base(&self, dimension: Dimension) -> Option<f64> {
        (self.unit.dimension == dimension).then_some(self.value * self.unit.to_base)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Debug prints the shortest digits that read back the same, with an exponent when long.
        let number = format!("{:?}", self.value);
        write!(
            f,
            "{} {}",
            number.strip_suffix(".0").unwrap_or(&number),
            self.unit
        )
    }
}

/// Why a text is no quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// The text is not a number followed by a unit.
    #[error("expected a number and a unit such as `1.5e22 Mx`, found `{found}`")]
    Form {
        /// The text.
        found: String,
    },
    /// The number is greater than a 64-bit float holds.
    #[error("the quantity is out of range: its largest magnitude is 1.8e308 in the base unit")]
    OutOfRange,
    /// The word behind the number is no unit.
    #[error(transparent)]
    Unit(#[from] UnknownUnit),
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = || QuantityError::Form {
            found: text.to_owned(),
        };
        let (rest, (number, symbol)) = quantity(text).finish().map_err(|_| form())?;
        if !rest.is_empty() {
            return Err(form());
        }
        Self::new(number.parse().map_err(|_| form())?, symbol)
    }
}

fn quantity(input: &str) -> IResult<&str, (&str, &str)> {
    let symbol = take_while1(|char: char| char.is_ascii_alphanumeric());
    delimited(multispace0, (recognize_float, multispace0, symbol), multispace0)
        .map(|(number, _, symbol)| (number, symbol))
        .parse(input)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::unit::UNITS;

    #[test]
    fn texts_are_read() {
        for (text, value, symbol) in [
            ("1.5e22 Mx", 1.5e22, "Mx"),
            ("60Mm", 60.0, "Mm"),
            (" -0.2 T ", -0.2, "T"),
            ("+5E7km", 5e7, "km"),
            ("3 Mm2", 3.0, "Mm2"),
            (".5 deg", 0.5, "deg"),
        ] {
            let unit = Unit::find(symbol).expect("a unit of the table");
            assert_eq!(text.parse(), Ok(Quantity { value, unit }), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused_with_the_reason() {
        for (text, message) in [
            ("", "expected a number and a unit such as `1.5e22 Mx`, found ``"),
            (
                "60",
                "expected a number and a unit such as `1.5e22 Mx`, found `60`",
            ),
            (
                "nan Mx",
                "expected a number and a unit such as `1.5e22 Mx`, found `nan Mx`",
            ),
            (
                "inf Mx",
                "expected a number and a unit such as `1.5e22 Mx`, found `inf Mx`",
            ),
            (
                "1 Mx 2",
                "expected a number and a unit such as `1.5e22 Mx`, found `1 Mx 2`",
            ),
            ("1e22 mx", "unknown unit `mx`"),
            (
                "1e999 Mx",
                "the quantity is out of range: its largest magnitude is 1.8e308 in the base unit",
            ),
            (
                "1e305 Wb",
                "the quantity is out of range: its largest magnitude is 1.8e308 in the base unit",
            ),
        ] {
            let error = text.parse::<Quantity>().expect_err("not a quantity");
            assert_eq!(error.to_string(), message, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_quantity_survives_its_text(value in -1e200..1e200_f64, unit in prop::sample::select(UNITS)) {
            let unit = Unit::find(unit.symbol).expect("a unit of the table");
            let quantity = Quantity { value, unit };
            prop_assert_eq!(quantity.to_string().parse(), Ok(quantity));
        }
    }
}
