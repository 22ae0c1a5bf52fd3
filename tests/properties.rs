//! What holds for every filter, number, unit and text: laws, tried on random cases.

use std::sync::OnceLock;

use helioql_grammar::unit::{UNITS, Unit};
use helioql_tests::{Bench, bench::RECORDS};
use proptest::prelude::*;

/// One session for all cases: queries leave nothing behind.
fn bench() -> &'static Bench {
    static BENCH: OnceLock<Bench> = OnceLock::new();
    BENCH.get_or_init(|| Bench::simulated().expect("a session with simulated records"))
}

fn rows(sql: &str) -> Result<Vec<Vec<String>>, TestCaseError> {
    bench()
        .rows(sql)
        .map_err(|error| TestCaseError::fail(format!("{sql}\n{error}")))
}

fn value(sql: &str) -> Result<String, TestCaseError> {
    bench()
        .value(sql)
        .map_err(|error| TestCaseError::fail(format!("{sql}\n{error}")))
}

/// The numbers of the only row.
fn numbers(sql: &str) -> Result<Vec<f64>, TestCaseError> {
    let row = rows(sql)?.concat();
    row.iter()
        .map(|text| {
            text.parse()
                .map_err(|error| TestCaseError::fail(format!("{text}: {error}")))
        })
        .collect()
}

/// The rows near to one record; a stored embedding keeps the cases fast.
fn nearest(k: u64, filter: &str) -> Result<Vec<Vec<String>>, TestCaseError> {
    rows(&format!(
        "SELECT harpnum, t_rec, _distance FROM NEAREST(
           (SELECT embedding FROM sharps WHERE harpnum = 9000007 ORDER BY t_rec LIMIT 1), k => {k})
         WHERE {filter} ORDER BY _rank"
    ))
}

/// The same by sorting everything.
fn sorted(k: u64, filter: &str) -> Result<Vec<Vec<String>>, TestCaseError> {
    rows(&format!(
        "SELECT harpnum, t_rec, l2_distance(embedding, (
           SELECT embedding FROM sharps WHERE harpnum = 9000007 ORDER BY t_rec LIMIT 1)) AS d
         FROM sharps WHERE {filter} ORDER BY d LIMIT {k}"
    ))
}

/// Predicates on columns of `sharps`, with NULLs among what they compare.
fn predicate() -> impl Strategy<Value = String> {
    let simple = prop_oneof![
        (20.0..23.0f64).prop_map(|log| format!("usflux > {:e}Mx", 10f64.powf(log))),
        (-40.0..40.0f64).prop_map(|deg| format!("lat_fwt < {deg}deg")),
        (2..7i64, 0..7i64).prop_map(|(modulus, rest)| format!("harpnum % {modulus} = {rest}")),
        (0..5i64).prop_map(|modulus| format!("nullif(noaa_ar % 5, {modulus}) > 2")),
        (2010..2022i64).prop_map(|year| format!("t_rec >= '{year}-01-01'")),
        Just("r_value > 3".to_owned()),
    ];
    let pair = (
        simple.clone(),
        prop::sample::select(vec!["AND", "OR"]),
        simple.clone(),
    );
    prop_oneof![
        simple,
        pair.prop_map(|(left, op, right)| format!("({left} {op} {right})"))
    ]
}

/// Few cases, since each is a query or more; a failure prints the query, so none need be kept in a file.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(24))]

    /// A filter keeps NEAREST what it is: the first k of the rows that match.
    #[test]
    fn nearest_with_a_filter_is_the_sorted_filter(filter in predicate(), k in 0..=RECORDS) {
        prop_assert_eq!(nearest(k, &filter)?, sorted(k, &filter)?);
    }

    /// A row matches a predicate, its negation, or neither; together they are all rows.
    #[test]
    fn filters_partition_the_rows(filter in predicate()) {
        let mut parts = nearest(RECORDS, &filter)?;
        parts.extend(nearest(RECORDS, &format!("NOT ({filter})"))?);
        parts.extend(nearest(RECORDS, &format!("({filter}) IS NULL"))?);
        let mut all = nearest(RECORDS, "true")?;
        parts.sort();
        all.sort();
        prop_assert_eq!(parts, all);
    }

    /// Asking for more never changes what came first.
    #[test]
    fn fewer_are_the_first_of_more(filter in predicate(), k in 0..RECORDS, more in 1..50u64) {
        let (few, many) = (nearest(k, &filter)?, nearest(k + more, &filter)?);
        prop_assert_eq!(&few[..], &many[..few.len()]);
    }
}

