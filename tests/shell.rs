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
    let latex = place.run(&["-c", sql, "--format", "latex"])?;
    assert!(
        latex
            .stdout
            .contains("\n1 & $1.5 \\times 10^{22}$ & a,b & \\ldots & NaN \\\\\n"),
        "{}",
        latex.stdout
    );
    let html = place.run(&["-c", sql, "--format", "html"])?;
    assert!(
        html.stdout.contains("<td>a,b</td><td>NULL</td>"),
        "{}",
        html.stdout
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
    let html = place.run(&["-c", sql, "--format", "html"])?;
    assert!(
        html.stdout.contains("<td><img src=\"data:image/png;base64,"),
        "{}",
        html.stdout
    );
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
fn parameters_are_quantities_and_times_too() -> Result {
    let place = Place::new()?;
    let parameters = [
        "--param",
        "flux=1e14Wb",
        "--param",
        "at=2011.02.15_02:00:00_TAI",
        "--param",
        "utc=2011-02-15 02:00:00",
        "--param",
        "days=-2",
    ];
    let sql = "SELECT CAST('2011-02-15T01:59:26' AS TIMESTAMP) = $at AND $utc = '2011-02-15T02:00:00' AS same, 1 - $days AS three, usflux > $flux AS strong \
               FROM GENERATE(usflux => $flux, seed => 7)";
    let ran = place.run(&[&parameters[..], &["--format", "csv", "-c", sql]].concat())?;
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(lines.len() == 2 && lines[1].starts_with("true,3,"), "{ran:?}");
    // A quantity is checked where it stands, as one that was typed there.
    let wrong = place.run(&[
        "--param",
        "x=60Mm",
        "-c",
        "SELECT harpnum FROM sharps WHERE usflux > $x",
    ])?;
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.stderr.contains("--> line 1, column 43"), "{}", wrong.stderr);
    let unit = place.run(&["--param", "x=60mm", "-c", "SELECT $x"])?;
    assert_eq!(unit.code, Some(2), "{}", unit.stderr);
    let listed = place.run(&["--param", "x=60Mm", "--format", "csv", "-c", ".param y=5\n.param"])?;
    assert_eq!(
        listed.stdout, "name,type,value\n$x,quantity,60 Mm\n$y,number,5\n",
        "{}",
        listed.stderr
    );
    Ok(())
}

#[test]
fn binary_formats_hold_one_result_with_types_and_units() -> Result {
    let place = Place::new()?;
    let sql = "SELECT TO_PATCH([1.0, NULL], height => 1, width => 2, cell_mm => 1Mm) AS patch, usflux FROM \
               GENERATE(n => 3, seed => 7)";
    for format in ["parquet", "arrow"] {
        let file = place.path(&format!("out.{format}"));
        let written = place.run(&["--format", format, "-o", &file, "-c", sql])?;
        assert_eq!(
            (written.code, written.stdout.as_str()),
            (Some(0), ""),
            "{}",
            written.stderr
        );
        let piped = place.run(&["--format", format, "-c", "SELECT 1; SELECT 2"])?;
        assert_eq!(piped.code, Some(1));
        assert!(piped.stderr.contains("holds one result"), "{}", piped.stderr);
    }
    let interval = [
        "--format",
        "parquet",
        "-c",
        "SELECT INTERVAL '12 minutes' AS cadence",
    ];
    let refused = place.run(&interval)?;
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
    assert!(
        refused.stderr.contains("CAST(cadence AS VARCHAR)"),
        "{}",
        refused.stderr
    );
    let file = place.path("out.parquet");
    let read = place.run(&[
        "-c",
        &format!("CREATE VIEW v AS SELECT * FROM '{file}'"),
        "-c",
        ".schema v",
    ])?;
    assert!(
        read.stdout.contains("PATCH(1×2, 1 Mm cells)") && read.stdout.contains("Mx"),
        "{}{}",
        read.stdout,
        read.stderr
    );
    let bytes = fs::read(place.path("out.arrow"))?;
    let reader = arrow_ipc::reader::FileReader::try_new(std::io::Cursor::new(bytes), None)?;
    let schema = reader.schema();
    assert_eq!(
        schema.field(0).metadata()["ARROW:extension:name"],
        "arrow.fixed_shape_tensor"
    );
    assert_eq!(schema.field(1).metadata()["unit"], "Mx");
    assert_eq!(
        reader
            .map(|batch| batch.map(|batch| batch.num_rows()))
            .sum::<Result<usize, _>>()?,
        3
    );
    Ok(())
}

