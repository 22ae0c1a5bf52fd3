//! What help texts promise: every example runs, every function and keyword is told of.

use std::error::Error;

use helioql_tests::Bench;

type Outcome = Result<(), Box<dyn Error>>;

#[test]
fn every_example_of_show_functions_runs() -> Outcome {
    let bench = Bench::simulated()?;
    let functions = bench.rows("SELECT name, kind, example FROM system.functions")?;
    assert!(functions.len() > 10, "{functions:?}");
    let mut failed = Vec::new();
    for function in functions {
        match bench.rows(&function[2]) {
            Ok(rows) if !rows.is_empty() => {}
            Ok(_) => failed.push(format!(
                "{} ({}): no rows from\n  {}",
                function[0], function[1], function[2]
            )),
            Err(error) => failed.push(format!(
                "{} ({}): {error}\n  {}",
                function[0], function[1], function[2]
            )),
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(())
}

#[test]
fn every_keyword_of_a_patch_is_a_function_and_a_target() -> Outcome {
    let bench = Bench::empty()?;
    let functions = bench
        .rows("SELECT name FROM system.functions WHERE kind = 'scalar'")?
        .concat();
    let generate =
        bench.value("SELECT arguments FROM system.functions WHERE name = 'generate' AND kind = 'scalar'")?;
    for keyword in bench.rows("SELECT name, summary, reference FROM system.keywords WHERE needs = 'patch'")? {
        assert!(functions.contains(&keyword[0]), "no function {}", keyword[0]);
        assert!(
            generate.contains(&format!("[{}]", keyword[0])),
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
    for name in ["generators", "encoders", "directions", "keywords", "functions"] {
        let shown = bench.rows(&format!("SHOW {name}"))?;
        assert!(!shown.is_empty(), "{name}");
        assert_eq!(
            shown,
            bench.rows(&format!("SELECT * FROM system.{name}"))?,
            "{name}"
        );
    }
    Ok(())
}
