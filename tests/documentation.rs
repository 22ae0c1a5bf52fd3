//! What help texts promise: every page is whole, its examples run and are in the reference with their answers, its
//! options are those that the statement takes.

use std::{collections::BTreeMap, error::Error, fs, path::Path};

use helioql::{
    directions::FitOptions,
    documentation::{Page, pages},
    encoder,
    evaluate::EvaluateOptions,
    generator,
};
use helioql_tests::{Bench, reference::reference};
use serde_json::Value;

type Outcome = Result<(), Box<dyn Error>>;

/// Writes the reference anew.
const BLESS: &str = "HELIOQL_BLESS=1 cargo test --release --workspace --locked --test documentation";

fn all_pages() -> Result<Vec<Page>, Box<dyn Error>> {
    Ok(pages(Bench::empty()?.session()))
}

#[test]
fn every_page_is_whole() -> Outcome {
    let pages = all_pages()?;
    assert!(pages.len() > 40, "{}", pages.len());
    for page in pages {
        assert!(
            !page.summary.is_empty() && !page.returns.is_empty() && !page.examples.is_empty(),
            "{page:?}"
        );
        for argument in &page.arguments {
            assert!(
                !argument.summary.is_empty(),
                "{} ({}): {argument:?}",
                page.name,
                page.kind
            );
        }
    }
    Ok(())
}

/// Examples run here, so that this is also the test that they do.
#[test]
fn the_reference_is_what_the_pages_say() -> Outcome {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/docs/reference.md");
    let path = std::path::absolute(path)?;
    let expected = reference(&all_pages()?, BLESS)?;
    if std::env::var_os("HELIOQL_BLESS").is_some() {
        fs::write(&path, expected)?;
        return Ok(());
    }
    let found = fs::read_to_string(&path)?;
    let differs = expected
        .lines()
        .zip(found.lines())
        .find(|(expected, found)| expected != found);
    assert!(
        expected == found,
        "{} is not what the pages say: {differs:?}\n`{BLESS}` writes it anew",
        path.display()
    );
    Ok(())
}

/// A statement names its options in the report on one that it does not know.
#[test]
fn options_are_those_that_statements_take() -> Outcome {
    let pages = all_pages()?;
    let bench = Bench::empty()?;
    let mut taken: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, statement) in [
        ("IMPORT SHARPS", "IMPORT SHARPS FROM 'x.fits' WITH (none = 1)"),
        (
            "IMPORT SHARPS",
            "IMPORT SHARPS FROM JSOC 'hmi.sharp_cea_720s[377]' WITH (none = 1)",
        ),
        (
            "EXPORT SHARPS",
            "EXPORT SHARPS TO 'x' WITH (none = 1) AS SELECT 1",
        ),
        ("IMPORT GENERATOR", "IMPORT GENERATOR x FROM 'x' WITH (none = 1)"),
        ("IMPORT ENCODER", "IMPORT ENCODER x FROM 'x' WITH (none = 1)"),
        (
            "CREATE GENERATOR",
            "CREATE GENERATOR x WITH (none = 1) AS SELECT 1",
        ),
        ("CREATE ENCODER", "CREATE ENCODER x WITH (none = 1) AS SELECT 1"),
        (
            "CREATE DIRECTIONS",
            "CREATE OR REPLACE DIRECTIONS FOR GENERATOR sun (usflux) WITH (none = 1)",
        ),
        (
            "CREATE INDEX",
            "CREATE INDEX x ON sharps USING HNSW (embedding) WITH (none = 1)",
        ),
        ("CHECK INDEX", "CHECK INDEX x WITH (none = 1)"),
        ("EVALUATE", "EVALUATE GENERATOR sun ON (SELECT 1) WITH (none = 1)"),
        ("EVALUATE", "EVALUATE ENCODER look ON (SELECT 1) WITH (none = 1)"),
    ] {
        let report = match bench.batches(statement) {
            Ok(_) => return Err(format!("{statement} is not refused").into()),
            Err(error) => error.diagnostic().render(statement, None),
        };
        let listed = report
            .split_once("expected one of ")
            .and_then(|(_, rest)| rest.lines().next());
        // A statement with one option names it in a suggestion at most.
        let names = listed.unwrap_or("overwrite").split(", ").map(str::to_owned);
        taken.entry(name).or_default().extend(names);
    }
    for page in pages.iter().filter(|page| page.kind == "statement") {
        let mut documented: Vec<&str> = page.arguments.iter().map(|argument| argument.name).collect();
        let mut taken = taken.remove(page.name.as_str()).unwrap_or_default();
        documented.sort_unstable();
        taken.sort_unstable();
        taken.dedup();
        assert_eq!(documented, taken, "{}", page.name);
    }
    Ok(())
}

/// Where an option is a setting of a training, its default is that of the library.
#[test]
fn defaults_are_those_of_the_library() -> Outcome {
    let pages = all_pages()?;
    let trainings = [
        (
            "CREATE GENERATOR",
            serde_json::to_value(generator::TrainOptions::for_size(64)?)?,
        ),
        (
            "CREATE ENCODER",
            serde_json::to_value(encoder::TrainOptions::default())?,
        ),
        ("CREATE DIRECTIONS", serde_json::to_value(FitOptions::default())?),
        ("EVALUATE", serde_json::to_value(EvaluateOptions::default())?),
    ];
    let mut compared = 0;
    for (name, options) in trainings {
        let page = pages.iter().find(|page| page.name == name).ok_or(name)?;
        for argument in &page.arguments {
            let documented = argument.default.as_deref().unwrap_or_default();
            if let (Some(Value::Number(default)), Ok(documented)) =
                (options.get(argument.name), documented.parse::<f64>())
            {
                // beta2 is a float of 32 bits.
                let default = default.as_f64().unwrap_or(f64::NAN);
                assert!(
                    (default - documented).abs() <= 1e-7 * default.abs(),
                    "{name}: {argument:?}"
                );
                compared += 1;
            }
        }
    }
    assert!(compared >= 20, "{compared} defaults were compared");
    Ok(())
}

#[test]
fn every_keyword_of_a_patch_is_a_function_and_a_target() -> Outcome {
    let bench = Bench::empty()?;
    let functions = bench
        .rows("SELECT name FROM system.functions WHERE kind = 'scalar'")?
        .concat();
    let targets = bench
        .rows("SELECT name FROM system.arguments WHERE function = 'generate' AND kind = 'scalar'")?
        .concat();
    for keyword in bench.rows("SELECT name, summary, reference FROM system.keywords WHERE needs = 'patch'")? {
        assert!(functions.contains(&keyword[0]), "no function {}", keyword[0]);
        assert!(
            targets.contains(&keyword[0]),
            "GENERATE does not take {}",
            keyword[0]
        );
        assert!(
            keyword[1].ends_with('.') && keyword[2] != "(empty)",
            "{keyword:?}"
        );
    }
    Ok(())
}

#[test]
fn show_lists_the_tables_of_system() -> Outcome {
    let bench = Bench::empty()?;
    for name in [
        "generators",
        "encoders",
        "directions",
        "keywords",
        "functions",
        "statements",
        "units",
    ] {
        let (schema, _) = bench.batches(&format!("SHOW {name}"))?;
        let columns: Vec<&str> = schema
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect();
        let shown = bench.rows(&format!("SHOW {name}"))?;
        assert!(!shown.is_empty(), "{name}");
        assert_eq!(
            shown,
            bench.rows(&format!("SELECT {} FROM system.{name}", columns.join(", ")))?,
            "{name}"
        );
    }
    Ok(())
}
