//! The program as a user runs it: arguments, formats, places of errors, exit codes, signals.

use std::{
    error::Error,
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use helioql_tests::{
    observations,
    program::{Outcome, helioql, run, run_with_input},
};
use tempfile::TempDir;

type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

/// A folder with an empty catalogue to be made in it.
struct Place(TempDir);

impl Place {
    fn new() -> Result<Self> {
        Ok(Self(TempDir::new()?))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) -> Result<String> {
        fs::write(self.0.path().join(name), text)?;
        Ok(self.path(name))
    }

    /// Runs the program on the catalogue with these arguments.
    fn run(&self, arguments: &[&str]) -> Result<Outcome> {
        let catalogue = self.path("sun.helio");
        Ok(run(&mut helioql([&[catalogue.as_str()], arguments].concat()))?)
    }
}

#[test]
fn queries_are_answered_in_every_format() -> Result {
    let place = Place::new()?;
    let sql = "SELECT 1 AS n, 1.5e22 AS flux, 'a,b' AS text, NULL AS nothing, 'NaN'::DOUBLE AS nan";
    let csv = place.run(&["-c", sql, "--format", "csv"])?;
    assert_eq!((csv.code, csv.stderr.as_str()), (Some(0), ""));
    assert_eq!(csv.stdout, "n,flux,text,nothing,nan\n1,1.5e22,\"a,b\",,NaN\n");
    let json = place.run(&["-c", sql, "--format", "json"])?;
    let rows: serde_json::Value = serde_json::from_str(&json.stdout)?;
    let expected =
        serde_json::json!([{ "n": 1, "flux": 1.5e22, "text": "a,b", "nothing": null, "nan": null }]);
    assert_eq!(rows, expected);
    let table = place.run(&["-c", sql])?;
    assert!(
        table.stdout.contains("flux") && table.stdout.contains("1.5e22"),
        "{}",
        table.stdout
    );
    assert!(
        !table.stdout.contains('\x1b'),
        "colours in a pipe: {:?}",
        table.stdout
    );
    Ok(())
}

#[test]
fn patches_are_numbers_for_machines() -> Result {
    let place = Place::new()?;
    let sql = "SELECT TO_PATCH([1.0, NULL], height => 1, width => 2, cell_mm => 1Mm) AS patch";
    let json = place.run(&["-c", sql, "--format", "json"])?;
    let rows: serde_json::Value = serde_json::from_str(&json.stdout)?;
    assert_eq!(rows, serde_json::json!([{ "patch": [1.0, null] }]));
    let table = place.run(&["-c", sql])?;
    assert!(!table.stdout.contains("1.0, "), "{}", table.stdout);
    Ok(())
}

#[test]
fn inputs_run_in_their_order() -> Result {
    let place = Place::new()?;
    let file = place.write("two.sql", "SELECT 2 AS n; SELECT 3 AS n;")?;
    let ran = place.run(&[
        "--format",
        "csv",
        "-c",
        "SELECT 1 AS n",
        "-f",
        &file,
        "-c",
        "SELECT 4 AS n",
    ])?;
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "n\n1\nn\n2\nn\n3\nn\n4\n"),
        "{}",
        ran.stderr
    );
    Ok(())
}

#[test]
fn parameters_are_bound() -> Result {
    let place = Place::new()?;
    let sql = "SELECT $flux > 1e21 AS strong, $name AS name, $n + 1 AS n, $on AS on";
    let parameters = [
        "--param",
        "flux=1e22",
        "--param",
        "name=look",
        "--param",
        "n=41",
        "--param",
        "on=true",
    ];
    let ran = place.run(&[&parameters[..], &["-c", sql, "--format", "csv"]].concat())?;
    assert_eq!(
        ran.stdout, "strong,name,n,on\ntrue,look,42,true\n",
        "{}",
        ran.stderr
    );
    let missing = place.run(&["-c", "SELECT $flux"])?;
    assert_eq!(missing.code, Some(1));
    assert!(missing.stderr.contains("$flux"), "{}", missing.stderr);
    Ok(())
}

#[test]
fn results_go_to_a_file() -> Result {
    let place = Place::new()?;
    let file = place.path("out.csv");
    let ran = place.run(&["-c", "SELECT 1 AS n", "--format", "csv", "-o", &file])?;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(file)?, "n\n1\n");
    let nowhere = place.run(&["-c", "SELECT 1", "-o", &place.path("no/such/folder/out.csv")])?;
    assert_eq!(nowhere.code, Some(3));
    Ok(())
}

#[test]
fn standard_input_is_a_script() -> Result {
    let place = Place::new()?;
    let catalogue = place.path("sun.helio");
    for arguments in [
        &[catalogue.as_str(), "--format", "csv", "-f", "-"][..],
        &[&catalogue, "--format", "csv"],
    ] {
        let ran = run_with_input(&mut helioql(arguments), "SELECT 1 AS n;\nSELECT\n  2 AS n")?;
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(0), "n\n1\nn\n2\n"),
            "{}",
            ran.stderr
        );
    }
    let wrong = run_with_input(&mut helioql([&catalogue, "-f", "-"]), "SELECT 1;\nSELEC 2;")?;
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.stderr.contains("--> <stdin>:2:1"), "{}", wrong.stderr);
    Ok(())
}

