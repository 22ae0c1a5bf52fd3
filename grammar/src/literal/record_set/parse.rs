//! Reads a record set from left to right, and says at which byte it stops being one.

use nom::{
    IResult, Parser,
    bytes::complete::{tag, take_until, take_while, take_while1},
    character::complete::{char, digit1, multispace0, one_of},
    combinator::{opt, recognize},
    sequence::{delimited, preceded, terminated},
};

use super::{Interval, RecordSet, RecordSetError, SERIES, TimeStep};
use crate::{literal::TRec, suggest::closest};

type Result<T> = std::result::Result<T, RecordSetError>;

/// More intervals than anybody writes by hand; each becomes a part of one predicate.
const MOST_INTERVALS: usize = 200;
const KEYS: [&str; 2] = ["HARPNUM", "T_REC"];

pub(super) fn record_set(text: &str) -> Result<RecordSet> {
    let mut input = Input {
        text,
        rest: text.trim_start(),
    };
    let mut set = RecordSet {
        series: series(&mut input)?,
        harpnum: None,
        t_rec: None,
        clauses: Vec::new(),
        segments: Vec::new(),
    };
    let mut given = [false; 2];
    while input.eat('[') {
        filter(&mut input, &mut set, &mut given)?;
    }
    if input.eat('{') {
        set.segments = segments(&mut input)?;
    }
    input.space();
    match input.rest {
        "" => Ok(set),
        rest if rest.starts_with(',') => Err(input.refuse(
            "one record set is taken, found a list of them",
            Some("UNION ALL joins the rows of two"),
        )),
        _ => Err(input.expected("`[`, `{` or the end")),
    }
}

/// A text and how far it is read.
struct Input<'t> {
    text: &'t str,
    rest: &'t str,
}

