//! `T_REC`, the time at which a SHARP record stands: `2011.02.15_02:00:00_TAI`.
//!
//! ```text
//! t_rec := YYYY.MM.DD [_HH:MM[:SS[.fraction]]] [_TAI | _UTC | Z]
//! ```
//! Without a scale the time is TAI, `T_REC`'s own. SQL's timestamps are UTC, and
//! UTC = TAI − (TAI − UTC), with the whole seconds of the IERS (Bulletin C): 10 s in 1972, 37 s since
//! 2017. Before 1972 the 10 s of 1972 are kept; no magnetogram of ours is that old.

mod iso;
mod slot;

pub use slot::SLOT_SECONDS;

use std::{fmt, str::FromStr};

use nom::{
    Finish, IResult, Parser,
    branch::alt,
    bytes::complete::{tag_no_case, take_while_m_n, take_while1},
    character::complete::{char, one_of},
    combinator::{map_res, opt},
    sequence::preceded,
};

use crate::keywords::Syntax;

/// A time on the TAI scale, to the microsecond.
///
/// # Examples
/// ```
/// use helioql_grammar::TRec;
///
/// let t_rec: TRec = "2011.02.15_02:00:00_TAI".parse()?;
/// assert_eq!(t_rec.to_utc(), "2011-02-15T01:59:26"); // TAI was 34 s ahead
/// assert_eq!(t_rec.to_unix_seconds(), 1_297_735_166);
/// assert_eq!(t_rec.to_string(), "2011.02.15_02:00:00_TAI");
/// # Ok::<(), helioql_grammar::literal::TRecError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TRec {
    /// Microseconds of the TAI calendar since its own 1970-01-01 00:00:00.
    tai_micros: i64,
}

/// What help says of it.
pub(crate) const SYNTAX: Syntax = Syntax {
    opening: "T_REC",
    form: "T_REC 'YYYY.MM.DD[_HH:MM[:SS]][_TAI | _UTC | Z]'",
    summary: "a time as SHARP headers spell it, as a timestamp in UTC",
    details: "\
Without a scale the time is TAI, as T_REC itself is; UTC is TAI less the seconds of the IERS, 34 of them in 2011. The \
column t_rec of sharps is UTC, t_rec_tai is the text of the header. A time in plain quotes is UTC too, as SQL has it.",
    settings: &[],
    returns: "A TIMESTAMP in UTC.",
    examples: &["SELECT T_REC '2011.02.15_02:00:00_TAI' AS utc, T_REC '2011.02.15_02:00:00_UTC' AS same"],
    errors: &["SELECT T_REC '2011.02.30'"],
};

/// TAI − UTC in seconds from the start of a UTC day on: (year, month, seconds), always the month's first.
const TAI_MINUS_UTC: [(i64, i64, i64); 28] = [
    (1972, 1, 10),
    (1972, 7, 11),
    (1973, 1, 12),
    (1974, 1, 13),
    (1975, 1, 14),
    (1976, 1, 15),
    (1977, 1, 16),
    (1978, 1, 17),
    (1979, 1, 18),
    (1980, 1, 19),
    (1981, 7, 20),
    (1982, 7, 21),
    (1983, 7, 22),
    (1985, 7, 23),
    (1988, 1, 24),
    (1990, 1, 25),
    (1991, 1, 26),
    (1992, 7, 27),
    (1993, 7, 28),
    (1994, 7, 29),
    (1996, 1, 30),
    (1997, 7, 31),
    (1999, 1, 32),
    (2006, 1, 33),
    (2009, 1, 34),
    (2012, 7, 35),
    (2015, 7, 36),
    (2017, 1, 37),
];

const MICROS: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

impl TRec {
    /// From Unix time, which is UTC, in microseconds.
    pub fn from_unix_micros(unix: i64) -> Self {
        let ahead = tai_minus_utc(|start, _| unix.div_euclid(MICROS) >= start);
        Self {
            tai_micros: unix.saturating_add(ahead * MICROS),
        }
    }

    /// Unix time, which is UTC, in microseconds. A leap second counts as the second after it, as
    /// POSIX has it.
    pub fn to_unix_micros(self) -> i64 {
        let tai = self.tai_micros.div_euclid(MICROS);
        let ahead = tai_minus_utc(|start, seconds| tai >= start + seconds);
        self.tai_micros.saturating_sub(ahead * MICROS)
    }

    /// Unix time in whole seconds, rounded down.
    pub fn to_unix_seconds(self) -> i64 {
        self.to_unix_micros().div_euclid(MICROS)
    }

    /// The UTC time as ISO 8601, without a zone: `2011-02-15T01:59:26`.
    pub fn to_utc(self) -> String {
        let c = Calendar::from_micros(self.to_unix_micros());
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}",
            c.year,
            c.month,
            c.day,
            c.hour,
            c.minute,
            c.second,
            c.fraction()
        )
    }
}

