//! What an evaluation leaves: figures that stay with the model, lines in its card, pictures.

use std::error::Error;

use helioql::Engine;
use helioql_tests::Bench;
use tempfile::TempDir;

type Outcome = Result<(), Box<dyn Error>>;

/// An evaluation of seconds, on patches of the generator itself.
const EVALUATE: &str = "EVALUATE GENERATOR sun ON (SELECT patch, seed FROM GENERATE(n => 24, seed => 1)) \
                        WITH (held_out = 'seed % 2 = 0', samples = 12, targets = 1, inversions = 1, bootstrap = 4";

#[test]
fn figures_stay_in_the_catalogue() -> Outcome {
    let home = TempDir::new()?;
    let path = home.path().join("sun.helio");
    let found = Bench::over(&Engine::open(&path)?)?.rows(&format!("{EVALUATE})"))?;
    assert!(!found.is_empty());

    let again = Bench::over(&Engine::open(&path)?)?;
    let kept =
        again.rows("SELECT metric, value, n, ci_low, ci_high FROM system.metrics WHERE model = 'sun'")?;
    assert_eq!(kept.len(), found.len());
    for (kept, printed) in kept.iter().zip(&found) {
        assert_eq!((&kept[0], &kept[2]), (&printed[0], &printed[2]));
        for column in [1, 3, 4] {
            let pair = (kept[column].parse::<f64>(), printed[column].parse::<f64>());
            let same = match &pair {
                // Written as JSON and read again, a number may lose its last bit.
                (Ok(kept), Ok(printed)) => (kept - printed).abs() <= 1e-15 * printed.abs(),
                _ => kept[column] == printed[column],
            };
            assert!(same, "{}: {kept:?}, {printed:?}", kept[0]);
        }
    }

    let card = again.rows("DESCRIBE GENERATOR sun")?;
    let line = |fact: &str| card.iter().find(|row| row[0] == fact).map(|row| row[1].as_str());
    assert!(
        line("metrics.ks_tuf").is_some_and(|value| value.contains("floor")),
        "{card:?}"
    );
    assert!(
        line("evaluation.partner").is_some_and(|name| name.starts_with("look#")),
        "{card:?}"
    );
    assert_eq!(
        line("metrics.ks_tuf_floor"),
        None,
        "the floor stands beside its figure"
    );
    Ok(())
}

#[test]
fn pictures_are_written() -> Outcome {
    let home = TempDir::new()?;
    let folder = home.path().join("new/pictures");
    Bench::empty()?.rows(&format!("{EVALUATE}, pictures = '{}')", folder.display()))?;
    for name in ["generated.png", "real.png", "spectrum.png", "quantities.png"] {
        let bytes = std::fs::read(folder.join(name))?;
        assert_eq!(&bytes[1..4], b"PNG", "{name}");
    }
    Ok(())
}