#[test]
fn a_statement_out_of_time_ends_with_124() -> Result {
    let place = Place::new()?;
    let endless = "SELECT sum(a.value * b.value) FROM range(100000000) a, range(100000000) b";
    let ran = place.run(&["--timeout", "300ms", "-c", endless])?;
    assert_eq!(ran.code, Some(124));
    assert!(ran.stderr.contains("longer than 300ms"), "{}", ran.stderr);
    let quick = place.run(&[
        "--timeout",
        "1min",
        "--threads",
        "1",
        "--memory-limit",
        "1GB",
        "-c",
        "SELECT 1",
    ])?;
    assert_eq!(quick.code, Some(0), "{}", quick.stderr);
    let join = "SELECT count(*) FROM range(1000000) a JOIN range(1000000) b ON a.value = b.value";
    let short = place.run(&["--memory-limit", "1MB", "-c", join])?;
    assert_eq!(short.code, Some(1), "{}{}", short.stdout, short.stderr);
    assert!(
        short.stderr.contains("needs more memory than it may use"),
        "{}",
        short.stderr
    );
    Ok(())
}

#[test]
fn a_catalogue_can_be_only_read() -> Result {
    let place = Place::new()?;
    let none = place.run(&["--readonly", "-c", "SELECT 1"])?;
    assert_eq!(none.code, Some(3));
    assert!(none.stderr.contains("sun.helio") && !Path::new(&place.path("sun.helio")).exists());
    assert_eq!(place.run(&["-c", "SELECT 1"])?.code, Some(0));
    for sql in [
        "IMPORT SHARPS FROM '*.fits'",
        "CREATE ENCODER look AS SELECT patch FROM sharps",
        "DROP GENERATOR sun",
        "EXPLAIN INSERT INTO sharps SELECT * FROM sharps",
    ] {
        let ran = place.run(&["--readonly", "-c", sql])?;
        assert_eq!(ran.code, Some(1), "{sql}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("opened to be read only"),
            "{sql}: {}",
            ran.stderr
        );
    }
    for (sql, place_and_name) in [
        ("DELETE FROM sharps", "DELETE would change"),
        ("CREATE TABLE t AS SELECT 1 AS a", "CREATE TABLE would change"),
        (
            "CREATE OR REPLACE TABLE t AS SELECT 1 AS a",
            "| CREATE OR REPLACE TABLE t AS SELECT 1 AS a\n  | ^^^^^^^^^^^^^^^^^^^^^^^\n",
        ),
    ] {
        let refused = place.run(&["--readonly", "-c", sql])?;
        assert!(refused.stderr.contains(place_and_name), "{}", refused.stderr);
    }
    let file = place.path("out.csv");
    let copied = place.run(&["--readonly", "-c", &format!("COPY (SELECT 1 AS n) TO '{file}'")])?;
    assert_eq!(copied.code, Some(0), "{}", copied.stderr);
    Ok(())
}

