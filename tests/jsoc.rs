//! IMPORT SHARPS FROM JSOC against a server that answers as JSOC does, and as JSOC does on a bad day.

use std::{
    error::Error,
    path::Path,
    time::{Duration, Instant},
};

use helioql::Engine;
use helioql_catalog::Catalogue;
use helioql_grammar::{
    RecordSet, TRec,
    literal::{Interval, TimeStep},
};
use helioql_tests::{
    Bench,
    server::{Answer, Server},
};

type Outcome = Result<(), Box<dyn Error>>;

/// What a server answers to a request of this number and query.
type Answering = Box<dyn Fn(usize, &str) -> Answer + Send + Sync>;

const SET: &str = "hmi.sharp_cea_720s[377][2011.02.15/1d@6h]";

/// The slots that a query names, for one region.
fn slots(query: &str) -> Vec<i64> {
    let set = query
        .split('&')
        .find_map(|part| part.strip_prefix("ds="))
        .unwrap_or_default();
    let Ok(set) = set.parse::<RecordSet>() else {
        return Vec::new();
    };
    let times = set.t_rec.unwrap_or_default();
    let members = |interval: &Interval<TRec, TimeStep>| match interval {
        Interval::One(at) => vec![at.slot()],
        Interval::Between { first, last, step } => every(first.slot(), last.slot() + 1, *step),
        Interval::Span { first, length, step } => every(first.slot(), first.slot() + length.slots(), *step),
        Interval::First | Interval::Last => Vec::new(),
    };
    times.iter().flat_map(members).collect()
}

/// Every step-th slot from `first` to before `end`.
fn every(first: i64, end: i64, step: Option<TimeStep>) -> Vec<i64> {
    (first..end)
        .step_by(step.map_or(1, TimeStep::slots) as usize)
        .collect()
}

/// The reply of a server that has a record in every slot, `usflux` being the number of the slot.
fn jsoc(query: &str) -> String {
    let slots = slots(query);
    if query.starts_with("op=rs_summary") {
        return format!("{{\"count\":{},\"runtime\":0.01,\"status\":0}}", slots.len());
    }
    let list = |values: Vec<String>| values.join("\",\"");
    let values = |value: &dyn Fn(i64) -> String| list(slots.iter().map(|slot| value(*slot)).collect());
    format!(
        "{{\"keywords\":[{{\"name\":\"T_REC\",\"values\":[\"{}\"]}},{{\"name\":\"USFLUX\",\"values\":[\"{}\"]}},\
         {{\"name\":\"NOAA_ARS\",\"values\":[\"{}\"]}},{{\"name\":\"HARPNUM\",\"values\":[\"{}\"]}}],\
         \"segments\":[],\"links\":[],\"count\":{},\"runtime\":0.029,\"status\":0}}",
        values(&|slot| TRec::from_slot(slot).to_string()),
        values(&|slot| slot.to_string()),
        values(&|_| "11158".to_owned()),
        values(&|_| "377".to_owned()),
        slots.len()
    )
}

fn good(_: usize, query: &str) -> Answer {
    Answer::Status(200, jsoc(query))
}

/// The statement, with a short pause, and replies kept in `cache`.
fn import(
    bench: &Bench,
    server: &Server,
    cache: &Path,
    set: &str,
    more: &str,
) -> Result<Vec<Vec<String>>, String> {
    let sql = format!(
        "IMPORT SHARPS FROM JSOC '{set}' WITH (url = '{}', cache = '{}', pause = 0.01{more})",
        server.url(),
        cache.display()
    );
    bench.rows(&sql).map_err(|error| error.to_string())
}

#[test]
fn keywords_of_a_record_set_become_rows() -> Outcome {
    let (bench, server, cache) = (Bench::empty()?, Server::start(good)?, tempfile::tempdir()?);
    let report = import(
        &bench,
        &server,
        cache.path(),
        SET,
        ", keys = ['usflux', 'NOAA_ARS']",
    )?;
    let set = "hmi.sharp_cea_720s[377][2011.02.15_00:00:00_TAI/1d@6h]";
    assert_eq!(report, [[set, "imported", "NULL", "NULL", "4 records"]]);
    assert_eq!(
        bench.rows("SELECT harpnum, t_rec_tai, noaa_ars, patch IS NULL, source, path FROM sharps ORDER BY t_rec LIMIT 2")?,
        [
            ["377", "2011.02.15_00:00:00_TAI", "11158", "true", "jsoc", set],
            ["377", "2011.02.15_06:00:00_TAI", "11158", "true", "jsoc", set],
        ]
    );
    // Two questions, and none that orders an export.
    assert_eq!(
        server.asked(),
        [
            format!("op=rs_summary&ds={set}"),
            format!("op=rs_list&ds={set}&key=HARPNUM,T_REC,USFLUX,NOAA_ARS")
        ]
    );
    // RECORDSET finds here what JSOC found there.
    assert_eq!(
        bench.value(&format!("SELECT count(*) FROM RECORDSET('{SET}')"))?,
        "4"
    );
    Ok(())
}

