//! The slots of a SHARP series: one every 720 s of TAI, the first of a day at its midnight.
//!
//! DRMS numbers the slots of a series and looks records up by number; a time stands for the slot that is
//! nearest to it, and one in the middle of two for the later.

use super::{MICROS, TRec};

/// The cadence of the series in seconds.
pub const SLOT_SECONDS: i64 = 720;
const SLOT: i64 = SLOT_SECONDS * MICROS;

impl TRec {
    /// The number of the nearest slot, counted from 1970-01-01 00:00:00 TAI.
    ///
    /// # Examples
    /// ```
    /// use helioql_grammar::TRec;
    ///
    /// let slot = |text: &str| text.parse::<TRec>().map(TRec::slot);
    /// assert_eq!(slot("1970.01.02"), Ok(120)); // a day has 120 slots of 720 s
    /// assert_eq!(slot("1970.01.02_00:05:59"), Ok(120));
    /// assert_eq!(slot("1970.01.02_00:06:00"), Ok(121));
    /// # Ok::<(), helioql_grammar::literal::TRecError>(())
    /// ```
    pub fn slot(self) -> i64 {
        self.tai_micros.saturating_add(SLOT / 2).div_euclid(SLOT)
    }

    /// The time at which a slot stands.
    pub fn from_slot(slot: i64) -> Self {
        Self {
            tai_micros: slot.saturating_mul(SLOT),
        }
    }

    /// The first time that belongs to the slot: half a cadence before it.
    pub fn slot_start(slot: i64) -> Self {
        Self {
            tai_micros: slot.saturating_mul(SLOT).saturating_sub(SLOT / 2),
        }
    }

    /// Whether the time is that of a slot to the microsecond.
    pub fn is_on_slot(self) -> bool {
        self.tai_micros.rem_euclid(SLOT) == 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_slot_is_nearest_to_itself(slot in -1_000_000_i64..10_000_000, off in -359_999_999_i64..=359_999_999) {
            let time = TRec::from_slot(slot);
            prop_assert!(time.is_on_slot());
            prop_assert_eq!(time.slot(), slot);
            prop_assert_eq!(TRec { tai_micros: time.tai_micros + off }.slot(), slot);
            prop_assert_eq!(TRec::slot_start(slot).slot(), slot);
            prop_assert_eq!(TRec { tai_micros: TRec::slot_start(slot).tai_micros - 1 }.slot(), slot - 1);
        }

        #[test]
        fn no_slot_overflows(slot: i64, micros: i64) {
            prop_assert!(!TRec::from_slot(slot).to_string().is_empty());
            let _ = (TRec::slot_start(slot).slot(), TRec::from_unix_micros(micros).slot());
        }
    }
}
