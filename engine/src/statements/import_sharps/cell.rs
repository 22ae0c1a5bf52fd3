//! One cell of a table of keywords, and how it is read as what its column holds.

use std::fmt;

use helioql_grammar::TRec;

/// How JSOC, drms and pandas say that there is no value, in any case.
const MISSING: [&str; 10] = [
    "",
    "missing",
    "nan",
    "invalid keylink",
    "null",
    "none",
    "na",
    "n/a",
    "<na>",
    "nat",
];

/// A cell as its table holds it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    Missing,
    Text(&'a str),
    Real(f64),
    Integer(i64),
    /// Microseconds of Unix time.
    Utc(i64),
    /// Microseconds of a time without a zone.
    WallClock(i64),
}

impl Cell<'_> {
    /// Whether there is no value.
    pub(super) fn is_missing(&self) -> bool {
        match self {
            Self::Missing => true,
            Self::Real(value) => value.is_nan(),
            Self::Text(text) => {
                let text = text.trim();
                MISSING.iter().any(|word| word.eq_ignore_ascii_case(text))
            }
            _ => false,
        }
    }
}

/// As a report quotes it: not more than a few words of it.
impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 40;
        match self {
            Self::Missing => Ok(()),
            Self::Text(text) => match text.char_indices().nth(SHOWN) {
                Some((end, _)) => write!(f, "{}…", &text[..end]),
                None => f.write_str(text),
            },
            Self::Real(value) => write!(f, "{value}"),
            Self::Integer(value) | Self::Utc(value) | Self::WallClock(value) => write!(f, "{value}"),
        }
    }
}

pub(super) fn real(cell: &Cell<'_>) -> Option<f64> {
    let value = match cell {
        Cell::Real(value) => *value,
        Cell::Integer(value) => *value as f64,
        Cell::Text(text) => text.trim().parse().ok()?,
        Cell::Missing | Cell::Utc(_) | Cell::WallClock(_) => return None,
    };
    value.is_finite().then_some(value)
}

/// A whole number, also one that a float holds (`377.0`) or that is written as bits are (`0x00000400`).
pub(super) fn integer(cell: &Cell<'_>) -> Option<i64> {
    /// Beyond 2⁵³ neighbouring integers share one double.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let whole = |value: f64| (value.fract() == 0.0 && value.abs() <= EXACT).then_some(value as i64);
    match cell {
        Cell::Integer(value) => Some(*value),
        Cell::Real(value) => whole(*value),
        Cell::Text(text) => {
            let text = text.trim();
            match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
                Some(bits) => i64::from_str_radix(bits, 16).ok(),
                None => text.parse().ok().or_else(|| whole(text.parse().ok()?)),
            }
        }
        Cell::Missing | Cell::Utc(_) | Cell::WallClock(_) => None,
    }
}

/// A text that is no longer than any keyword's: a table can repeat one text in all its rows, where it takes no space.
pub(super) fn text(cell: &Cell<'_>) -> Option<Box<str>> {
    const MOST_BYTES: usize = 1024;
    match cell {
        Cell::Text(text) => Some(text.trim())
            .filter(|text| text.len() <= MOST_BYTES)
            .map(Into::into),
        Cell::Real(value) => Some(value.to_string().into()),
        Cell::Integer(value) => Some(value.to_string().into()),
        Cell::Missing | Cell::Utc(_) | Cell::WallClock(_) => None,
    }
}

/// A time: as `T_REC` is spelt, in ISO 8601, or of a column of times.
pub(super) fn t_rec(cell: &Cell<'_>) -> Option<TRec> {
    match cell {
        Cell::Text(text) => text.parse().ok().or_else(|| TRec::from_iso(text).ok()),
        Cell::Utc(micros) => Some(TRec::from_unix_micros(*micros)),
        Cell::WallClock(micros) => Some(TRec::from_wall_clock(*micros)),
        Cell::Missing | Cell::Real(_) | Cell::Integer(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_read_as_their_column_holds_them() {
        for (written, as_real, as_integer) in [
            ("2.71e22", Some(2.71e22), None),
            (" 377 ", Some(377.0), Some(377)),
            ("377.0", Some(377.0), Some(377)),
            ("0x00000400", None, Some(1024)),
            ("-5", Some(-5.0), Some(-5)),
            ("1e999", None, None),
            ("1234|1240", None, None),
        ] {
            let cell = Cell::Text(written);
            assert_eq!((real(&cell), integer(&cell)), (as_real, as_integer), "{written}");
        }
        for missing in ["", " ", "MISSING", "nan", "NaN", "Invalid KeyLink"] {
            assert!(Cell::Text(missing).is_missing(), "{missing}");
        }
        assert!(Cell::Real(f64::NAN).is_missing() && !Cell::Real(0.0).is_missing());
    }

    #[test]
    fn times_are_read_in_every_spelling() {
        let expected: TRec = "2011.02.15_02:00:00_TAI".parse().expect("a time");
        for cell in [
            Cell::Text("2011.02.15_02:00:00_TAI"),
            Cell::Text("2011.02.15_02:00:00.000_TAI"),
            Cell::Text("2011-02-15T01:59:26Z"),
            Cell::Text("2011-02-15 02:00:00"),
            Cell::Utc(1_297_735_166_000_000),
            Cell::WallClock(1_297_735_166_000_000),
            Cell::WallClock(1_297_735_200_000_000),
        ] {
            assert_eq!(t_rec(&cell), Some(expected), "{cell:?}");
        }
        assert_eq!(t_rec(&Cell::Text("-4712.01.01_12:00:00_TAI")), None);
    }
}