/// In the spelling of `T_REC`; the fraction is left out when it is zero.
impl fmt::Display for TRec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let c = Calendar::from_micros(self.tai_micros);
        write!(
            f,
            "{:04}.{:02}.{:02}_{:02}:{:02}:{:02}{}_TAI",
            c.year,
            c.month,
            c.day,
            c.hour,
            c.minute,
            c.second,
            c.fraction()
        )
    }
}

/// Why a text is no `T_REC`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TRecError {
    /// The text has another form.
    #[error("expected a time such as `2011.02.15_02:00:00_TAI`, found `{found}`")]
    Form {
        /// The text.
        found: String,
    },
    /// A part of the date or time is out of its range.
    #[error("the {part} must be between {least} and {most}, found {found}")]
    Range {
        /// Which part.
        part: &'static str,
        /// The part as written.
        found: i64,
        /// The smallest it may be.
        least: i64,
        /// The largest it may be.
        most: i64,
    },
}

impl FromStr for TRec {
    type Err = TRecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = || TRecError::Form {
            found: text.to_owned(),
        };
        match Self::leading(text.trim()) {
            Some(("", time)) => time,
            _ => Err(form()),
        }
    }
}

impl TRec {
    /// The time that a text begins with, and what is left of the text.
    pub(super) fn leading(text: &str) -> Option<(&str, Result<Self, TRecError>)> {
        let (rest, (calendar, scale)) = t_rec(text).finish().ok()?;
        let time = calendar.check().map(|()| match scale {
            Scale::Tai => Self {
                tai_micros: calendar.to_micros(),
            },
            Scale::Utc => Self::from_unix_micros(calendar.to_micros()),
        });
        Some((rest, time))
    }
}

#[derive(Clone, Copy)]
enum Scale {
    Tai,
    Utc,
}

fn t_rec(input: &str) -> IResult<&str, (Calendar, Scale)> {
    let scale = alt((
        tag_no_case("_TAI").map(|_| Scale::Tai),
        tag_no_case("_UTC").map(|_| Scale::Utc),
        tag_no_case("_Z").map(|_| Scale::Utc),
        tag_no_case("Z").map(|_| Scale::Utc),
    ));
    (calendar('.', "_"), opt(scale))
        .map(|(calendar, scale)| (calendar, scale.unwrap_or(Scale::Tai)))
        .parse(input)
}

/// A date whose parts `between` parts, and a time of day after one of `before_time`; what is not told is zero.
fn calendar<'i>(
    between: char,
    before_time: &'static str,
) -> impl Parser<&'i str, Output = Calendar, Error = nom::error::Error<&'i str>> {
    let date = (
        digits(4),
        preceded(char(between), digits(2)),
        preceded(char(between), digits(2)),
    );
    let second = (digits(2), opt(preceded(char('.'), fraction)));
    let time = (
        digits(2),
        preceded(char(':'), digits(2)),
        opt(preceded(char(':'), second)),
    );
    (date, opt(preceded(one_of(before_time), time))).map(|((year, month, day), time)| {
        let (hour, minute, second) = time.unwrap_or((0, 0, None));
        let (second, micro) = second.unwrap_or((0, None));
        Calendar {
            year,
            month,
            day,
            hour,
            minute,
            second,
            micro: micro.unwrap_or(0),
        }
    })
}

fn digits<'i>(count: usize) -> impl Parser<&'i str, Output = i64, Error = nom::error::Error<&'i str>> {
    map_res(
        take_while_m_n(count, count, |char: char| char.is_ascii_digit()),
        str::parse,
    )
}

/// Digits behind the point as microseconds; further digits are cut off.
fn fraction(input: &str) -> IResult<&str, i64> {
    map_res(take_while1(|char: char| char.is_ascii_digit()), |digits: &str| {
        digits
            .chars()
            .chain("000000".chars())
            .take(6)
            .collect::<String>()
            .parse()
    })
    .parse(input)
}

/// A date and time of day in the proleptic Gregorian calendar.
struct Calendar {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    micro: i64,
}

impl Calendar {
    fn from_micros(micros: i64) -> Self {
        let (seconds, micro) = (micros.div_euclid(MICROS), micros.rem_euclid(MICROS));
        let (days, of_day) = (
            seconds.div_euclid(SECONDS_PER_DAY),
            seconds.rem_euclid(SECONDS_PER_DAY),
        );
        let (year, month, day) = date_of_day(days);
        Self {
            year,
            month,
            day,
            hour: of_day / 3600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
            micro,
        }
    }

    fn to_micros(&self) -> i64 {
        let day = day_of_date(self.year, self.month, self.day);
        let seconds = ((day * 24 + self.hour) * 60 + self.minute) * 60 + self.second;
        seconds * MICROS + self.micro
    }

