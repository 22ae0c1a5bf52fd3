//! Times as other programs write them: `2011-02-15T01:59:26Z`, or without a zone.
//!
//! Tables of SHARP keywords have their times without a zone on either scale: TAI where `T_REC` was only
//! respelt, UTC where it was converted. A record stands on a slot of 720 s of TAI, and between the scales
//! lie 34 to 37 s, so at most one of the two readings is a slot.

use nom::{Finish, Parser, branch::alt, bytes::complete::tag, combinator::opt};

use super::{TRec, TRecError, calendar};

impl TRec {
    /// A time in ISO 8601. With a zone, which must be UTC's, it is UTC; without one it is on the scale on
    /// which it is a slot, and UTC where it is one on neither.
    ///
    /// # Errors
    /// When the text has another form, or a part out of its range.
    ///
    /// # Examples
    /// ```
    /// use helioql_grammar::TRec;
    ///
    /// let t_rec = |text: &str| TRec::from_iso(text).map(|time| time.to_string());
    /// assert_eq!(t_rec("2011-02-15T01:59:26Z")?, "2011.02.15_02:00:00_TAI");
    /// assert_eq!(t_rec("2011-02-15 01:59:26")?, "2011.02.15_02:00:00_TAI");
    /// assert_eq!(t_rec("2011-02-15 02:00:00")?, "2011.02.15_02:00:00_TAI");
    /// # Ok::<(), helioql_grammar::literal::TRecError>(())
    /// ```
    pub fn from_iso(text: &str) -> Result<Self, TRecError> {
        let zone = alt((tag("Z"), tag("z"), tag("+00:00"), tag("+0000"), tag(" UTC")));
        let form = || TRecError::Form {
            found: text.to_owned(),
        };
        let (rest, (calendar, zone)) = (calendar('-', "T t_"), opt(zone))
            .parse(text.trim())
            .finish()
            .map_err(|_: nom::error::Error<&str>| form())?;
        if !rest.is_empty() {
            return Err(form());
        }
        calendar.check()?;
        let micros = calendar.to_micros();
        Ok(match zone {
            Some(_) => Self::from_unix_micros(micros),
            None => Self::from_wall_clock(micros),
        })
    }

    /// A time without a zone, as microseconds from 1970-01-01 00:00:00 of its own calendar: TAI where it is
    /// a slot in TAI, else UTC.
    pub fn from_wall_clock(micros: i64) -> Self {
        let tai = Self { tai_micros: micros };
        if tai.is_on_slot() {
            tai
        } else {
            Self::from_unix_micros(micros)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_scale_is_told_by_the_slot() {
        for (text, t_rec) in [
            ("2017-09-06T11:59:23Z", "2017.09.06_12:00:00_TAI"),
            ("2017-09-06T11:59:23+00:00", "2017.09.06_12:00:00_TAI"),
            ("2017-09-06 11:59:23.000", "2017.09.06_12:00:00_TAI"),
            ("2017-09-06T12:00", "2017.09.06_12:00:00_TAI"),
            ("2017-09-06", "2017.09.06_00:00:00_TAI"),
            // A zone is believed, slot or not.
            ("2017-09-06T12:00:00Z", "2017.09.06_12:00:37_TAI"),
            // No slot on either scale.
            ("2017-09-06T12:01:00", "2017.09.06_12:01:37_TAI"),
        ] {
            assert_eq!(
                TRec::from_iso(text).map(|time| time.to_string()).as_deref(),
                Ok(t_rec),
                "{text}"
            );
        }
        for text in [
            "",
            "2017.09.06",
            "2017-09-06T12:00:00+01:00",
            "2017-13-06",
            "06-09-2017",
            "2017-09-06T12:00:00Zulu",
        ] {
            assert!(TRec::from_iso(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_slot_is_read_from_either_scale(slot in 800_000_i64..3_000_000) {
            let time = TRec::from_slot(slot);
            prop_assert_eq!(TRec::from_iso(&time.to_utc()), Ok(time));
            prop_assert_eq!(TRec::from_iso(&format!("{}Z", time.to_utc())), Ok(time));
            let tai = time.to_string().replace("_TAI", "").replace('.', "-");
            prop_assert_eq!(TRec::from_iso(&tai), Ok(time));
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = TRec::from_iso(&text);
        }
    }
}