#[test]
fn a_safe_session_leaves_files_alone() -> Result {
    let place = Place::new()?;
    for (access, hint) in [
        (&[][..], "no such file"),
        (&["--safe"][..], "a safe session reads no file"),
    ] {
        let ran = place.run(&[access, &["-c", "SELECT * FROM '/nowhere/at-all.csv'"]].concat())?;
        assert_eq!(ran.code, Some(1));
        assert!(ran.stderr.contains(hint), "{}", ran.stderr);
    }
    let table = place.write("a.csv", "n\n1\n")?;
    let out = place.path("out.csv");
    for sql in [
        format!("SELECT * FROM '{table}'"),
        format!("COPY (SELECT 1) TO '{out}'"),
        format!("EXPLAIN ANALYZE COPY (SELECT 1) TO '{out}'"),
        format!("PREPARE p AS SELECT 1; COPY (SELECT * FROM (SELECT 1)) TO '{out}'"),
        format!("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '{table}'"),
        format!("IMPORT SHARPS FROM '{table}'"),
        format!("EXPORT SHARPS TO '{out}' AS SELECT * FROM SIMULATE(n => 1)"),
        "SET datafusion.runtime.memory_limit = '100G'".to_owned(),
        format!(".output {out}"),
        format!(".once {out}"),
        format!(".read {table}"),
        format!(".open {out}"),
        ".edit".to_owned(),
        format!("SELECT patch FROM GENERATE(seed => 7);\n.save {out}.png"),
    ] {
        let ran = place.run(&["--safe", "-c", &sql])?;
        assert_eq!(ran.code, Some(1), "{sql}: {}{}", ran.stdout, ran.stderr);
    }
    assert!(!Path::new(&out).exists() && !Path::new(&format!("{out}.png")).exists());
    let free = place.run(&["--safe", "-c", "CREATE VIEW v AS SELECT 1 AS n; SELECT n FROM v"])?;
    assert_eq!(free.code, Some(0), "{}", free.stderr);
    Ok(())
}

#[test]
fn scripts_begin_with_an_init_file_that_is_asked_for() -> Result {
    let place = Place::new()?;
    let init = place.write("init.sql", ".mode csv\n.param flux=1e22Mx\n")?;
    let ran = place.run(&["--init", &init, "-c", "SELECT $flux > 1 AS ok"])?;
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "ok\ntrue\n"),
        "{}",
        ran.stderr
    );
    let wrong = place.write("wrong.sql", "SELEC 1")?;
    assert_eq!(place.run(&["--init", &wrong, "-c", "SELECT 1"])?.code, Some(1));
    assert_eq!(
        place
            .run(&["--init", &wrong, "--no-init", "-c", "SELECT 1"])?
            .code,
        Some(2)
    );
    Ok(())
}

#[test]
fn results_go_where_a_script_leads_them() -> Result {
    let place = Place::new()?;
    let (one, two) = (place.path("one.csv"), place.path("two.json"));
    let script = format!(
        ".mode csv\n.once '{one}'\nSELECT 1 AS n;\nSELECT 2 AS n;\n.output {two}\n.mode json\nSELECT n + 1 AS n FROM _;\n\
         .output\n.mode csv\nSELECT 4 AS n;\n.last\n"
    );
    let inner = place.write("inner.sql", &script)?;
    let ran = place.run(&["-c", &format!(".read {inner}")])?;
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "n\n2\nn\n4\nn\n4\n"),
        "{}",
        ran.stderr
    );
    assert_eq!(fs::read_to_string(one)?, "n\n1\n");
    let rows: serde_json::Value = serde_json::from_str(&fs::read_to_string(two)?)?;
    assert_eq!(rows, serde_json::json!([{ "n": 3 }]));
    // A binary format holds one result each for `.once` and for the usual output.
    let file = place.path("one.parquet");
    let script = format!(".mode parquet\n.once {file}\nSELECT 1 AS n;\nSELECT 2 AS n;\n");
    let both = place.run(&["-o", &place.path("two.parquet"), "-c", &script])?;
    assert_eq!(both.code, Some(0), "{}", both.stderr);
    let read = place.run(&[
        "--format",
        "csv",
        "-c",
        &format!(
            "SELECT n FROM '{file}' UNION ALL SELECT n FROM '{}' ORDER BY n",
            place.path("two.parquet")
        ),
    ])?;
    assert_eq!(read.stdout, "n\n1\n2\n", "{}", read.stderr);
    // A script that reads itself ends.
    let endless = place.path("endless.sql");
    let endless = place.write("endless.sql", &format!(".read {endless}"))?;
    let ran = place.run(&["-f", &endless])?;
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.contains("does one of them read itself?"),
        "{}",
        ran.stderr
    );
    Ok(())
}

