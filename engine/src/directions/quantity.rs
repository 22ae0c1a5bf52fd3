//! How each measured quantity is read when directions are fitted and targets are met.
//!
//! One table stands here, apart from the physics, because it holds choices of the models and not of the
//! Sun: fluxes and areas span decades and are read in log₁₀; signed quantities cross zero, so that an error
//! in per cent of the value would mean nothing there and is taken in per cent of the population's spread;
//! `psep` and `tilt` are the length and the folded angle of a vector that turns over when the polarities
//! change places, and are linear in a latent space only within one polarity order.

use crate::physics::PatchQuantities;

/// The scale on which a quantity is close to linear in a latent space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Read as log₁₀; only positive values can be read.
    Logarithmic,
    /// Read as it is.
    Linear,
}

/// What a tolerance is a fraction of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Margin {
    /// The value asked for.
    Value,
    /// The standard deviation among the generator's own patches.
    Spread,
}

/// One measured quantity as the models see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// The name under which [`PatchQuantities::get`] knows it.
    pub keyword: &'static str,
    /// Its unit, as messages write it; empty for a pure number.
    pub unit: &'static str,
    /// The scale it is read on.
    pub scale: Scale,
    /// What its tolerance is a fraction of.
    pub margin: Margin,
    /// Whether its directions are fitted per polarity order.
    pub by_order: bool,
}

const fn quantity(
    keyword: &'static str,
    unit: &'static str,
    scale: Scale,
    margin: Margin,
    by_order: bool,
) -> Quantity {
    Quantity {
        keyword,
        unit,
        scale,
        margin,
        by_order,
    }
}

/// Every quantity that a direction can be fitted for.
pub const QUANTITIES: [Quantity; 12] = [
    quantity("usflux", "Mx", Scale::Logarithmic, Margin::Value, false),
    quantity("tpf", "Mx", Scale::Logarithmic, Margin::Value, false),
    quantity("tnf", "Mx", Scale::Logarithmic, Margin::Value, false),
    quantity("netflux", "Mx", Scale::Linear, Margin::Spread, false),
    quantity("psep", "Mm", Scale::Linear, Margin::Value, true),
    quantity("r_flux", "Mx", Scale::Logarithmic, Margin::Value, false),
    quantity("r_value", "", Scale::Linear, Margin::Value, false),
    quantity("area", "Mm2", Scale::Logarithmic, Margin::Value, false),
    quantity("tilt", "deg", Scale::Linear, Margin::Spread, true),
    quantity("polarity", "", Scale::Linear, Margin::Spread, false),
    quantity("dipole", "Mm", Scale::Linear, Margin::Spread, false),
    quantity("imbalance", "", Scale::Linear, Margin::Spread, false),
];

impl Quantity {
    /// The quantity of this name.
    ///
    /// # Examples
    /// ```
    /// use helioql::directions::{Quantity, Scale};
    ///
    /// assert_eq!(Quantity::named("usflux").map(|q| q.scale), Some(Scale::Logarithmic));
    /// assert!(Quantity::named("colour").is_none());
    /// ```
    pub fn named(keyword: &str) -> Option<Self> {
        QUANTITIES
            .into_iter()
            .find(|quantity| quantity.keyword == keyword)
    }

    /// The value in its unit; none where the patch does not define it or the scale has no place for it.
    ///
    /// An `r_value` of 0 stands for "no strong neutral line" and not for a point on its scale; it counts as
    /// undefined here.
    pub fn value(&self, measured: &PatchQuantities) -> Option<f64> {
        let value = measured
            .get(self.keyword)
            .filter(|value| self.reading(*value).is_some())?;
        (self.keyword != "r_value" || value != 0.0).then_some(value)
    }

    /// A value on the quantity's scale; none where the scale has no place for it.
    pub fn reading(&self, value: f64) -> Option<f64> {
        match self.scale {
            Scale::Linear => value.is_finite().then_some(value),
            Scale::Logarithmic => (value.is_finite() && value > 0.0).then(|| value.log10()),
        }
    }

    /// The reading of a measured patch.
    pub fn read(&self, measured: &PatchQuantities) -> Option<f64> {
        self.value(measured).and_then(|value| self.reading(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measured_quantity_has_its_row() {
        let rows: Vec<_> = QUANTITIES.iter().map(|quantity| quantity.keyword).collect();
        assert_eq!(rows, PatchQuantities::NAMES);
    }

    #[test]
    fn a_logarithmic_scale_has_no_place_for_zero() {
        let flux = Quantity::named("usflux").expect("usflux has a row");
        assert_eq!(flux.reading(1e22), Some(22.0));
        assert_eq!(flux.reading(0.0), None);
        assert_eq!(flux.reading(f64::NAN), None);
    }
}