    fn check(&self) -> Result<(), TRecError> {
        let range = |part, found, least, most| {
            if (least..=most).contains(&found) {
                Ok(())
            } else {
                Err(TRecError::Range {
                    part,
                    found,
                    least,
                    most,
                })
            }
        };
        range("month", self.month, 1, 12)?;
        range("day", self.day, 1, days_in_month(self.year, self.month))?;
        range("hour", self.hour, 0, 23)?;
        range("minute", self.minute, 0, 59)?;
        range("second", self.second, 0, 59)
    }

    fn fraction(&self) -> String {
        match self.micro {
            0 => String::new(),
            micro if micro % 1000 == 0 => format!(".{:03}", micro / 1000),
            micro => format!(".{micro:06}"),
        }
    }
}

/// The last offset whose start (Unix seconds, seconds ahead) has `begun`; the first one before that.
fn tai_minus_utc(begun: impl Fn(i64, i64) -> bool) -> i64 {
    TAI_MINUS_UTC
        .iter()
        .rev()
        .find(|&&(year, month, ahead)| begun(day_of_date(year, month, 1) * SECONDS_PER_DAY, ahead))
        .map_or(TAI_MINUS_UTC[0].2, |&(_, _, ahead)| ahead)
}

/// Days since 1970-01-01. Years are taken to begin in March, so that the leap day is the last day
/// of a year and months before it have fixed lengths: 153 days for every five months.
fn day_of_date(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let month = (month + 9) % 12;
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468
}

/// The inverse of [`day_of_date`].
fn date_of_day(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (era * 400 + year + carry, month, day)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let (next_year, next) = if month == 12 {
        (year + 1, 1)
    } else {
        (year, month + 1)
    };
    day_of_date(next_year, next, 1) - day_of_date(year, month, 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_read() {
        for (text, utc) in [
            ("2011.02.15_02:00:00_TAI", "2011-02-15T01:59:26"),
            ("2025.05.04_15:00:00.000_TAI", "2025-05-04T14:59:23"),
            ("2011.02.15_02:00:00", "2011-02-15T01:59:26"),
            ("2011.02.15_02:00_tai", "2011-02-15T01:59:26"),
            ("2011.02.15", "2011-02-14T23:59:26"),
            ("2011.02.15_UTC", "2011-02-15T00:00:00"),
            ("2011.02.15_02:00:00.25_UTC", "2011-02-15T02:00:00.250"),
            ("2011.02.15_02:00:00Z", "2011-02-15T02:00:00"),
            ("2012.02.29_00:00:34_TAI", "2012-02-29T00:00:00"),
            // The last second before a leap second, the leap second itself, and the one after.
            ("2017.01.01_00:00:35_TAI", "2016-12-31T23:59:59"),
            ("2017.01.01_00:00:36_TAI", "2017-01-01T00:00:00"),
            ("2017.01.01_00:00:37_TAI", "2017-01-01T00:00:00"),
            ("1972.01.01_00:00:10_TAI", "1972-01-01T00:00:00"),
        ] {
            assert_eq!(
                text.parse::<TRec>().map(TRec::to_utc).as_deref(),
                Ok(utc),
                "{text}"
            );
        }
    }

    #[test]
    fn other_texts_are_refused_with_the_reason() {
        let form = |text| format!("expected a time such as `2011.02.15_02:00:00_TAI`, found `{text}`");
        for (text, message) in [
            ("", form("")),
            ("2011-02-15", form("2011-02-15")),
            ("2011.02.15_02:00:00_PST", form("2011.02.15_02:00:00_PST")),
            ("2011.02.15_02:00:00_TAI!", form("2011.02.15_02:00:00_TAI!")),
            (
                "2011.13.15",
                "the month must be between 1 and 12, found 13".to_owned(),
            ),
            (
                "2011.02.29",
                "the day must be between 1 and 28, found 29".to_owned(),
            ),
            (
                "2011.02.15_24:00:00",
                "the hour must be between 0 and 23, found 24".to_owned(),
            ),
            (
                "2011.02.15_02:60:00",
                "the minute must be between 0 and 59, found 60".to_owned(),
            ),
            (
                "2016.12.31_23:59:60_UTC",
                "the second must be between 0 and 59, found 60".to_owned(),
            ),
        ] {
            assert_eq!(
                text.parse::<TRec>().expect_err("not a time").to_string(),
                message,
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_time_survives_its_text(unix in -62_000_000_000_000_000_i64..253_000_000_000_000_000) {
            let t_rec = TRec::from_unix_micros(unix);
            prop_assert_eq!(t_rec.to_unix_micros(), unix);
            prop_assert_eq!(t_rec.to_string().parse(), Ok(t_rec));
        }

        #[test]
        fn no_time_overflows(unix: i64) {
            let t_rec = TRec::from_unix_micros(unix);
            prop_assert!(!t_rec.to_string().is_empty() && !t_rec.to_utc().is_empty());
        }
    }
}