#[test]
fn lists_are_queries() -> Result {
    let place = Place::new()?;
    for (command, expected) in [
        (".tables shar", "name,kind,rows,bytes\nsharps,table,,\n"),
        (".functions cosine_d", "cosine_distance,scalar,"),
        (".keywords usflux", "usflux,Mx,"),
        (".models", "generator,sun,shipped,"),
        (".directions", "sun,shipped,"),
        (".set", "timeout,off,"),
    ] {
        let ran = place.run(&["--format", "csv", "-c", command])?;
        assert!(
            ran.stdout.contains(expected),
            "{command}: {}{}",
            ran.stdout,
            ran.stderr
        );
    }
    let ran = place.run(&[
        "--format",
        "csv",
        "-c",
        ".models\nSELECT count(*) > 1 AS many FROM _;",
    ])?;
    assert!(
        ran.stdout.ends_with("many\ntrue\n"),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    for (command, part) in [
        (".set nothing 1", "there is no setting `nothing`"),
        (
            ".set images braille",
            "takes auto, kitty, iterm, sixel, blocks, off",
        ),
        (".mode xml", "takes table, box,"),
        (".timer", "takes on, off"),
        (".param x", "expected NAME=VALUE"),
        (".last", "no result is kept"),
        (".show 3", "no result so far has a patch"),
    ] {
        let ran = place.run(&["-c", command])?;
        assert_eq!(ran.code, Some(1), "{command}");
        assert!(ran.stderr.contains(part), "{command}: {}", ran.stderr);
    }
    Ok(())
}

#[test]
fn the_program_explains_itself_without_a_catalogue() -> Result {
    let ask = |arguments: &[&str]| run(&mut helioql(arguments));
    for (arguments, part) in [
        (&["help", "NEAREST"][..], "nearest(to, "),
        (&["help", "import", "sharps"], "IMPORT SHARPS FROM"),
        (&["help", ".set"], "how patches are drawn"),
        (&["help"], ".tables [TEXT]"),
        (&["completions", "bash"], "complete -F _helioql"),
        (&["completions", "zsh"], "#compdef helioql"),
        (&["completions", "fish"], "complete -c helioql"),
        (&["man"], ".TH helioql 1"),
    ] {
        let ran = ask(arguments)?;
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stdout.contains(part), "{arguments:?}: {}", ran.stdout);
    }
    let unknown = ask(&["help", "nearst"])?;
    assert_eq!(unknown.code, Some(1));
    assert!(
        unknown.stderr.contains("did you mean `nearest`?"),
        "{}",
        unknown.stderr
    );
    Ok(())
}

