//! With a seed the result is the same bits: across sessions, batch sizes, processes and numbers of threads.

use std::{collections::BTreeSet, error::Error};

use helioql_tests::{
    Bench,
    program::{helioql, run},
};
use tempfile::TempDir;

type Outcome = Result<(), Box<dyn Error>>;

/// Every value of a sample: latents and patches are written with all digits.
const COLUMNS: &str = "seed, latent, patch, usflux, tpf, tnf, psep, r_value, tilt";

#[test]
fn a_seed_gives_the_same_bits_in_every_session() -> Outcome {
    for call in ["GENERATE(seed => 7)", "GENERATE(usflux => 1e22Mx, seed => 7)"] {
        let sql = format!("SELECT {COLUMNS} FROM {call}");
        // Each engine draws anew: samples are remembered by their session.
        assert_eq!(Bench::empty()?.rows(&sql)?, Bench::empty()?.rows(&sql)?, "{call}");
    }
    Ok(())
}

#[test]
fn a_row_of_many_is_the_sample_of_its_seed() -> Outcome {
    let many = Bench::empty()?.rows(&format!("SELECT {COLUMNS} FROM GENERATE(n => 20, seed => 1)"))?;
    for (index, row) in many.iter().enumerate().step_by(6) {
        let alone =
            Bench::empty()?.rows(&format!("SELECT {COLUMNS} FROM GENERATE(seed => {})", index + 1))?;
        assert_eq!(alone, std::slice::from_ref(row), "seed {}", index + 1);
    }
    Ok(())
}

#[test]
fn threads_change_nothing() -> Outcome {
    let home = TempDir::new()?;
    let sql = format!(
        "SELECT {COLUMNS} FROM GENERATE(n => 3, seed => 7);
         SELECT {COLUMNS} FROM GENERATE(usflux => 1e22Mx, n => 2, seed => 7);
         SELECT EMBED(patch) FROM GENERATE(n => 3, seed => 7);
         SELECT * FROM SIMULATE(n => 3, seed => 7);"
    );
    let with_threads = |threads: &str| {
        let mut command = helioql([
            home.path().join("sun.helio").as_os_str(),
            "-c".as_ref(),
            sql.as_ref(),
        ]);
        command
            .args(["--format", "csv"])
            .env("RAYON_NUM_THREADS", threads)
            .env("CANDLE_NUM_THREADS", threads);
        run(&mut command)
    };
    let one = with_threads("1")?;
    assert_eq!(one.code, Some(0), "{}", one.stderr);
    assert_eq!(
        one.stdout.lines().count(),
        3 + 1 + 2 + 1 + 3 + 1 + 3 + 1,
        "rows and headers"
    );
    assert!(
        one.stdout == with_threads("3")?.stdout,
        "three threads give other bits than one"
    );
    Ok(())
}

#[test]
fn five_seeds_are_five_patches() -> Outcome {
    let bench = Bench::empty()?;
    let rows = bench.rows("SELECT latent, patch, usflux FROM GENERATE(n => 5, seed => 7)")?;
    for column in 0..3 {
        let different: BTreeSet<&str> = rows.iter().map(|row| row[column].as_str()).collect();
        assert_eq!(different.len(), 5, "column {column}");
    }
    // Not one patch with noise: any two differ by more than a third of the field that they have.
    let fields: Vec<Vec<f64>> = rows
        .iter()
        .map(|row| numbers(&row[1]))
        .collect::<Result<_, _>>()?;
    for (index, first) in fields.iter().enumerate() {
        for second in &fields[index + 1..] {
            let difference = rms(first.iter().zip(second).map(|(a, b)| a - b));
            let field = rms(first.iter().copied());
            assert!(
                difference > field / 3.0,
                "difference {difference} G, field {field} G"
            );
        }
    }
    Ok(())
}

#[test]
fn training_again_gives_the_same_weights() -> Outcome {
    let train = || -> Result<Vec<Vec<String>>, helioql::Error> {
        let bench = Bench::simulated()?;
        bench.rows("CREATE DIRECTIONS FOR GENERATOR sun (usflux, psep) WITH (samples = 300, seed = 5)")?;
        bench.rows("SELECT checksum FROM system.directions WHERE origin = 'memory'")
    };
    let first = train()?;
    assert_eq!(first.len(), 1);
    assert_eq!(first, train()?);
    Ok(())
}

#[test]
fn evaluating_again_gives_the_same_figures() -> Outcome {
    for statement in [
        "EVALUATE GENERATOR sun ON (SELECT patch, harpnum, t_rec FROM sharps) \
         WITH (held_out = 'harpnum % 4 = 1', samples = 30, targets = 2, inversions = 1, bootstrap = 10)",
        "EVALUATE ENCODER look ON (SELECT patch, harpnum, t_rec FROM sharps) \
         WITH (held_out = 'harpnum % 4 = 1', samples = 10, bootstrap = 10)",
    ] {
        let figures = || -> Result<Vec<Vec<String>>, helioql::Error> {
            let mut rows = Bench::simulated()?.rows(statement)?;
            // How long something takes is the only figure that may differ.
            rows.retain(|row| !row[0].starts_with("target_ms"));
            Ok(rows)
        };
        assert_eq!(figures()?, figures()?, "{statement}");
    }
    Ok(())
}

/// The numbers of `[1.5, -2.0]`.
fn numbers(list: &str) -> Result<Vec<f64>, std::num::ParseFloatError> {
    list.trim_matches(['[', ']'])
        .split(", ")
        .map(str::parse)
        .collect()
}

fn rms(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    (values.map(|value| value * value).sum::<f64>() / count).sqrt()
}