impl<'t> Input<'t> {
    fn at(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    fn take<O>(
        &mut self,
        mut parser: impl Parser<&'t str, Output = O, Error = nom::error::Error<&'t str>>,
    ) -> Option<O> {
        let (rest, output) = parser.parse(self.rest).ok()?;
        self.rest = rest;
        Some(output)
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes a character, and white space before it, if it is next.
    fn eat(&mut self, next: char) -> bool {
        self.take(preceded(multispace0, char(next))).is_some()
    }

    /// An error at what stands next, up to where something else begins.
    fn refuse(&self, message: impl Into<String>, hint: Option<&str>) -> RecordSetError {
        let first = self.rest.chars().next().map_or(0, char::len_utf8);
        let word = self
            .rest
            .find(|c: char| c.is_whitespace() || "[]{},@/=?!".contains(c));
        let length = word.unwrap_or(self.rest.len()).max(first);
        RecordSetError {
            message: message.into(),
            at: self.at()..self.at() + length,
            hint: hint.map(ToOwned::to_owned),
        }
    }

    fn expected(&self, what: &str) -> RecordSetError {
        let error = self.refuse("", None);
        let found = match &self.text[error.at.clone()] {
            "" => "the end".to_owned(),
            found => format!("`{found}`"),
        };
        RecordSetError {
            message: format!("expected {what}, found {found}"),
            ..error
        }
    }

    /// An error at the bytes from `start` to here.
    fn since(&self, start: usize, message: String) -> RecordSetError {
        RecordSetError {
            message,
            at: start..self.at(),
            hint: None,
        }
    }
}

fn series(input: &mut Input<'_>) -> Result<&'static str> {
    let start = input.at();
    let name = take_while1(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    let Some(found) = input.take(name) else {
        return Err(input.expected("a series such as hmi.sharp_cea_720s"));
    };
    if let Some(series) = SERIES
        .into_iter()
        .find(|series| series.eq_ignore_ascii_case(found))
    {
        return Ok(series);
    }
    let hint = closest(found, SERIES).map_or_else(
        || format!("the series of SHARPs are {}", SERIES.join(", ")),
        |series| format!("did you mean `{series}`?"),
    );
    Err(RecordSetError {
        hint: Some(hint),
        ..input.since(start, format!("unknown series `{found}`"))
    })
}

/// What stands behind a `[`.
fn filter(input: &mut Input<'_>, set: &mut RecordSet, given: &mut [bool; 2]) -> Result<()> {
    input.space();
    if input.rest.starts_with('?') {
        set.clauses.push(clause(input)?);
        return Ok(());
    }
    if input.rest.starts_with('!') {
        return Err(input.refuse(
            "`[!…!]` asks for all versions of a record, and a table holds one",
            Some("`[? predicate ?]` takes a predicate"),
        ));
    }
    if input.rest.starts_with([':', '#']) {
        return Err(input.refuse(
            "records are not numbered here",
            Some("a record is named by HARPNUM and T_REC: `[377][2011.02.15_02:00:00_TAI]`"),
        ));
    }
    let start = input.at();
    let named = input.take(terminated(
        take_while1(|c: char| c.is_ascii_alphabetic() || c == '_'),
        delimited(multispace0, char('='), multispace0),
    ));
    let key = match named {
        Some(name) => key_of(input, start, name)?,
        None => given.iter().position(|given| !given).unwrap_or(KEYS.len()),
    };
    let Some(again) = given.get_mut(key) else {
        return Err(input.refuse(
            "a SHARP has two prime keys, HARPNUM and T_REC, found a third filter",
            None,
        ));
    };
    if std::mem::replace(again, true) {
        return Err(input.refuse(format!("{} is given twice", KEYS[key]), None));
    }
    if key == 0 {
        set.harpnum = intervals(input, number, number)?;
    } else {
        set.t_rec = intervals(input, time, step)?;
    }
    if input.eat(']') {
        Ok(())
    } else {
        Err(input.expected("`]`"))
    }
}

fn key_of(input: &Input<'_>, start: usize, name: &str) -> Result<usize> {
    let known = KEYS.iter().position(|key| key.eq_ignore_ascii_case(name));
    known.ok_or_else(|| RecordSetError {
        at: start..start + name.len(),
        hint: Some(match closest(name, KEYS) {
            Some(key) => format!("did you mean `{key}`?"),
            None => format!("a predicate on other keywords is written `[? {name} = … ?]`"),
        }),
        ..input.since(start, format!("`{name}` is no prime key of a SHARP"))
    })
}

/// `? predicate ?]`
fn clause(input: &mut Input<'_>) -> Result<String> {
    let start = input.at();
    let text: Option<&str> = input.take(delimited(char('?'), take_until("?]"), tag("?]")));
    match text.map(str::trim) {
        Some("") => Err(input.since(start, "expected a predicate between `[?` and `?]`".to_owned())),
        Some(text) => Ok(text.to_owned()),
        None => Err(RecordSetError {
            at: start..input.text.len(),
            ..input.since(start, "the predicate is never closed: expected `?]`".to_owned())
        }),
    }
}

fn segments(input: &mut Input<'_>) -> Result<Vec<String>> {
    let mut segments = Vec::new();
    while !input.eat('}') {
        let first = segments.is_empty();
        let comma = input.eat(',');
        input.space();
        if !first && !comma {
            return Err(input.expected("`,` or `}`"));
        }
        match input.take(take_while1(|c: char| c.is_ascii_alphanumeric() || c == '_')) {
            Some(segment) => segments.push(segment.to_owned()),
            None => return Err(input.expected("a segment such as Br")),
        }
    }
    Ok(segments)
}

fn intervals<V: Copy + PartialOrd, S>(
    input: &mut Input<'_>,
    value: impl Fn(&mut Input<'_>) -> Result<V>,
    step: impl Fn(&mut Input<'_>) -> Result<S>,
) -> Result<Option<Vec<Interval<V, S>>>> {
    input.space();
    if input.rest.starts_with(']') {
        return Ok(None);
    }
    let mut intervals = Vec::new();
    loop {
        input.space();
        if intervals.len() == MOST_INTERVALS {
            return Err(input.refuse(format!("at most {MOST_INTERVALS} intervals can be listed"), None));
        }
        intervals.push(interval(input, &value, &step)?);
        if !input.eat(',') {
            return Ok(Some(intervals));
        }
    }
}

fn interval<V: Copy + PartialOrd, S>(
    input: &mut Input<'_>,
    value: impl Fn(&mut Input<'_>) -> Result<V>,
    step: impl Fn(&mut Input<'_>) -> Result<S>,
) -> Result<Interval<V, S>> {
    if input.eat('^') {
        return Ok(Interval::First);
    }
    if input.eat('$') {
        return Ok(Interval::Last);
    }
    let start = input.at();
    let first = value(input)?;
    let every = |input: &mut Input<'_>| {
        if input.eat('@') {
            step(input).map(Some)
        } else {
            Ok(None)
        }
    };
    if input.eat('-') {
        let last = value(input)?;
        if last < first {
            return Err(input.since(start, "the range ends before it begins".to_owned()));
        }
        let step = every(input)?;
        Ok(Interval::Between { first, last, step })
    } else if input.eat('/') {
        let length = step(input)?;
        let step = every(input)?;
        Ok(Interval::Span { first, length, step })
    } else {
        Ok(Interval::One(first))
    }
}

/// A HARPNUM, or a difference of two: a number from one on.
fn number(input: &mut Input<'_>) -> Result<i64> {
    input.space();
    let start = input.at();
    let Some(digits) = input.take(digit1) else {
        return Err(input.expected("a number such as 377"));
    };
    match digits.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(input.since(
            start,
            format!("expected a number from 1 to {}, found {digits}", i64::MAX),
        )),
    }
}

fn time(input: &mut Input<'_>) -> Result<TRec> {
    input.space();
    let start = input.at();
    match TRec::leading(input.rest) {
        Some((rest, time)) => {
            input.rest = rest;
            time.map_err(|error| input.since(start, error.to_string()))
        }
        None => Err(input.expected("a time such as 2011.02.15_02:00:00_TAI")),
    }
}

/// `6h`, `0.5d`
fn step(input: &mut Input<'_>) -> Result<TimeStep> {
    fn decimal(input: &str) -> IResult<&str, &str> {
        let fraction = preceded(char('.'), take_while(|c: char| c.is_ascii_digit()));
        recognize((digit1, opt(fraction))).parse(input)
    }
    input.space();
    let start = input.at();
    let Some((count, unit)) = input.take((decimal, one_of("smhd"))) else {
        return Err(RecordSetError {
            hint: Some("the units are s, m, h and d".to_owned()),
            ..input.expected("a length of time such as 6h")
        });
    };
    let seconds = match unit {
        's' => 1.0,
        'm' => 60.0,
        'h' => 3600.0,
        _ => 86_400.0,
    };
    let count: f64 = count.parse().unwrap_or(f64::NAN);
    TimeStep::from_seconds(count * seconds).ok_or_else(|| {
        input.since(
            start,
            "expected between a second and three hundred years".to_owned(),
        )
    })
}