#[test]
fn pictures_have_names_and_plots() -> Result {
    let place = Place::new()?;
    let size = |path: &str| -> Result<(u32, u32)> {
        let bytes = fs::read(path)?;
        assert_eq!(bytes[..8], *b"\x89PNG\r\n\x1a\n");
        let side = |at: usize| bytes[at..at + 4].try_into().map(u32::from_be_bytes);
        Ok((side(16)?, side(20)?))
    };
    let (strip, sheet) = (place.path("strip.png"), place.path("sheet.png"));
    let script = format!(
        "SELECT step, usflux, psep, patch FROM STEER(GENERATE(usflux => 1e22Mx, seed => 7), usflux => 2e22Mx, steps => 4);\n\
         .save {strip}\n\
         SELECT seed, usflux, patch FROM GENERATE(n => 4, seed => 7);\n\
         .save {sheet}\n"
    );
    let ran = place.run(&["--format", "csv", "-o", &place.path("rows.csv"), "-c", &script])?;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    // Four patches of 128 cells with two lines below each, and under the strip two plots side by side.
    assert_eq!(size(&sheet)?, (4 * 258 + 2, 258 + 28 + 2));
    let (width, height) = size(&strip)?;
    assert_eq!((width, height), (4 * 258 + 2, 258 + 42 + 2 + 260));
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
    // What was there before stays when nothing can run.
    let kept = place.write("kept.csv", "n\n7\n")?;
    let damaged = place.write("notes.txt", "nothing")?;
    let refused = run(&mut helioql([damaged.as_str(), "-c", "SELECT 1", "-o", &kept]))?;
    assert_eq!(refused.code, Some(3));
    assert_eq!(fs::read_to_string(kept)?, "n\n7\n");
    Ok(())
}

