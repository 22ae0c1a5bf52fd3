//! Long statements tell how far they are, stop when they are asked to, and leave nothing half done.

use std::{
    error::Error,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use helioql_tests::Bench;

type Outcome = Result<(), Box<dyn Error>>;

/// Statements that would run for minutes.
const LONG: [&str; 7] = [
    "CREATE GENERATOR long WITH (steps = 100000, batch = 4) AS SELECT patch FROM sharps",
    "CREATE ENCODER long WITH (steps = 100000, batch = 4) AS SELECT patch FROM sharps",
    "CREATE OR REPLACE DIRECTIONS FOR GENERATOR sun (usflux) WITH (samples = 10000000)",
    "EVALUATE GENERATOR sun ON (SELECT patch FROM sharps) WITH (samples = 1000000)",
    "EVALUATE ENCODER look ON (SELECT patch FROM sharps) WITH (samples = 1000000)",
    "SELECT count(*) FROM GENERATE(n => 100000, seed => 1)",
    "SELECT sum(usflux) FROM SIMULATE(n => 100000, seed => 1)",
];
/// When they are stopped.
const AFTER: Duration = Duration::from_millis(300);
/// The longest step between two looks at the flag: a batch through a network on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn long_statements_stop_and_leave_nothing() -> Outcome {
    for statement in LONG {
        let bench = Bench::simulated()?;
        let start = Instant::now();
        let ended = bench.cancelled_after(AFTER, statement);
        assert!(
            ended.as_ref().is_err_and(helioql::Error::is_cancelled),
            "{statement}: {ended:?}"
        );
        assert!(start.elapsed() < PATIENCE, "{statement}: {:?}", start.elapsed());
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