#[test]
fn all_keywords_are_asked_for_where_none_is_named() -> Outcome {
    let (bench, server, cache) = (Bench::empty()?, Server::start(good)?, tempfile::tempdir()?);
    import(&bench, &server, cache.path(), SET, "")?;
    let asked = server.asked();
    for card in [
        "HARPNUM", "T_REC", "USFLUX", "ERRVF", "TOTUSJH", "R_VALUE", "NOAA_ARS", "AREA_ACR", "LAT_FWT",
    ] {
        let keys = asked[1].rsplit_once("key=").map_or("", |(_, keys)| keys);
        assert!(
            keys.split(',').filter(|key| *key == card).count() == 1,
            "{card}: {keys}"
        );
    }
    Ok(())
}

#[test]
fn long_sets_are_asked_for_in_pages_and_not_again() -> Outcome {
    let (bench, server, cache) = (Bench::empty()?, Server::start(good)?, tempfile::tempdir()?);
    let set = "hmi.sharp_cea_720s[377][2011.02.15/1d]{Br}";
    let report = import(&bench, &server, cache.path(), set, ", page = 20")?;
    assert_eq!(report[0][4], "120 records");
    let asked = server.asked();
    let lists: Vec<usize> = asked
        .iter()
        .filter(|q| q.starts_with("op=rs_list"))
        .map(|q| slots(q).len())
        .collect();
    assert_eq!(lists, [15; 8], "halves of halves of halves of 120");
    assert_eq!(
        bench.value("SELECT count(*) FROM sharps WHERE usflux > 1")?,
        "120"
    );
    // Every reply is kept, so the server is not asked again.
    let again = Bench::empty()?;
    assert_eq!(
        import(&again, &server, cache.path(), set, ", page = 20")?[0][4],
        "120 records"
    );
    assert_eq!(server.asked().len(), asked.len());
    // A file that is damaged is asked for anew, and only it.
    let file = std::fs::read_dir(cache.path())?
        .next()
        .ok_or("a reply is kept")??
        .path();
    std::fs::write(&file, b"damaged")?;
    import(&again, &server, cache.path(), set, ", page = 20")?;
    assert_eq!(server.asked().len(), asked.len() + 1);
    import(&again, &server, cache.path(), set, ", page = 20, refresh = true")?;
    assert_eq!(server.asked().len(), 2 * asked.len() + 1);
    Ok(())
}

#[test]
fn what_passes_is_asked_again() -> Outcome {
    let cut = |_, query: &str| {
        let whole = jsoc(query);
        let half = whole.len() / 2;
        Answer::Cut(whole.into_bytes(), half)
    };
    let bad_days: [(&str, Answering); 5] = [
        (
            "500",
            Box::new(|_, _| Answer::Status(500, "<html>oops</html>".to_owned())),
        ),
        ("503", Box::new(|_, _| Answer::Status(503, String::new()))),
        ("a cut connection", Box::new(cut)),
        (
            "silence",
            Box::new(|_, _| Answer::Silence(Duration::from_secs(2))),
        ),
        (
            "half a reply",
            Box::new(|_, query| Answer::Status(200, jsoc(query)[..30].to_owned())),
        ),
    ];
    for (name, bad) in bad_days {
        // Each question is answered badly twice, then well.
        let server = Server::start(move |number, query| {
            if number % 3 < 2 {
                bad(number, query)
            } else {
                good(number, query)
            }
        })?;
        let (bench, cache) = (Bench::empty()?, tempfile::tempdir()?);
        let report = import(&bench, &server, cache.path(), SET, ", timeout = 0.3");
        assert_eq!(
            report.as_ref().map(|report| report[0][4].as_str()),
            Ok("4 records"),
            "{name}"
        );
        assert_eq!(server.asked().len(), 6, "{name}");
    }
    Ok(())
}

