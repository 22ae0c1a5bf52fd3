//! A DRMS record set, by which JSOC's users name records: `hmi.sharp_cea_720s[377][2011.02.15/1d@6h]`.
//!
//! ```text
//! record set := series filter* ['{' segment (',' segment)* '}']
//! filter     := '[' [key '='] [interval (',' interval)*] ']' | '[?' predicate '?]'
//! interval   := '^' | '$' | value | value '-' value ['@' step] | value '/' length ['@' step]
//! ```
//! The first filter without a key's name is for HARPNUM, the second for `T_REC`; an empty one takes all.
//! `^` and `$` are the first and the last value of the key. A range includes both its ends; `/` gives a
//! length, whose end is not included; `@` takes every step-th value, counted from the first. Lengths and
//! steps of HARPNUM are numbers, those of `T_REC` times in `s`, `m`, `h` or `d`. Times mean the nearest
//! slot of 720 s ([`TRec::slot`]), lengths and steps the nearest number of slots, at least one.
//!
//! This is the grammar of DRMS (`drms_names.c`) for series whose prime keys are HARPNUM and `T_REC`,
//! without its record numbers (`[:#1]`), slot numbers (`[#1]`) and versions (`[!…!]`).

mod clause;
mod halves;
mod parse;
mod place;

use std::{fmt, ops::Range, str::FromStr};

use crate::{
    diagnostic::Diagnostic,
    literal::{TRec, t_rec::SLOT_SECONDS},
    span::Span,
};

/// The series that can be named: those of SHARPs, definitive and near real time.
pub const SERIES: [&str; 4] = [
    "hmi.sharp_cea_720s",
    "hmi.sharp_720s",
    "hmi.sharp_cea_720s_nrt",
    "hmi.sharp_720s_nrt",
];

/// Which records of a series are meant.
///
/// # Examples
/// ```
/// use helioql_grammar::{RecordSet, literal::Interval};
///
/// let set: RecordSet = "hmi.sharp_cea_720s[377,401][2011.02.15/1d@6h][? USFLUX > 1e22 ?]{Br}".parse()?;
/// assert_eq!(set.harpnum, Some(vec![Interval::One(377), Interval::One(401)]));
/// assert_eq!(set.clauses, ["USFLUX > 1e22"]);
/// assert_eq!(
///     set.to_string(),
///     "hmi.sharp_cea_720s[377,401][2011.02.15_00:00:00_TAI/1d@6h][? USFLUX > 1e22 ?]{Br}"
/// );
/// # Ok::<(), helioql_grammar::literal::RecordSetError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RecordSet {
    /// One of [`SERIES`].
    pub series: &'static str,
    /// The numbers of the regions; `None` for all.
    pub harpnum: Option<Vec<Interval<i64, i64>>>,
    /// The times; `None` for all.
    pub t_rec: Option<Vec<Interval<TRec, TimeStep>>>,
    /// Predicates in SQL on the keywords, all of which must hold.
    pub clauses: Vec<String>,
    /// The segments, which say nothing about which records are meant.
    pub segments: Vec<String>,
}

/// Some values of a prime key; `V` are its values and `S` the differences of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interval<V, S> {
    /// `^`: the first value that there is.
    First,
    /// `$`: the last value that there is.
    Last,
    /// One value.
    One(V),
    /// `first-last@step`, both ends included.
    Between {
        /// The first value.
        first: V,
        /// The last value.
        last: V,
        /// From one value to the next.
        step: Option<S>,
    },
    /// `first/length@step`, the end not included.
    Span {
        /// The first value.
        first: V,
        /// How far it goes.
        length: S,
        /// From one value to the next.
        step: Option<S>,
    },
}

/// A difference of two times in whole seconds, more than none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeStep {
    seconds: i64,
}

impl TimeStep {
    /// The longest: three hundred years.
    const MOST_SECONDS: f64 = 1e10;

    /// A step of so many seconds, to the nearest; `None` for less than one and for centuries.
    pub fn from_seconds(seconds: f64) -> Option<Self> {
        let whole = seconds.round();
        (1.0..=Self::MOST_SECONDS).contains(&whole).then_some(Self {
            seconds: whole as i64,
        })
    }

    /// The nearest number of slots, at least one.
    pub fn slots(self) -> i64 {
        ((self.seconds + SLOT_SECONDS / 2) / SLOT_SECONDS).max(1)
    }
}

/// In the largest unit that leaves a whole number.
impl fmt::Display for TimeStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(86_400, 'd'), (3600, 'h'), (60, 'm')];
        let unit = units.into_iter().find(|(seconds, _)| self.seconds % seconds == 0);
        let (seconds, letter) = unit.unwrap_or((1, 's'));
        write!(f, "{}{letter}", self.seconds / seconds)
    }
}

impl<V: fmt::Display, S: fmt::Display> fmt::Display for Interval<V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = match self {
            Self::First => return f.write_str("^"),
            Self::Last => return f.write_str("$"),
            Self::One(value) => return write!(f, "{value}"),
            Self::Between { first, last, step } => {
                write!(f, "{first}-{last}")?;
                step
            }
            Self::Span { first, length, step } => {
                write!(f, "{first}/{length}")?;
                step
            }
        };
        step.as_ref().map_or(Ok(()), |step| write!(f, "@{step}"))
    }
}

impl fmt::Display for RecordSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.series)?;
        match (&self.harpnum, &self.t_rec) {
            (None, None) => {}
            (harpnum, None) => write!(f, "[{}]", joined(harpnum.as_ref()))?,
            (harpnum, t_rec) => write!(f, "[{}][{}]", joined(harpnum.as_ref()), joined(t_rec.as_ref()))?,
        }
        for clause in &self.clauses {
            write!(f, "[? {clause} ?]")?;
        }
        if !self.segments.is_empty() {
            write!(f, "{{{}}}", self.segments.join(","))?;
        }
        Ok(())
    }
}

fn joined<T: ToString>(parts: Option<&Vec<T>>) -> String {
    let parts: Vec<String> = parts.into_iter().flatten().map(ToString::to_string).collect();
    parts.join(",")
}

/// Why a text is no record set, and which bytes of it are at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RecordSetError {
    /// What was expected and what was found.
    pub message: String,
    /// The bytes at fault.
    pub at: Range<usize>,
    /// How to mend it.
    pub hint: Option<String>,
}

impl RecordSetError {
    /// The error with its caret inside the string literal that holds `text` and stands at `literal`.
    pub fn diagnostic(&self, text: &str, literal: Span) -> Diagnostic {
        let diagnostic =
            Diagnostic::error(self.message.clone()).with_span(place::within(text, literal, self.at.clone()));
        match &self.hint {
            Some(hint) => diagnostic.with_hint(hint.clone()),
            None => diagnostic,
        }
    }
}

impl FromStr for RecordSet {
    type Err = RecordSetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse::record_set(text)
    }
}

#[cfg(test)]
mod tests;
