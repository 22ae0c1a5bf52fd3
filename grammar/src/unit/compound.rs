//! Units of products and quotients: `usflux / area` is a flux by an area, and so a field strength.

use crate::unit::{Dimension, Unit};

/// A unit with the powers of what it is made of.
///
/// # Examples
/// ```
/// use helioql_grammar::{Unit, unit::{Compound, Dimension}};
///
/// let of = |symbol: &str| Compound::of(Unit::find(symbol).unwrap());
/// let mean_field = of("Mx").divided_by(&of("Mm2"));
/// assert_eq!(mean_field.dimension(), Some(Dimension::Field));
/// assert_eq!(mean_field.text, "Mx/Mm2");
/// // 1 G over one square megametre, 1e16 cm², is 1e16 Mx.
/// assert!((of("G").in_units_of(&mean_field).unwrap() / 1e16 - 1.0).abs() < 1e-15);
/// assert_eq!(of("G").in_units_of(&of("Mm")), None);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Compound {
    /// As it is written in messages.
    pub text: String,
    /// Powers of field strength, length, angle and current.
    powers: [i32; 4],
    /// How many G, Mm, deg and A, to these powers, it is, but for a power of ten, so that units of one dimension are
    /// converted as the table has them, to the bit.
    scale: f64,
    decade: i32,
}

impl Compound {
    /// A unit of the table.
    pub fn of(unit: &Unit) -> Self {
        let (powers, decade) = powers(unit.dimension);
        Self {
            text: unit.symbol.to_owned(),
            powers,
            scale: unit.to_base,
            decade,
        }
    }

    /// A plain number.
    pub fn plain() -> Self {
        Self {
            text: String::new(),
            powers: [0; 4],
            scale: 1.0,
            decade: 0,
        }
    }

    /// The unit of a product.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        self.combined(other, 1, "·")
    }

    /// The unit of a quotient.
    #[must_use]
    pub fn divided_by(&self, other: &Self) -> Self {
        self.combined(other, -1, "/")
    }

    fn combined(&self, other: &Self, sign: i32, operator: &str) -> Self {
        let mut powers = self.powers;
        for (power, of_other) in powers.iter_mut().zip(other.powers) {
            *power += sign * of_other;
        }
        let text = match (self.text.as_str(), other.text.as_str()) {
            (own, "") => own.to_owned(),
            ("", of_other) if sign > 0 => of_other.to_owned(),
            ("", of_other) => format!("1/{of_other}"),
            (own, of_other) => format!("{own}{operator}{of_other}"),
        };
        Self {
            text,
            powers,
            scale: self.scale * other.scale.powi(sign),
            decade: self.decade + sign * other.decade,
        }
    }

    /// The unit of a square root; `None` where a power is odd.
    pub fn root(&self) -> Option<Self> {
        let even = self
            .powers
            .iter()
            .chain([&self.decade])
            .all(|power| power % 2 == 0);
        even.then(|| Self {
            text: format!("√({})", self.text),
            powers: self.powers.map(|power| power / 2),
            scale: self.scale.sqrt(),
            decade: self.decade / 2,
        })
    }

    /// Whether it measures nothing.
    pub fn is_plain(&self) -> bool {
        self.powers == [0; 4]
    }

    /// How many of `unit` one of this is; `None` where they measure different things.
    pub fn in_units_of(&self, unit: &Self) -> Option<f64> {
        (self.powers == unit.powers).then(|| self.scale / unit.scale * 10f64.powi(self.decade - unit.decade))
    }

    /// The dimension of the table that it measures, if it is one.
    pub fn dimension(&self) -> Option<Dimension> {
        Dimension::ALL
            .into_iter()
            .find(|dimension| powers(*dimension).0 == self.powers)
    }

    /// What it measures, for messages: "a flux", "a value in G·Mm".
    pub fn described(&self) -> String {
        match self.dimension() {
            Some(dimension) => dimension.described().to_owned(),
            None if self.is_plain() => "a plain number".to_owned(),
            None => format!("a value in {}", self.text),
        }
    }
}

/// The powers of field strength, length, angle and current that make up a dimension, and which power of ten of G, Mm,
/// deg and A its base unit is: 1 Mx is 1 G over 1 cm², 1e-16 Mm².
fn powers(dimension: Dimension) -> ([i32; 4], i32) {
    match dimension {
        Dimension::Flux => ([1, 2, 0, 0], -16),
        Dimension::Field => ([1, 0, 0, 0], 0),
        Dimension::Length => ([0, 1, 0, 0], 0),
        Dimension::Angle => ([0, 0, 1, 0], 0),
        Dimension::Area => ([0, 2, 0, 0], 0),
        Dimension::Current => ([0, 0, 0, 1], 0),
    }
}