#[test]
fn what_stays_is_told_and_changes_nothing() -> Outcome {
    let folder = tempfile::tempdir()?;
    let engine = Engine::open(folder.path().join("sun.helio"))?;
    let bench = Bench::over(&engine)?;
    let first = Server::start(good)?;
    import(&bench, &first, &folder.path().join("first"), SET, "")?;
    let generation = engine.catalogue().map(Catalogue::generation);
    // The server, how often it is asked, and what the error says.
    let bad_servers: [(Answering, usize, &str); 8] = [
        (Box::new(|_, _| Answer::Status(404, String::new())), 1, "404"),
        (Box::new(|_, _| Answer::Status(500, String::new())), 5, "500"),
        (
            Box::new(|_, _| Answer::Silence(Duration::from_secs(2))),
            5,
            "no reply within 0.2 s; it was asked 5 times",
        ),
        (
            Box::new(|_, _| {
                Answer::Status(
                    200,
                    r#"{"status":1,"error":"unable to open the series"}"#.to_owned(),
                )
            }),
            1,
            "JSOC answers with status 1: unable to open the series",
        ),
        (
            Box::new(|_, _| Answer::Status(200, r#"{"status":0}"#.to_owned())),
            5,
            "how many records there are",
        ),
        (
            Box::new(|_, _| Answer::Status(200, "<html>".to_owned())),
            5,
            "no JSON of jsoc_info",
        ),
        // Three counts, then a list with more of one keyword than of the others.
        (
            Box::new(|_, query| {
                let more = jsoc(query).replace("[\"377\"]", "[\"377\",\"378\"]");
                Answer::Status(200, more)
            }),
            8,
            "HARPNUM has 2 values, the first keyword has 1; the reply is not whole; it was asked 5 times",
        ),
        // The middle of an import: the pages before were good.
        (
            Box::new(|number, query| {
                if number < 5 {
                    good(number, query)
                } else {
                    Answer::Status(403, String::new())
                }
            }),
            6,
            "403",
        ),
    ];
    for (index, (answer, times, says)) in bad_servers.into_iter().enumerate() {
        let server = Server::start(answer)?;
        let cache = folder.path().join(format!("cache-{index}"));
        let more = ", timeout = 0.2, page = 1";
        let error = import(
            &bench,
            &server,
            &cache,
            "hmi.sharp_cea_720s[377][2011.02.16/1d@6h]",
            more,
        );
        let error = error.expect_err(says);
        assert!(error.contains(says) && error.starts_with(server.url()), "{error}");
        assert_eq!(server.asked().len(), times, "{says}");
        assert_eq!(
            engine.catalogue().map(Catalogue::generation),
            generation,
            "{says}"
        );
    }
    assert_eq!(bench.value("SELECT count(*) FROM sharps")?, "4");
    Ok(())
}

#[test]
fn an_import_that_broke_off_goes_on_where_it_was() -> Outcome {
    let cache = tempfile::tempdir()?;
    let listed = |asked: &[String]| {
        asked
            .iter()
            .filter(|query| query.starts_with("op=rs_list"))
            .count()
    };
    // The same server, which is down after a while. Its address is part of the question.
    let server = Server::start(|number, query| match number {
        9 => Answer::Status(403, String::new()),
        _ => good(number, query),
    })?;
    let bench = Bench::empty()?;
    let set = "hmi.sharp_cea_720s[377][2011.02.15/1d@3h]";
    assert!(import(&bench, &server, cache.path(), set, ", page = 1").is_err());
    let before = server.asked();
    assert!(listed(&before) > 1, "{before:?}");
    assert_eq!(
        import(&bench, &server, cache.path(), set, ", page = 1")?[0][4],
        "8 records"
    );
    let after = server.asked();
    // Fifteen counts and eight lists, of which only the refused question was asked twice.
    assert_eq!(
        (after.len(), listed(&after)),
        (15 + 8 + 1, 8 + usize::from(before[9].starts_with("op=rs_list")))
    );
    Ok(())
}

#[test]
fn a_reply_without_end_is_not_read_to_its_end() -> Outcome {
    let (bench, server, cache) = (
        Bench::empty()?,
        Server::start(|_, _| Answer::Endless)?,
        tempfile::tempdir()?,
    );
    let error = import(&bench, &server, cache.path(), SET, "").expect_err("no end");
    assert!(error.contains("larger than 64 MB"), "{error}");
    assert_eq!(server.asked().len(), 1);
    Ok(())
}

/// A wait looks at the flag every 50 ms; the rest is a busy machine's.
const PATIENCE: Duration = Duration::from_millis(200);

#[test]
fn every_wait_ends_when_the_statement_is_cancelled() -> Outcome {
    let cache = tempfile::tempdir()?;
    let waits: [(&str, Answering, &str); 3] = [
        (
            "a reply",
            Box::new(|_, _| Answer::Silence(Duration::from_secs(20))),
            "pause = 0, timeout = 30",
        ),
        ("a pause", Box::new(good), "pause = 30"),
        (
            "a second try",
            Box::new(|_, _| Answer::Status(500, String::new())),
            "pause = 30",
        ),
    ];
    for (name, answer, options) in waits {
        let (bench, server) = (Bench::empty()?, Server::start(answer)?);
        let after = Duration::from_millis(500);
        let start = Instant::now();
        let sql = format!(
            "IMPORT SHARPS FROM JSOC '{SET}' WITH (url = '{}', cache = '{}', {options})",
            server.url(),
            cache.path().display()
        );
        let ended = bench.cancelled_after(after, &sql);
        assert!(
            ended.as_ref().is_err_and(helioql::Error::is_cancelled),
            "{name}: {ended:?}"
        );
        assert!(
            start.elapsed() < after + PATIENCE,
            "{name}: {:?}",
            start.elapsed()
        );
        assert_eq!(server.asked().len(), 1, "{name}");
    }
    Ok(())
}