#[test]
fn errors_name_file_line_and_column_and_stop_the_script() -> Result {
    let place = Place::new()?;
    let script =
        "SELECT 1 AS before;\n\nSELECT usflux\nFROM   GENERATE(usfulx => 1e22Mx);\nSELECT 2 AS after;\n";
    let file = place.write("wrong.sql", script)?;
    let ran = place.run(&["--format", "csv", "-f", &file, "-c", "SELECT 3 AS later"])?;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), "before\n1\n"));
    let report = ran.stderr.lines().collect::<Vec<_>>();
    assert_eq!(report[0], "error: GENERATE has no argument `usfulx`");
    assert_eq!(report[1], format!(" --> {file}:4:17"));
    assert_eq!(report[3], "4 | FROM   GENERATE(usfulx => 1e22Mx);");
    assert!(
        report[4].starts_with("  |                 ^^^^^^ "),
        "{}",
        report[4]
    );
    assert_eq!(report[5], "hint: did you mean `usflux`?");
    Ok(())
}

#[test]
fn help_has_the_whole_page() -> Result {
    let place = Place::new()?;
    for (name, parts) in [
        (
            "render",
            &[
                "render(patch, format = 'png', range = 250)  (scalar)\n",
                "\n    range   the field that is drawn white, and with a minus black (number in G, default 250)\n",
                "\n  returns  A BINARY",
                "\n  examples\n    SELECT",
                "\n  refused\n    SELECT",
            ][..],
        ),
        (
            "QUANTITY",
            &["QUANTITY '1e22 Mx'  (literal)\n", "Mm is a megametre"],
        ),
        (
            "encoder",
            &[
                "IMPORT [OR REPLACE] ENCODER",
                "CREATE [OR REPLACE] ENCODER",
                "\n  options\n    steps",
            ],
        ),
    ] {
        let ran = place.run(&["-c", &format!(".help {name}")])?;
        for part in parts {
            assert!(
                ran.stdout.contains(part),
                "{part:?} is not in\n{}{}",
                ran.stdout,
                ran.stderr
            );
        }
    }
    Ok(())
}

#[test]
fn exit_codes_tell_the_cause() -> Result {
    let place = Place::new()?;
    let not_a_catalogue = place.write("notes.txt", "nothing")?;
    for (arguments, code) in [
        (&["-c", "SELECT 1"][..], 0),
        (&["-c", ".help"], 0),
        (&["--help"], 0),
        (&["--version"], 0),
        (&["-c", ""], 0),
        (&["-c", "SELECT nothing"], 1),
        (&["-c", "SELEC"], 1),
        (&["-c", ".nonsense"], 1),
        (&["-c", "SELECT * FROM NEAREST(GENERATE(seed => 7), k => -1)"], 1),
        (&["--format", "xml"], 2),
        (&["--param", "flux"], 2),
        (&["--no-such-option"], 2),
        (&["-f", "no/such/file.sql"], 3),
        (&["-c", "SELECT GENERATE(seed => 1, generator => 'moon')"], 3),
    ] {
        let ran = place.run(arguments)?;
        assert_eq!(
            ran.code,
            Some(code),
            "{arguments:?}\n{}{}",
            ran.stdout,
            ran.stderr
        );
        // What went wrong is told, and on standard error only.
        assert_eq!(code == 0, ran.stderr.is_empty(), "{arguments:?}\n{}", ran.stderr);
    }
    let ran = run(&mut helioql([not_a_catalogue.as_str(), "-c", "SELECT 1"]))?;
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    Ok(())
}

#[test]
fn a_damaged_catalogue_is_refused_by_name() -> Result {
    let place = Place::new()?;
    assert_eq!(place.run(&["-c", "SELECT 1"])?.code, Some(0));
    let manifest = files(Path::new(&place.path("sun.helio")))?;
    let manifest = manifest
        .iter()
        .find(|path| path.contains("manifest"))
        .ok_or("no manifest")?;
    let whole = fs::read(manifest)?;
    fs::write(manifest, &whole[..whole.len() / 2])?;
    let ran = place.run(&["-c", "SELECT 1"])?;
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.stderr.contains("manifest"), "{}", ran.stderr);
    fs::write(manifest, whole)?;
    assert_eq!(place.run(&["-c", "SELECT 1"])?.code, Some(0));
    Ok(())
}

#[test]
fn a_pipe_may_close_early() -> Result {
    let place = Place::new()?;
    let catalogue = place.path("sun.helio");
    let mut child = helioql([
        catalogue.as_str(),
        "--format",
        "csv",
        "-c",
        "SELECT value FROM range(10000000)",
    ])
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    assert_eq!(lines.next().transpose()?.as_deref(), Some("value"));
    drop(lines);
    let ended = child.wait_with_output()?;
    assert_eq!(
        (ended.status.code(), ended.stderr.as_slice()),
        (Some(0), &b""[..])
    );
    Ok(())
}

