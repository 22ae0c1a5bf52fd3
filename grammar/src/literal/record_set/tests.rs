//! What is read, what is refused and where, and that the text of a set is read again as itself.

use proptest::prelude::*;

use super::*;
use crate::span::Location;

fn set(text: &str) -> RecordSet {
    match text.parse() {
        Ok(set) => set,
        Err(error) => panic!("{text}: {error}"),
    }
}

#[test]
fn sets_are_read_as_jsoc_reads_them() {
    for (text, same) in [
        ("hmi.sharp_cea_720s", "hmi.sharp_cea_720s"),
        (" HMI.SHARP_720S [ ] ", "hmi.sharp_720s"),
        ("hmi.sharp_cea_720s[][]", "hmi.sharp_cea_720s"),
        (
            "hmi.sharp_cea_720s_nrt[377, 401-403@2,7/3]",
            "hmi.sharp_cea_720s_nrt[377,401-403@2,7/3]",
        ),
        (
            "hmi.sharp_cea_720s[377][2011.02.15_00:00:00_TAI/1d@6h]",
            "hmi.sharp_cea_720s[377][2011.02.15_00:00:00_TAI/1d@6h]",
        ),
        (
            "hmi.sharp_cea_720s[][2011.02.15-2011.02.16_12:00@0.5d]",
            "hmi.sharp_cea_720s[][2011.02.15_00:00:00_TAI-2011.02.16_12:00:00_TAI@12h]",
        ),
        (
            "hmi.sharp_720s[T_REC=2011.02.15_02:00:00Z,$][HARPNUM = ^]",
            "hmi.sharp_720s[^][2011.02.15_02:00:34_TAI,$]",
        ),
        (
            "hmi.sharp_720s[$][? noaa_ar = 11158 ?][2011.02.15/90m@720s] {Br , bitmap}",
            "hmi.sharp_720s[$][2011.02.15_00:00:00_TAI/90m@12m][? noaa_ar = 11158 ?]{Br,bitmap}",
        ),
        ("hmi.sharp_720s{}", "hmi.sharp_720s"),
    ] {
        assert_eq!(set(text).to_string(), same, "{text}");
    }
}

#[test]
fn lengths_are_rounded_to_slots() {
    for (seconds, slots) in [
        (1.0, 1),
        (720.0, 1),
        (1079.0, 1),
        (1080.0, 2),
        (86_400.0, 120),
        (21_600.0, 30),
    ] {
        assert_eq!(
            TimeStep::from_seconds(seconds).map(TimeStep::slots),
            Some(slots),
            "{seconds} s"
        );
    }
    assert_eq!(
        (TimeStep::from_seconds(0.4), TimeStep::from_seconds(1e11)),
        (None, None)
    );
}

#[test]
fn mistakes_are_pointed_at() {
    for (text, at, message) in [
        (
            "",
            "",
            "expected a series such as hmi.sharp_cea_720s, found the end",
        ),
        (
            "hmi.sharp_cea_720",
            "hmi.sharp_cea_720",
            "unknown series `hmi.sharp_cea_720`",
        ),
        (
            "hmi.sharp_720s(3)",
            "(3)",
            "expected `[`, `{` or the end, found `(3)`",
        ),
        ("hmi.sharp_720s[377", "", "expected `]`, found the end"),
        (
            "hmi.sharp_720s[x]",
            "x",
            "expected a number such as 377, found `x`",
        ),
        (
            "hmi.sharp_720s[0]",
            "0",
            "expected a number from 1 to 9223372036854775807, found 0",
        ),
        (
            "hmi.sharp_720s[400-377]",
            "400-377",
            "the range ends before it begins",
        ),
        (
            "hmi.sharp_720s[][2011-02-15]",
            "2011-02-15",
            "expected a time such as 2011.02.15_02:00:00_TAI, found `2011-02-15`",
        ),
        (
            "hmi.sharp_720s[][2011.02.30]",
            "2011.02.30",
            "the day must be between 1 and 28, found 30",
        ),
        (
            "hmi.sharp_720s[][2011.02.15/1]",
            "1",
            "expected a length of time such as 6h, found `1`",
        ),
        (
            "hmi.sharp_720s[][2011.02.15/0d]",
            "0d",
            "expected between a second and three hundred years",
        ),
        (
            "hmi.sharp_720s[1][2011.02.15][3]",
            "3",
            "a SHARP has two prime keys, HARPNUM and T_REC, found a third filter",
        ),
        (
            "hmi.sharp_720s[harpnum=1][HARPNUM=2]",
            "2",
            "HARPNUM is given twice",
        ),
        (
            "hmi.sharp_720s[NOAA_AR=11158]",
            "NOAA_AR",
            "`NOAA_AR` is no prime key of a SHARP",
        ),
        (
            "hmi.sharp_720s[? usflux > 1",
            "? usflux > 1",
            "the predicate is never closed: expected `?]`",
        ),
        (
            "hmi.sharp_720s[? ?]",
            "? ?]",
            "expected a predicate between `[?` and `?]`",
        ),
        (
            "hmi.sharp_720s[!usflux>1!]",
            "!",
            "`[!…!]` asks for all versions of a record, and a table holds one",
        ),
        ("hmi.sharp_720s[:#1]", ":#1", "records are not numbered here"),
        (
            "hmi.sharp_720s[1],hmi.sharp_720s[2]",
            ",",
            "one record set is taken, found a list of them",
        ),
        ("hmi.sharp_720s{Br Bt}", "Bt", "expected `,` or `}`, found `Bt`"),
    ] {
        let error = text.parse::<RecordSet>().expect_err(text);
        assert_eq!(
            (&text[error.at.clone()], error.message.as_str()),
            (at, message),
            "{text}"
        );
    }
}

