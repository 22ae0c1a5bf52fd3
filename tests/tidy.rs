//! Rules about the code itself, which no compiler checks: what `ARCHITECTURE.md` calls invariants.

use std::{
    collections::BTreeSet,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use helioql_tests::Bench;

type Outcome = Result<(), Box<dyn Error>>;

/// The crates in their order: each may use those before it, and nothing after.
const CRATES: [(&str, &str); 4] = [
    ("grammar", "helioql-grammar"),
    ("catalog", "helioql-catalog"),
    ("engine", "helioql"),
    ("repl", "helioql-repl"),
];

/// Names of files and folders that hold no text of ours.
const NOT_OURS: [&str; 3] = ["target", ".git", "Cargo.lock"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every file of the repository below `folder`.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if NOT_OURS.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The Rust sources below a folder of the workspace, with their text.
fn sources(folder: &str) -> Result<Vec<(PathBuf, String)>, Box<dyn Error>> {
    let rust = files(&root().join(folder))?
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == "rs"));
    rust.map(|path| Ok((path.clone(), fs::read_to_string(path)?)))
        .collect()
}

#[test]
fn crates_depend_only_on_those_before_them() -> Outcome {
    for (index, (folder, package)) in CRATES.iter().enumerate() {
        let manifest = fs::read_to_string(root().join(folder).join("Cargo.toml"))?;
        let used: Vec<&str> = manifest
            .lines()
            .filter_map(|line| line.split_once(['.', ' ', '=']).map(|(name, _)| name))
            .filter(|name| name.starts_with("helioql"))
            .collect();
        for name in used {
            let earlier = CRATES[..index].iter().any(|(_, package)| *package == name);
            assert!(
                earlier,
                "{package} uses {name}: edges go grammar ← catalog ← engine ← repl"
            );
        }
    }
    Ok(())
}

#[test]
fn every_crate_has_the_workspace_lints() -> Outcome {
    for folder in ["grammar", "catalog", "engine", "repl", "tests"] {
        let manifest = fs::read_to_string(root().join(folder).join("Cargo.toml"))?;
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{folder}/Cargo.toml"
        );
    }
    Ok(())
}

#[test]
fn every_file_says_what_it_is() -> Outcome {
    for folder in ["grammar", "catalog", "engine", "repl", "tests"] {
        for (path, text) in sources(folder)? {
            assert!(
                text.starts_with("//! "),
                "{} does not begin with what it is",
                path.display()
            );
        }
    }
    Ok(())
}

/// The compiler's lints refuse every print that is not expected, so the expectations are what is looked at.
#[test]
fn only_the_shell_prints() -> Outcome {
    for folder in ["grammar/src", "catalog/src", "engine/src"] {
        for (path, text) in sources(folder)? {
            assert!(
                !text.contains("clippy::print_stdout"),
                "{} prints",
                path.display()
            );
            // A test that is skipped must say so.
            let in_a_test = text.contains("#[test]") || text.contains("skipped");
            assert!(
                in_a_test || !text.contains("clippy::print_stderr"),
                "{} prints",
                path.display()
            );
        }
    }
    Ok(())
}

#[test]
fn physics_knows_neither_sql_nor_networks() -> Outcome {
    for (path, text) in sources("engine/src/physics")? {
        for other in [
            "use datafusion",
            "use arrow",
            "use candle",
            "crate::nn",
            "crate::session",
        ] {
            assert!(!text.contains(other), "{}: {other}", path.display());
        }
    }
    Ok(())
}

#[test]
fn nothing_is_called_utils() -> Outcome {
    for path in files(&root())? {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        assert!(
            !["utils", "util", "helpers", "misc", "common"].contains(&stem.as_ref()),
            "{}",
            path.display()
        );
    }
    Ok(())
}

/// What a machine is called or where its user keeps things is of no use to anyone else.
#[test]
fn no_file_names_a_machine() -> Outcome {
    let folders = ["home", "root", "Users", "work", "mnt"].map(|name| format!("/{name}/"));
    let hosts = ["localhost", "127.0.0", "artifactory", "nexus."].map(ToOwned::to_owned);
    for path in files(&root())? {
        if path.ends_with("tidy.rs") {
            continue;
        }
        // Pictures and weights are not text.
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            let place = || format!("{}:{}: {line}", path.display(), number + 1);
            let absolute = |folder: &String| {
                line.match_indices(folder.as_str()).any(|(at, _)| {
                    // A name before the slash makes it a part of some other path.
                    !line[..at].ends_with(|before: char| before.is_alphanumeric() || "._-})".contains(before))
                })
            };
            assert!(!folders.iter().any(absolute), "{}", place());
            assert!(!hosts.iter().any(|host| line.contains(host)), "{}", place());
        }
    }
    Ok(())
}

#[test]
fn every_crate_comes_from_the_public_registry() -> Outcome {
    let lock = fs::read_to_string(root().join("Cargo.lock"))?;
    let sources: BTreeSet<&str> = lock
        .lines()
        .filter(|line| line.starts_with("source = "))
        .collect();
    let expected = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    assert_eq!(sources.into_iter().collect::<Vec<_>>(), [expected]);
    Ok(())
}

#[test]
fn every_function_has_its_script() -> Outcome {
    let bench = Bench::empty()?;
    let aliases = bench
        .rows("SELECT aliases FROM system.keywords")?
        .concat()
        .join(", ");
    for function in bench.rows("SELECT name, kind FROM system.functions")? {
        let folder = if function[1] == "scalar" {
            "functions"
        } else {
            "relations"
        };
        let script = root().join(format!("tests/slt/{folder}/{}.slt", function[0]));
        let is_alias = aliases.split(", ").any(|alias| alias == function[0]);
        assert!(is_alias || script.is_file(), "{} is missing", script.display());
    }
    Ok(())
}

#[test]
fn every_statement_has_its_script() -> Outcome {
    for (path, text) in sources("engine/src/statements")? {
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let script = root().join(format!("tests/slt/statements/{name}.slt"));
        let is_statement = text.contains("fn execute(session: &Session");
        assert!(
            !is_statement || script.is_file(),
            "{} is missing",
            script.display()
        );
    }
    Ok(())
}

#[test]
fn every_analyzer_rule_has_its_plans() -> Outcome {
    for (path, text) in sources("engine/src/analyzer")? {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let plans = root().join(format!("tests/rules/{name}.txt"));
        let is_rule = text.contains("impl AnalyzerRule for");
        assert!(!is_rule || plans.is_file(), "{} is missing", plans.display());
    }
    Ok(())
}

#[test]
fn shipped_models_stay_small() -> Outcome {
    let bytes = files(&root().join("engine/models"))?
        .iter()
        .map(|path| Ok(path.metadata()?.len()))
        .sum::<Result<u64, std::io::Error>>()?;
    assert!(bytes < 8_000_000, "the models have {bytes} bytes");
    Ok(())
}