proptest! {
    #![proptest_config(config(64))]

    /// A quantity is its number in the base unit; the typed form is the same.
    #[test]
    fn quantities_are_numbers_of_base_units(number in 1e-3..1e3f64, unit in prop::sample::select(UNITS)) {
        let Unit { symbol, to_base, .. } = unit;
        let written = format!("{number}{symbol} AS a, QUANTITY '{number} {symbol}' AS b, -{number}{symbol} AS c");
        let expected = number * to_base;
        prop_assert_eq!(numbers(&format!("SELECT {written}"))?, vec![expected, expected, -expected]);
    }

    /// In a comparison the unit of the quantity does not matter, only its value.
    #[test]
    fn comparisons_do_not_depend_on_the_unit(log in 20.0..23.0f64) {
        let flux = 10f64.powf(log);
        // Half the spacing of the weber's last digit may fall on the other side of a record, but none lies there.
        let by = |quantity: String| value(&format!("SELECT count(*) FROM sharps WHERE usflux > {quantity}"));
        prop_assert_eq!(by(format!("{flux:e}Mx"))?, by(format!("{flux:e}"))?);
        prop_assert_eq!(by(format!("{flux:e}Mx"))?, by(format!("{:e}Wb", flux / 1e8))?);
    }

    /// The laws of flux, through SQL: what is measured does not depend on how the numbers came.
    #[test]
    fn flux_obeys_its_laws(field in prop::collection::vec(-2000i32..2000, 12), mm in 1..20u32) {
        let list = field.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let measured = |scale: i32| numbers(&format!(
            "SELECT USFLUX(p), TPF(p), TNF(p), NETFLUX(p)
             FROM (SELECT TO_PATCH([{list}], height => 3, width => 4, cell_mm => {mm}Mm, scale => {scale}) AS p)"));
        // Whole Gauss and Mm: every sum is exact, so the results are equal.
        let area = f64::from(mm * mm) * 1e16;
        let flux = |gauss: i32| f64::from(gauss) * area;
        let positive = field.iter().filter(|&&b| b > 0).sum::<i32>();
        let negative = -field.iter().filter(|&&b| b < 0).sum::<i32>();
        let expected = [positive + negative, positive, negative, positive - negative].map(flux).to_vec();
        prop_assert_eq!(measured(1)?, expected);
        let turned = [positive + negative, negative, positive, negative - positive].map(flux).to_vec();
        prop_assert_eq!(measured(-1)?, turned);
    }

    /// A statement tells each of its mistakes once, at its place, in their order, and nothing else.
    #[test]
    fn every_mistake_is_told(parts in prop::collection::vec(prop::sample::select(PARTS), 4)) {
        let mut text = String::new();
        let mut expected = Vec::new();
        let clauses = ["SELECT ", " AS a, ", " AS b FROM sharps WHERE ", " IS NULL ORDER BY "];
        for (clause, (part, mistake)) in clauses.into_iter().zip(parts) {
            text.push_str(clause);
            if let Some((message, within)) = mistake {
                let at = part.find(within).expect("a mistake stands in its part");
                expected.push((message, (text.len() + at + 1) as u64));
            }
            text.push_str(part);
        }
        let found = bench().batches(&text).err().map(|error| {
            (error.to_string(), error.diagnostic())
        });
        let Some((first, diagnostic)) = found else {
            prop_assert!(expected.is_empty(), "{} is answered", text);
            return Ok(());
        };
        // DataFusion 55.2 refuses some of its own plans that sort by an expression of a column that is NULL in all rows,
        // such as `SELECT x AS a, x / y > 200 AS b FROM t WHERE x IS NULL ORDER BY x / y > 200`: no mistake of the statement's.
        prop_assume!(!first.contains("does not satisfy order requirements"));
        let told: Vec<_> = diagnostic
            .all()
            .map(|one| (one.message.as_str(), one.span.map_or(0, |span| span.start.column)))
            .collect();
        prop_assert_eq!(&told, &expected, "{}", text);
        prop_assert_eq!(first.as_str(), expected[0].0, "{}", text);
    }

    /// Whatever is typed is answered, by rows or by an error; it never panics.
    #[test]
    fn no_text_panics(words in prop::collection::vec(prop::sample::select(WORDS), 1..14)) {
        let text = words.join(" ");
        if let Err(error) = bench().batches(&text) {
            let report = error.diagnostic().render(&text, None);
            prop_assert!(report.starts_with("error: "), "{}", report);
            prop_assert!(!report.contains("internal"), "{}", report);
        }
    }
}

/// An expression, and where it is wrong what is said of which part of it.
type Part = (&'static str, Option<(&'static str, &'static str)>);

/// Parts of a query that are right or wrong whatever stands beside them.
const PARTS: &[Part] = &[
    ("usflux", None),
    ("usflux / area_acr > 200G", None),
    ("USFLUX(patch)", None),
    ("hrpnum", Some(("unknown column `hrpnum`", "hrpnum"))),
    ("abs(usflux + tlt)", Some(("unknown column `tlt`", "tlt"))),
    ("USFLUX(ptch)", Some(("unknown column `ptch`", "ptch"))),
    ("foo(usflux)", Some(("unknown function `foo`", "foo"))),
    ("abs(fooo(patch)) > 3", Some(("unknown function `fooo`", "fooo"))),
    (
        "EMBED(patch, encodr => 'look')",
        Some(("EMBED has no argument `encodr`", "encodr")),
    ),
    (
        "usflux > 3G",
        Some((
            "a flux was expected, a field strength was found: 3G is compared with a value in Mx",
            "3G",
        )),
    ),
    (
        "lat_fwt BETWEEN -1deg AND 7Mm",
        Some((
            "an angle was expected, a length was found: 7Mm is compared with a value in deg",
            "7Mm",
        )),
    ),
    (
        "(SELECT max(usflx) FROM sharps)",
        Some(("unknown column `usflx`", "usflx")),
    ),
    ("(SELECT 1 FROM shrps)", Some(("unknown table `shrps`", "shrps"))),
    (
        "CAST('abc' AS DOUBLE)",
        Some(("`'abc'` is not a number", "'abc'")),
    ),
];

/// Words of the language, in an order that nobody intended. None of them writes or trains.
const WORDS: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "NEAREST(",
    "GENERATE(",
    "STEER(",
    "EMBED(",
    "USFLUX(",
    "TO_PATCH(",
    "sharps",
    "patch",
    "embedding",
    "usflux",
    "harpnum",
    "*",
    ",",
    "(",
    ")",
    ")",
    "=>",
    "k",
    "k => 3",
    "seed => 7",
    "within => sharps",
    "usflux => 1e22Mx",
    "1e22Mx",
    "60Mm",
    "-1",
    "NULL",
    "'2013-01-01'",
    "'",
    "\"",
    "AND",
    "AS n",
    "_distance",
    "<",
    "=",
    "[1.0]",
    "along => 'psep'",
    "by => 1",
    "hold => ['psep']",
    "steps => 2",
    "EXPLAIN",
    "SHOW",
    "KEYWORDS",
    "DESCRIBE",
    "ENCODER",
    "look",
    "T_REC '2011.02.15_02:00:00_TAI'",
    "$x",
    ";",
    "--",
    "/*",
    "é",
    "1e999Mx",
    "ORDER BY",
    "LIMIT 1",
    "height => 1",
    "width => 1",
    "cell_mm => 1Mm",
];
