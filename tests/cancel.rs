//! Long statements tell how far they are, stop when they are asked to, and leave nothing half done.

#![expect(clippy::print_stdout, reason = "how long each took to stop is told")]

use std::{
    error::Error,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use helioql_tests::Bench;

type Outcome = Result<(), Box<dyn Error>>;

/// Statements that would run for minutes, through every operator and loop of ours.
const LONG: [&str; 19] = [
    "CREATE GENERATOR long WITH (steps = 100000, batch = 4) AS SELECT patch FROM sharps",
    "CREATE GENERATOR long WITH (arch = 'generative_interrogator', steps = 100000, batch = 4) AS SELECT patch FROM sharps",
    "CREATE ENCODER long WITH (steps = 100000, batch = 4) AS SELECT patch FROM sharps",
    "CREATE OR REPLACE DIRECTIONS FOR GENERATOR sun (usflux) WITH (samples = 10000000)",
    "EVALUATE GENERATOR sun ON (SELECT patch FROM sharps) WITH (samples = 1000000)",
    "EVALUATE ENCODER look ON (SELECT patch FROM sharps) WITH (samples = 1000000)",
    "SELECT count(*) FROM GENERATE(n => 100000, seed => 1)",
    "SELECT sum(USFLUX(GENERATE(usflux => 1e22Mx))) FROM generate_series(1, 100000)",
    "SELECT sum(USFLUX(STEER(GENERATE(seed => value), usflux => 1e22Mx))) FROM generate_series(1, 100000)",
    "SELECT sum(USFLUX(INVERT(patch))) FROM sharps, generate_series(1, 1000)",
    "SELECT count(EMBED(patch)) FROM sharps, generate_series(1, 10000)",
    "SELECT sum(R_VALUE(patch)) FROM sharps, generate_series(1, 100000)",
    "SELECT count(RENDER(patch)) FROM sharps, generate_series(1, 10000)",
    "SELECT sum(usflux) FROM SIMULATE(n => 100000, seed => 1)",
    "SELECT count(*) FROM (SELECT embedding AS e FROM sharps, generate_series(1, 100000)) AS q, NEAREST(q.e, k => 10)",
    "SELECT count(*) FROM NEAREST(GENERATE(seed => 7), within => (SELECT patch FROM sharps, generate_series(1, 10000)))",
    "SELECT sum(a.embedding <-> b.embedding) FROM sharps AS a, sharps AS b, generate_series(1, 1000000)",
    "SELECT count(*) FROM sharps AS a, sharps AS b, sharps AS c, sharps AS d, generate_series(1, 10000000)",
    "SELECT count(*) FROM generate_series(1, 10000000) AS a, generate_series(1, 10000000) AS b",
];
/// When they are stopped.
const AFTER: Duration = Duration::from_millis(300);
/// The longest step between two looks at the flag: a batch through a network on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long each took to stop is printed: on an idle machine it is below 200 ms.
#[test]
fn long_statements_stop_and_leave_nothing() -> Outcome {
    for statement in LONG {
        let bench = Bench::simulated()?;
        let start = Instant::now();
        let ended = bench.cancelled_after(AFTER, statement);
        let took = start.elapsed();
        assert!(
            ended.as_ref().is_err_and(helioql::Error::is_cancelled),
            "{statement}: {ended:?}"
        );
        println!("{:>5} ms  {statement}", took.saturating_sub(AFTER).as_millis());
        assert!(took < PATIENCE, "{statement}: {took:?}");
        let made = "SELECT count(*) FROM (SELECT origin FROM system.generators UNION ALL SELECT origin FROM \
                    system.encoders UNION ALL SELECT origin FROM system.directions) WHERE origin <> 'shipped'";
        assert_eq!(bench.value(made)?, "0", "{statement}");
    }
    Ok(())
}

#[test]
fn training_reports_its_progress() -> Outcome {
    let bench = Bench::simulated()?;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&seen);
    bench.session().on_progress(Some(Box::new(move |progress| {
        if let Ok(mut seen) = keep.lock() {
            seen.push((progress.task.clone(), progress.step, progress.steps));
        }
    })));
    bench.rows("CREATE ENCODER glance WITH (steps = 20, batch = 4, threads = 1) AS SELECT patch FROM sharps LIMIT 16")?;
    let seen = seen.lock().map_err(|error| error.to_string())?;
    assert!(!seen.is_empty());
    assert!(
        seen.iter()
            .all(|(_, step, steps)| *step <= *steps && *steps == 20),
        "{seen:?}"
    );
    assert!(seen.is_sorted_by_key(|(_, step, _)| *step), "{seen:?}");
    Ok(())
}
