//! The colours of a signed field, from −1 to 1 of its range: grey, white positive and black negative, or
//! colours in the manner of HMI's, where strong fields of the two signs cannot be confused and weak ones stay
//! grey.

use std::fmt;

use clap::ValueEnum;

/// A colour map.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colours {
    /// Black to white
    #[default]
    Grey,
    /// Yellow to red for negative, green to blue for positive fields, grey between
    Hmi,
}

impl fmt::Display for Colours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_possible_value()
            .map_or(Ok(()), |value| f.write_str(value.get_name()))
    }
}

/// Levels of the map from one end to the other; odd, so that zero is one of them. Sixel allows 256.
pub(crate) const LEVELS: u8 = 255;

/// Where the colours of the HMI map stand and what they are; straight lines lie between.
const HMI: [(f32, [u8; 3]); 9] = [
    (-1.0, [120, 0, 20]),
    (-0.6, [220, 40, 20]),
    (-0.3, [250, 190, 60]),
    (-0.12, [110, 110, 105]),
    (0.0, [150, 150, 150]),
    (0.12, [205, 205, 205]),
    (0.3, [70, 200, 110]),
    (0.6, [30, 110, 220]),
    (1.0, [15, 20, 110]),
];

impl Colours {
    /// The colour of a value from −1 to 1; beyond lies the same as at the end, and what was not observed is
    /// no field.
    pub(crate) fn rgb(self, value: f32) -> [u8; 3] {
        let value = if value.is_nan() {
            0.0
        } else {
            value.clamp(-1.0, 1.0)
        };
        match self {
            Self::Grey => [(value.midpoint(1.0) * 255.0).round() as u8; 3],
            Self::Hmi => {
                let after = HMI
                    .iter()
                    .position(|(at, _)| value <= *at)
                    .unwrap_or(HMI.len() - 1);
                let ((low, from), (high, to)) = (HMI[after.saturating_sub(1)], HMI[after]);
                let part = if high > low {
                    (value - low) / (high - low)
                } else {
                    1.0
                };
                let mix = |channel: usize| {
                    let (from, to) = (f32::from(from[channel]), f32::from(to[channel]));
                    (from + (to - from) * part).round() as u8
                };
                [mix(0), mix(1), mix(2)]
            }
        }
    }

    /// The number of the level nearest to a value.
    pub(crate) fn level(value: f32) -> u8 {
        let value = if value.is_nan() {
            0.0
        } else {
            value.clamp(-1.0, 1.0)
        };
        (value.midpoint(1.0) * f32::from(LEVELS - 1)).round() as u8
    }

    /// The colour of each level.
    pub(crate) fn palette(self) -> impl Iterator<Item = [u8; 3]> {
        (0..LEVELS).map(move |level| self.rgb(f32::from(level) / f32::from(LEVELS - 1) * 2.0 - 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_zero_have_their_colours() {
        for (colours, value, expected) in [
            (Colours::Grey, -1.0, [0; 3]),
            (Colours::Grey, 0.0, [128; 3]),
            (Colours::Grey, 7.0, [255; 3]),
            (Colours::Grey, f32::NAN, [128; 3]),
            (Colours::Hmi, -1.0, [120, 0, 20]),
            (Colours::Hmi, 0.0, [150; 3]),
            (Colours::Hmi, 1.0, [15, 20, 110]),
            (Colours::Hmi, 0.45, [50, 155, 165]),
        ] {
            assert_eq!(colours.rgb(value), expected, "{colours} {value}");
        }
    }

    #[test]
    fn levels_are_symmetric() {
        assert_eq!([-1.0, 0.0, 1.0].map(Colours::level), [0, 127, 254]);
        let palette: Vec<_> = Colours::Grey.palette().collect();
        assert_eq!((palette.len(), palette[0], palette[254]), (255, [0; 3], [255; 3]));
    }
}