#[test]
fn the_demo_is_made_once_and_says_that_it_is_simulated() -> Result {
    let ask = |sql| run(&mut helioql(["--format", "csv", "-c", sql]));
    let count = "SELECT count(*) AS n, count(DISTINCT source) AS sources, min(source) AS source FROM sharps";
    let made = ask(count)?;
    assert_eq!(
        (made.code, made.stdout.as_str()),
        (Some(0), "n,sources,source\n2000,1,simulated\n"),
        "{}",
        made.stderr
    );
    let refused = ask("IMPORT SHARPS FROM '*.fits'")?;
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("simulated"), "{}", refused.stderr);
    let main =
        ask("SELECT harpnum, usflux, _distance FROM NEAREST(GENERATE(usflux => 1e22Mx, seed => 7), k => 5)")?;
    assert_eq!(
        (main.code, main.stdout.lines().count()),
        (Some(0), 6),
        "{}",
        main.stderr
    );
    Ok(())
}

#[test]
fn meta_commands_work_in_scripts() -> Result {
    let place = Place::new()?;
    let tables = place.run(&["-c", ".tables"])?;
    assert!(
        tables.code == Some(0) && tables.stdout.contains("sharps"),
        "{tables:?}"
    );
    let schema = place.run(&["-c", ".schema sharps"])?;
    assert!(
        schema.stdout.contains("usflux") && schema.stdout.contains("Mx"),
        "{schema:?}"
    );
    let picture = place.path("one.png");
    let script = format!("SELECT patch FROM GENERATE(seed => 7);\n.save {picture}\n.show\n");
    let script = place.write("show.sql", &script)?;
    let saved = place.run(&["-f", &script])?;
    assert_eq!(saved.code, Some(0), "{}", saved.stderr);
    assert_eq!(fs::read(picture)?[..8], *b"\x89PNG\r\n\x1a\n");
    assert!(
        saved.stdout.contains("+250 G, 128×128 cells of 1.54 Mm"),
        "no scale in {}",
        saved.stdout
    );
    Ok(())
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_query_with_130() -> Result {
    let place = Place::new()?;
    let catalogue = place.path("sun.helio");
    // The first answer says that the program runs; the second query would take years.
    let mut child = helioql([
        catalogue.as_str(),
        "--format",
        "csv",
        "-c",
        "SELECT 'started' AS word",
        "-c",
        "SELECT sum(a.value * b.value) FROM range(100000000) a, range(100000000) b",
    ])
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    while lines.next().transpose()?.ok_or("it ended before it started")? != "started" {}
    sleep(Duration::from_millis(500));
    signal(&child, "INT")?;
    let ended = wait(child, Duration::from_secs(20))?;
    assert_eq!(ended, Some(130));
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_killed_import_loses_only_itself() -> Result {
    let Some(folder) = observations::folder("fits", "killing an import") else {
        return Ok(());
    };
    let place = Place::new()?;
    let catalogue = place.path("sun.helio");
    let one = format!("IMPORT SHARPS FROM '{}/*.13171.*.fits'", folder.display());
    let all = format!("IMPORT SHARPS FROM '{}/*.fits'", folder.display());
    let count = || place.run(&["--format", "csv", "-c", "SELECT count(*) AS n FROM sharps"]);
    assert_eq!(place.run(&["-c", &one])?.code, Some(0));

    let start = Instant::now();
    let fresh = Place::new()?;
    assert_eq!(fresh.run(&["-c", &all])?.code, Some(0));
    let whole = start.elapsed();

    // At eight times from before the first file is read to after the commit.
    for step in 1..=8 {
        let mut child = helioql([catalogue.as_str(), "-c", &all])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        sleep(whole.mul_f64(f64::from(step) / 7.5));
        child.kill()?;
        child.wait()?;
        let found = count()?;
        assert_eq!(found.code, Some(0), "after {step}: {}", found.stderr);
        assert!(
            ["n\n1\n", "n\n13\n"].contains(&found.stdout.as_str()),
            "half an import: {}",
            found.stdout
        );
    }
    // Nothing that was killed stands in the way of the next.
    assert_eq!(place.run(&["-c", &all])?.code, Some(0));
    assert_eq!(count()?.stdout, "n\n13\n");
    Ok(())
}

#[cfg(unix)]
fn signal(child: &Child, name: &str) -> Result {
    let sent = std::process::Command::new("kill")
        .args([&format!("-{name}"), &child.id().to_string()])
        .status()?;
    if sent.success() {
        Ok(())
    } else {
        Err(format!("kill -{name}: {sent}").into())
    }
}

/// The exit code of a child that is to end by itself.
#[cfg(unix)]
fn wait(mut child: Child, patience: Duration) -> Result<Option<i32>> {
    let start = Instant::now();
    while start.elapsed() < patience {
        if let Some(status) = child.try_wait()? {
            return Ok(status.code());
        }
        sleep(Duration::from_millis(20));
    }
    child.kill()?;
    Err(format!("it still runs after {patience:?}").into())
}

/// Every file in a folder, by its path.
fn files(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path.display().to_string());
        }
    }
    Ok(found)
}