#[test]
fn the_caret_stands_inside_the_literal() {
    let text = "hmi.sharp_720s[? noaa_ars = '11158' ?][x]";
    let literal = Span::new(Location::new(3, 8), Location::new(3, 8 + 43 + 2));
    let error = text.parse::<RecordSet>().expect_err("x is no number");
    let at = |from, to| Some(Span::new(Location::new(3, from), Location::new(3, to)));
    // Two quotes before it are doubled in the source.
    assert_eq!(error.diagnostic(text, literal).span, at(50, 51));
    // A parameter stands elsewhere than its text.
    let parameter = Span::new(Location::new(3, 8), Location::new(3, 10));
    assert_eq!(error.diagnostic(text, parameter).span, Some(parameter));
}

#[test]
fn predicates_keep_their_places() {
    let text = "hmi.sharp_720s[? usflux > 1e22 ?][? a =\n b ?]";
    let literal = Span::new(Location::new(1, 1), Location::new(2, 7));
    let predicates = set(text).predicates(text, literal).expect("two predicates");
    let texts: Vec<String> = predicates.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["usflux > 1e22", "a = b"]);
    let sqlparser::ast::Expr::BinaryOp { right, .. } = &predicates[1] else {
        panic!("{predicates:?}");
    };
    let span = sqlparser::ast::Spanned::span(right.as_ref());
    assert_eq!(span, Span::new(Location::new(2, 2), Location::new(2, 3)));

    for (text, message) in [
        (
            "hmi.sharp_720s[? usflux > ?]",
            "expected an expression, found the end of the statement",
        ),
        (
            "hmi.sharp_720s[? a 1 ?]",
            "expected the end of the predicate, found `1`",
        ),
        (
            "hmi.sharp_720s[? t_rec > $(2011.02.15) ?]",
            "times in a predicate, `$(…)`, are not read here",
        ),
        ("hmi.sharp_720s[? (a = 1 ?]", "`(` is never closed"),
    ] {
        let literal = Span::new(Location::new(1, 1), Location::new(1, text.len() as u64 + 3));
        let error = set(text).predicates(text, literal).expect_err(text);
        assert_eq!(error.message, message, "{text}");
    }
}

fn numbers() -> impl Strategy<Value = Interval<i64, i64>> {
    let number = 1_i64..20_000;
    prop_oneof![
        Just(Interval::First),
        Just(Interval::Last),
        number.clone().prop_map(Interval::One),
        (number.clone(), 0_i64..50, proptest::option::of(1_i64..9)).prop_map(|(first, more, step)| {
            Interval::Between {
                first,
                last: first + more,
                step,
            }
        }),
        (number, 1_i64..50, proptest::option::of(1_i64..9))
            .prop_map(|(first, length, step)| Interval::Span { first, length, step }),
    ]
}

fn times() -> impl Strategy<Value = Interval<TRec, TimeStep>> {
    let time = || (1_000_000_000_000_000_i64..2_000_000_000_000_000).prop_map(TRec::from_unix_micros);
    let step = || (1_i64..100_000_000).prop_map(|seconds| TimeStep { seconds });
    prop_oneof![
        Just(Interval::First),
        Just(Interval::Last),
        time().prop_map(Interval::One),
        (time(), time(), proptest::option::of(step())).prop_map(|(a, b, step)| Interval::Between {
            first: a.min(b),
            last: a.max(b),
            step
        }),
        (time(), step(), proptest::option::of(step())).prop_map(|(first, length, step)| Interval::Span {
            first,
            length,
            step
        }),
    ]
}

prop_compose! {
    fn any_set()(
        series in 0..SERIES.len(),
        harpnum in proptest::option::of(prop::collection::vec(numbers(), 1..4)),
        t_rec in proptest::option::of(prop::collection::vec(times(), 1..4)),
        clauses in prop::collection::vec("[a-z_]{1,8} [<>=] [0-9]{1,5}", 0..3),
        segments in prop::collection::vec("[A-Za-z_]{1,8}", 0..3),
    ) -> RecordSet {
        RecordSet { series: SERIES[series], harpnum, t_rec, clauses, segments }
    }
}

/// Pieces that record sets are made of.
const PIECES: &[&str] = &[
    "hmi.sharp_720s",
    "[",
    "]",
    "{",
    "}",
    "?",
    "[?",
    "?]",
    "377",
    "-",
    "/",
    "@",
    ",",
    "^",
    "$",
    "1d",
    "6h",
    "#",
    ":",
    "!",
    "2011.02.15",
    "_00:00",
    ":00",
    "_TAI",
    "Z",
    "T_REC=",
    "HARPNUM",
    "=",
    " ",
    "\n",
    "'",
    "usflux > 1",
    "Φ",
    "(",
    "9999999999999999999",
];

proptest! {
    #[test]
    fn a_set_survives_its_text(set in any_set()) {
        prop_assert_eq!(set.to_string().parse(), Ok(set));
    }

    #[test]
    fn no_text_panics(text in prop_oneof![
        any::<String>(),
        prop::collection::vec(prop::sample::select(PIECES), 0..20).prop_map(|pieces| pieces.concat()),
    ]) {
        let literal = Span::new(Location::new(1, 1), Location::new(1, text.chars().count() as u64 + 3));
        match text.parse::<RecordSet>() {
            Ok(set) => {
                let _ = set.predicates(&text, literal);
                prop_assert_eq!(set.to_string().parse(), Ok(set));
            }
            Err(error) => {
                prop_assert!(text.get(error.at.clone()).is_some(), "{:?} of {:?}", error, text);
                prop_assert!(error.diagnostic(&text, literal).span.is_some());
            }
        }
    }
}