#[test]
fn a_file_of_results_has_whole_ones_only() -> Result {
    let place = Place::new()?;
    let kept = place.write("kept.csv", "n\n7\n")?;
    let new = place.path("new.csv");
    // Megabytes are written before the one row that cannot be.
    let fails = "SELECT 1 / (i - 3000000) AS n FROM generate_series(1, 3100000) AS t(i);";
    let endless = "SELECT i AS n FROM generate_series(1, 900000000000) AS t(i);";
    for (sql, timeout, code) in [(fails, "10min", 1), (endless, "2s", 124)] {
        for file in [&kept, &new] {
            let ran = place.run(&["--timeout", timeout, "--format", "csv", "-o", file, "-c", sql])?;
            assert_eq!(
                (ran.code, ran.stdout.as_str()),
                (Some(code), ""),
                "{}",
                ran.stderr
            );
        }
        assert_eq!(fs::read_to_string(&kept)?, "n\n7\n");
        assert!(!Path::new(&new).exists());
    }
    // The first result takes the file's name; what is half written behind it is cut off.
    let two = format!("SELECT 1 AS n; {fails}");
    let ran = place.run(&["--format", "csv", "-o", &kept, "-c", &two])?;
    assert_eq!(ran.code, Some(1));
    assert_eq!(fs::read_to_string(&kept)?, "n\n1\n");
    // `.once` waits for a result, and makes no file when none comes.
    let script = format!(".mode csv\n.once {new}\nCREATE VIEW two AS SELECT 2 AS n;\nSELECT n FROM two;\n");
    let ran = place.run(&["-c", &script])?;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(&new)?, "n\n2\n");
    let ran = place.run(&["-c", &format!(".once {}\n.quit\n", place.path("none.csv"))])?;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    // A statement without a result leaves an empty file where `-o` asked for one.
    let empty = place.path("empty.csv");
    let ran = place.run(&["-o", &empty, "-c", "CREATE VIEW three AS SELECT 3 AS n"])?;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(empty)?, "");
    let mut names: Vec<_> = fs::read_dir(place.0.path())?
        .map(|entry| Ok(entry?.file_name()))
        .collect::<Result<_>>()?;
    names.sort();
    assert_eq!(names, ["empty.csv", "kept.csv", "new.csv", "sun.helio"]);
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
        (&["--timeout", "soon"], 2),
        (
            &[
                "--timeout",
                "1ms",
                "-c",
                "SELECT sum(a.value) FROM range(100000000) a, range(1000) b",
            ],
            124,
        ),
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
fn copy_writes_a_file_as_a_whole_or_not_at_all() -> Result {
    let place = Place::new()?;
    for ending in ["csv", "json", "parquet", "arrow"] {
        let name = format!("numbers.{ending}");
        let file = place.path(&format!("out/{name}"));
        let whole = place.run(&["-c", &format!("COPY (SELECT 1 AS a) TO '{file}'")])?;
        assert_eq!(whole.code, Some(0), "{}", whole.stderr);
        let before = fs::read(&file)?;
        // Megabytes are written before the one row that cannot be.
        let fails = "SELECT 1 / (i - 3000000) AS a FROM generate_series(1, 3100000) AS t(i)";
        let failed = place.run(&["-c", &format!("COPY ({fails}) TO '{file}'")])?;
        assert!(
            failed.code == Some(1) && failed.stderr.contains("zero"),
            "{failed:?}"
        );
        let names = || -> Result<Vec<_>> {
            let entries = fs::read_dir(place.path("out"))?;
            entries.map(|entry| Ok(entry?.file_name())).collect()
        };
        assert!(names()? == [&*name], "{:?}", names()?);
        let endless = "SELECT i FROM generate_series(1, 900000000000) AS t(i)";
        let stopped = place.run(&[
            "--timeout",
            "500ms",
            "-c",
            &format!("COPY ({endless}) TO '{file}'"),
        ])?;
        assert_eq!(stopped.code, Some(124), "{}", stopped.stderr);
        assert_eq!(fs::read(&file)?, before, "{ending}");
        // A writer that is stopped as it begins may leave its folder, which is hidden.
        let is_known =
            |other: &std::ffi::OsString| *other == *name || other.to_string_lossy().starts_with(".copy-");
        assert!(names()?.iter().all(is_known), "{:?}", names()?);
        fs::remove_dir_all(place.path("out"))?;
    }
    // It reads what it writes.
    let file = place.path("again.csv");
    let sql = format!("COPY (SELECT 7 AS a) TO '{file}'; COPY (SELECT a + 1 AS a FROM '{file}') TO '{file}'");
    assert_eq!(place.run(&["-c", &sql])?.code, Some(0));
    assert_eq!(fs::read_to_string(&file)?, "a\n8\n");
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn copy_to_where_nothing_can_be_made_is_an_error() -> Result {
    let refused = run(&mut helioql([
        "-c",
        "COPY (SELECT 1 AS a) TO '/proc/numbers.csv'",
    ]))?;
    assert!(
        refused.code == Some(3) && refused.stderr.contains("/proc/numbers.csv"),
        "{refused:?}"
    );
    Ok(())
}

#[test]
fn a_vector_is_written_as_a_list_of_numbers() -> Result {
    let ask = |sql: &str| run(&mut helioql(["--format", "csv", "-c", sql]));
    let first =
        "SELECT array_to_string(embedding, ',') FROM sharps WHERE harpnum = 9000007 ORDER BY t_rec LIMIT 1";
    let numbers = ask(first)?.stdout;
    let numbers = numbers.lines().nth(1).ok_or("no embedding")?.trim_matches('"');
    for sql in [
        format!("SELECT harpnum FROM NEAREST([{numbers}], k => 1)"),
        format!("SELECT harpnum FROM sharps ORDER BY embedding <-> [{numbers}] LIMIT 1"),
        format!("PREPARE near AS SELECT harpnum FROM NEAREST($1, k => $2); EXECUTE near([{numbers}], 1)"),
    ] {
        let found = ask(&sql)?;
        assert_eq!(found.stdout, "harpnum\n9000007\n", "{sql}\n{}", found.stderr);
    }
    let short = ask("SELECT harpnum FROM NEAREST([1, 2, 3], k => 1)")?;
    assert!(
        short.code == Some(1) && short.stderr.contains("the list has 3"),
        "{}",
        short.stderr
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
    let edit = place.run(&["-c", ".edit"])?;
    assert_eq!(edit.code, Some(1), "{edit:?}");
    assert!(edit.stderr.contains("`.edit` is for the prompt"), "{edit:?}");
    assert!(
        saved.stdout.contains("0 G, 128×128 cells of 1.54 Mm"),
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
