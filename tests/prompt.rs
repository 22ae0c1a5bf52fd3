//! The shell as a user sees it: sessions at a terminal, by their keys and their screens.
#![cfg(unix)]

use std::{error::Error, fs};
#[cfg(target_os = "linux")]
use std::{
    io::{self, Write},
    process::{Command, Stdio},
};

#[cfg(target_os = "linux")]
use helioql_tests::program::{helioql, run};
use helioql_tests::terminal::{Screen, Terminal};
use tempfile::TempDir;

type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

/// A prompt over an empty catalogue, with a history and a configuration of its own.
struct Session {
    terminal: Terminal,
    folder: TempDir,
}

/// Starts a session; `None` where there is no terminal.
fn start(test: &str, screen: Screen<'_>, arguments: &[&str]) -> Result<Option<Session>> {
    in_folder(test, TempDir::new()?, screen, arguments)
}

fn in_folder(test: &str, folder: TempDir, screen: Screen<'_>, arguments: &[&str]) -> Result<Option<Session>> {
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (catalogue, history, config) = (path("sun.helio"), path("history"), path("config"));
    let own = [
        ("HELIOQL_HISTORY", history.as_str()),
        ("XDG_CONFIG_HOME", &config),
    ];
    let variables = [&own, screen.variables].concat();
    let screen = Screen {
        variables: &variables,
        ..screen
    };
    let arguments = [&[catalogue.as_str()], arguments].concat();
    let Some(terminal) = Terminal::start(test, screen, &arguments)? else {
        return Ok(None);
    };
    terminal.shows("helioql> ")?;
    Ok(Some(Session { terminal, folder }))
}

/// Enters a line once it is asked for, and once it is there: what comes earlier may be taken for a part of the line
/// before, and the prompt of that line for the next.
fn enter(terminal: &Terminal, line: &str) -> Result {
    let asks = |screen: &str| screen.trim_end().ends_with("helioql>");
    terminal.shows_that("the prompt", asks)?;
    terminal.types(line)?;
    terminal.shows_that("the line", |screen| !asks(screen))?;
    Ok(terminal.press(&["Enter"])?)
}

macro_rules! session {
    ($test:literal) => {
        session!($test, Screen::default(), &[])
    };
    ($test:literal, $screen:expr, $arguments:expr) => {
        match start($test, $screen, $arguments)? {
            Some(session) => session,
            None => return Ok(()),
        }
    };
}

#[test]
fn a_statement_of_many_lines_is_one_in_the_history() -> Result {
    let session = session!("a statement of many lines");
    let Session { terminal, folder } = &session;
    for line in ["SELECT 6 * 7", "  AS answer", ";"] {
        terminal.enters(line)?;
    }
    terminal.shows("(1 row, ")?;
    enter(terminal, "SELECT 'twice' AS word;")?;
    terminal.shows(" twice\n(1 row, ")?;
    terminal.shows_that("the third prompt", |screen| {
        screen.trim_end().ends_with("\nhelioql>")
    })?;
    terminal.press(&["Up", "Up"])?;
    let screen = terminal.shows_that("the whole statement again", |screen| {
        screen.matches("SELECT 6 * 7\n  AS answer\n;").count() == 2
    })?;
    assert!(screen.contains("     42\n"), "{screen}");
    terminal.press(&["C-c"])?;
    // A key that comes before the prompt is the terminal's and not the prompt's.
    terminal.shows_that("the fourth prompt", |screen| {
        screen.trim_end().ends_with("\nhelioql>")
    })?;
    terminal.press(&["C-d"])?;
    terminal.ends()?;
    let history = fs::read_to_string(folder.path().join("history"))?;
    assert_eq!(
        history.lines().skip(1).collect::<Vec<_>>(),
        ["SELECT 6 * 7\\n  AS answer\\n;", "SELECT 'twice' AS word;"]
    );
    Ok(())
}

#[test]
fn a_history_forgets_what_it_has_twice() -> Result {
    let folder = TempDir::new()?;
    fs::write(
        folder.path().join("history"),
        "#V2\nSELECT 1;\nSELECT 2;\nSELECT 1;\n",
    )?;
    let Some(Session { terminal, folder }) = in_folder("a history", folder, Screen::default(), &[])? else {
        return Ok(());
    };
    terminal.press(&["C-d"])?;
    terminal.ends()?;
    let history = fs::read_to_string(folder.path().join("history"))?;
    assert_eq!(history, "#V2\nSELECT 2;\nSELECT 1;\n");
    Ok(())
}

#[test]
fn a_statement_comes_back_from_the_editor() -> Result {
    let screen = Screen {
        variables: &[("VISUAL", ""), ("EDITOR", "sed -i s/6/5/")],
        ..Screen::default()
    };
    let session = session!("an editor", screen, &[]);
    let terminal = &session.terminal;
    enter(terminal, "SELECT 6 * 7 AS answer;")?;
    terminal.shows(" 42\n(1 row, ")?;
    enter(terminal, ".edit")?;
    // It stands at the prompt, to be looked at, and runs when Enter is pressed.
    terminal.shows("\nhelioql> SELECT 5 * 7 AS answer;")?;
    terminal.press(&["Enter"])?;
    terminal.shows(" 35\n(1 row, ")?;
    enter(terminal, ".history ANSWER")?;
    terminal.shows("\nSELECT 6 * 7 AS answer;\nSELECT 5 * 7 AS answer;\nhelioql> ")?;
    Ok(())
}

#[test]
fn an_editor_that_fails_changes_nothing() -> Result {
    for (editor, expected) in [
        ("false", "the editor `false` ended with exit status: 1"),
        (
            "no-such-editor --wait",
            "the editor `no-such-editor --wait` cannot be started",
        ),
    ] {
        let screen = Screen {
            variables: &[("VISUAL", editor)],
            ..Screen::default()
        };
        let session = session!("an editor that fails", screen, &[]);
        let terminal = &session.terminal;
        enter(terminal, ".edit")?;
        terminal.shows(expected)?;
        enter(terminal, "SELECT 6 * 7 AS answer;")?;
        terminal.shows(" 42\n(1 row, ")?;
    }
    Ok(())
}

#[test]
fn completion_knows_the_place() -> Result {
    let screen = Screen {
        width: 160,
        ..Screen::default()
    };
    let session = session!("completion", screen, &[]);
    let Session { terminal, folder } = &session;
    let maps = folder.path().join("magnetograms");
    fs::create_dir(&maps)?;
    fs::write(maps.join("hmi.fits"), "")?;
    enter(
        terminal,
        "CREATE TABLE regions AS SELECT 377 AS noaa_ar, EMBED(GENERATE(seed => 7)) AS embedding;",
    )?;
    enter(
        terminal,
        "CREATE INDEX patterns ON regions USING HNSW (embedding) WITH (metric = 'l2');",
    )?;
    enter(terminal, "SELECT 'made' AS word;")?;
    terminal.shows(" made\n(1 row, ")?;
    terminal.press(&["C-l"])?;
    terminal.types("SELECT GENERATE(")?;
    // The arguments as a hint, then as candidates. The names are read beside the prompt, so the first hint may come
    // too early for them.
    let hint = "GENERATE(usflux => …, tuf => …";
    terminal.shows_that(hint, |screen| {
        let hinted = screen.contains(hint);
        if !hinted {
            let _ = terminal.press(&["BSpace", "("]);
        }
        hinted
    })?;
    for (typed, expected) in [
        ("see", "SELECT GENERATE(seed => "),
        (
            "7, generator => '",
            "SELECT GENERATE(seed => 7, generator => 'sun'",
        ),
        (") AS s FROM shar", "AS s FROM sharps"),
        (" AS h WHERE h.usfluxl", "WHERE h.usfluxl"),
        (" > 1e22Mx AND COSINE_D", "AND COSINE_DISTANCE("),
    ] {
        terminal.types(typed)?;
        terminal.press(&["Tab"])?;
        terminal.shows(expected)?;
    }
    for (line, expected) in [
        (".sche", ".schema "),
        (".schema system.key", ".schema system.keywords"),
        (".set images si", ".set images sixel"),
        (".help near", ".help nearest"),
        ("EVALUATE ENCODER lo", "EVALUATE ENCODER look"),
        ("DESCRIBE DIREC", "DESCRIBE DIRECTIONS"),
        (
            "DESCRIBE DIRECTIONS FOR GENERATOR s",
            "DIRECTIONS FOR GENERATOR sun",
        ),
        ("DROP INDEX pat", "DROP INDEX patterns"),
        ("CHE", "CHECK "),
        ("SELECT noaa_ar FROM regions WHER", "FROM regions WHERE"),
        (
            &format!(".read {}/magn", folder.path().display()),
            "/magnetograms/",
        ),
        (
            &format!("IMPORT SHARPS FROM '{}/magnetograms/h", folder.path().display()),
            "magnetograms/hmi.fits",
        ),
        (
            "SET datafusion.execution.batch_s",
            "SET datafusion.execution.batch_size",
        ),
        (
            "WITH strong AS (SELECT usflux AS flux FROM sharps) SELECT flu",
            "SELECT flu",
        ),
    ] {
        terminal.press(&["C-a", "C-k"])?;
        terminal.types(line)?;
        terminal.press(&["Tab"])?;
        terminal.shows(expected)?;
    }
    // Several are listed when they are asked for twice, with what is known of each.
    terminal.press(&["C-a", "C-k"])?;
    terminal.types("SELECT * FROM sharps WHERE usflux > 3e21M")?;
    terminal.press(&["Tab", "Tab"])?;
    let listed = terminal.shows("3e21Mm2")?;
    assert!(listed.contains("3e21Mx maxwell"), "{listed}");
    Ok(())
}

#[test]
fn a_pasted_text_waits_for_enter() -> Result {
    let session = session!("pasting");
    let terminal = &session.terminal;
    // Lines and tabs of what is pasted are text: nothing runs, and nothing is completed.
    terminal.pastes("SELECT 6 * 7\n\tAS pasted\n;")?;
    let screen = terminal.shows("AS pasted\n;")?;
    assert!(!screen.contains("row"), "{screen}");
    terminal.press(&["Enter"])?;
    terminal.shows("     42\n(1 row, ")?;
    Ok(())
}

#[test]
fn the_history_is_searched_backwards() -> Result {
    let session = session!("searching the history");
    let terminal = &session.terminal;
    for (line, shown) in [
        ("SELECT 'first' AS word;", " first\n(1 row, "),
        ("SELECT 'second' AS word;", " second\n(1 row, "),
        ("SELECT 3 AS n;", " 3\n(1 row, "),
    ] {
        enter(terminal, line)?;
        terminal.shows(shown)?;
    }
    let begin = || -> Result {
        terminal.shows_that("the prompt", |screen| screen.trim_end().ends_with("helioql>"))?;
        terminal.press(&["C-r"])?;
        terminal.shows("(reverse-i-search)")?;
        Ok(terminal.types("word")?)
    };
    begin()?;
    terminal.shows("(reverse-i-search)`word': SELECT 'second' AS word;")?;
    terminal.press(&["C-r"])?;
    terminal.shows("(reverse-i-search)`word': SELECT 'first' AS word;")?;
    terminal.press(&["Enter"])?;
    terminal.shows_that("the first again", |screen| {
        screen.matches(" first\n(1 row, ").count() == 2
    })?;
    Ok(())
}

#[test]
fn a_line_is_coloured_and_brackets_find_each_other() -> Result {
    let session = session!("colours of a line");
    let terminal = &session.terminal;
    terminal.types("SELECT 'a', 1.5e22Mx FROM f(x)")?;
    terminal.shows("FROM f(x)")?;
    let line = || -> Result<String> {
        let screen = terminal.colours()?;
        let line = screen.lines().rfind(|line| line.contains("helioql>"));
        Ok(line.unwrap_or_default().to_owned())
    };
    let shown = line()?;
    // Blue, green, cyan: the terminal's own colours, which fit its theme, dark or light.
    for (word, colour) in [
        ("SELECT", "\x1b[34m"),
        ("'a'", "\x1b[32m"),
        ("1.5e22Mx", "\x1b[36m"),
    ] {
        assert!(shown.contains(&format!("{colour}{word}")), "{word}: {shown:?}");
    }
    // Behind the last bracket, it and its partner are turned to the other of the two grounds.
    let marked = |line: &str| {
        let turned: Vec<&str> = line.split("\x1b[1;7m").skip(1).collect();
        turned
            .iter()
            .filter_map(|text| text.chars().next())
            .collect::<String>()
    };
    assert_eq!(marked(&shown), "()", "{shown:?}");
    terminal.press(&["Left", "Left", "Left", "Left"])?;
    terminal.shows_that("no bracket that is marked", |_| {
        line().is_ok_and(|line| !line.contains("\x1b[1;7m"))
    })?;
    Ok(())
}

#[test]
fn long_work_says_how_far_it_is() -> Result {
    let screen = Screen {
        width: 140,
        ..Screen::default()
    };
    let session = session!("progress", screen, &[]);
    let terminal = &session.terminal;
    enter(
        terminal,
        "CREATE TABLE regions AS SELECT harpnum, TO_PATCH(array_repeat(CAST(harpnum AS DOUBLE), 4096), height => 64, width => 64, cell_mm => 3.08) AS patch FROM range(64) AS r(harpnum);",
    )?;
    enter(terminal, "SELECT 'made' AS word;")?;
    terminal.shows(" made\n(1 row, ")?;
    enter(
        terminal,
        "CREATE GENERATOR small WITH (size = 64, steps = 100000, batch = 8, seed = 1) AS SELECT patch FROM regions;",
    )?;
    // The step, the rate, what is left and the losses; Ctrl-C ends it, and nothing of it is there.
    let screen = terminal.shows_that("a bar", |screen| {
        screen.contains("/s eta ") && screen.contains("loss")
    })?;
    assert!(screen.contains("/100000"), "{screen}");
    terminal.press(&["C-c"])?;
    let screen = terminal.shows("error: interrupted")?;
    assert!(!screen.contains("/s eta"), "{screen}");
    enter(terminal, ".models")?;
    let screen = terminal.shows("encoder   │ look │ shipped")?;
    assert!(!screen.contains("│ small"), "{screen}");
    Ok(())
}

#[test]
fn an_error_points_at_its_place_and_the_prompt_goes_on() -> Result {
    let session = session!("an error");
    let terminal = &session.terminal;
    enter(terminal, "SELECT usfulx FROM sharps;")?;
    let screen = terminal.shows("did you mean `usflux`?")?;
    assert!(
        screen.contains("1 | SELECT usfulx FROM sharps;\n  |        ^^^^^^\n"),
        "{screen}"
    );
    enter(terminal, ".timre on")?;
    terminal.shows("did you mean `.timer`?")?;
    enter(terminal, "SELECT 'alive' AS word;")?;
    terminal.shows(" alive\n(1 row, ")?;
    Ok(())
}

#[test]
fn ctrl_c_cancels_a_statement_and_leaves_when_pressed_twice() -> Result {
    let session = session!("cancelling");
    let terminal = &session.terminal;
    enter(
        terminal,
        "SELECT sum(a.value * b.value) FROM range(100000000) a, range(100000000) b;",
    )?;
    // It says that it runs before it is stopped, and nothing of that is left.
    terminal.shows("running")?;
    terminal.press(&["C-c"])?;
    let screen = terminal.shows("error: interrupted")?;
    assert!(!screen.contains("running"), "{screen}");
    // On a line with text it lets go of the text, however often.
    for draft in ["SELECT 'one", "SELECT 'two", "SELECT 'three"] {
        terminal.types(draft)?;
        terminal.shows(draft)?;
        terminal.press(&["C-c"])?;
        terminal.shows_that("an empty prompt", |screen| {
            screen.trim_end().ends_with("\nhelioql>")
        })?;
    }
    enter(terminal, "SELECT 'alive' AS word;")?;
    let screen = terminal.shows(" alive\n")?;
    assert!(!screen.contains("leaves"), "{screen}");
    terminal.shows_that("the prompt", |screen| screen.trim_end().ends_with("\nhelioql>"))?;
    terminal.press(&["C-c"])?;
    terminal.shows("(Ctrl-C once more leaves; so do Ctrl-D and `.quit`)\nhelioql>")?;
    terminal.press(&["C-c"])?;
    terminal.ends()?;
    Ok(())
}

#[test]
fn what_is_typed_while_a_statement_runs_is_not_lost() -> Result {
    let session = session!("typing ahead");
    let terminal = &session.terminal;
    enter(
        terminal,
        "SELECT count(*) AS n FROM range(200000) a JOIN range(2000) b ON a.value <> b.value;",
    )?;
    terminal.enters("SELECT 'second' AS word;")?;
    terminal.enters("SELECT 'third' AS word;")?;
    terminal.shows(" third\n(1 row, ")?;
    let screen = terminal.screen()?;
    assert!(
        screen.contains(" second\n(1 row, ") && screen.contains(" 399998000\n"),
        "{screen}"
    );
    Ok(())
}

#[test]
fn a_pager_shows_what_is_longer_than_the_screen() -> Result {
    let screen = Screen {
        height: 12,
        variables: &[("PAGER", "head -5")],
        ..Screen::default()
    };
    let session = session!("the pager", screen, &[]);
    let terminal = &session.terminal;
    enter(terminal, "SELECT value FROM range(30);")?;
    // `head` leaves early, which is no error.
    let shown = terminal.shows_that("the end of five lines", |screen| {
        screen.contains("     2\nhelioql>")
    })?;
    assert!(!shown.contains("error"), "{shown}");
    enter(terminal, "SELECT value FROM range(3);")?;
    terminal.shows("(3 rows, ")?;
    enter(terminal, "SELECT sum(value) AS total FROM _;")?;
    terminal.shows("     3\n(1 row, ")?;
    enter(terminal, ".set pager off")?;
    enter(terminal, "SELECT value FROM range(200);")?;
    terminal.shows("(200 rows, the first 40 shown, `.last` shows all, ")?;
    enter(terminal, ".last")?;
    terminal.shows("\n   199\n(200 rows, ")?;
    // A file has all of it, and nothing of the screen.
    let file = session.folder.path().join("all.txt");
    enter(terminal, &format!(".once {}", file.display()))?;
    enter(terminal, "SELECT value FROM range(200);")?;
    enter(terminal, "SELECT 'done' AS word;")?;
    terminal.shows(" done\n(1 row, ")?;
    let written = fs::read_to_string(file)?;
    assert_eq!(written.lines().count(), 202, "{written}");
    assert!(
        !written.contains('\x1b') && !written.contains("rows"),
        "{written}"
    );
    // One that fails makes no file, and the next statement takes it.
    let file = session.folder.path().join("second.txt");
    enter(terminal, &format!(".once {}", file.display()))?;
    enter(terminal, "SELECT nothing FROM range(2);")?;
    terminal.shows("unknown column `nothing`")?;
    assert!(!file.exists());
    enter(terminal, "SELECT value FROM range(2);")?;
    enter(terminal, "SELECT 'again' AS word;")?;
    terminal.shows(" again\n(1 row, ")?;
    assert_eq!(fs::read_to_string(file)?.lines().count(), 4);
    Ok(())
}

#[test]
fn a_patch_is_drawn_in_half_blocks_with_its_scale() -> Result {
    let session = session!("a picture");
    let terminal = &session.terminal;
    enter(
        terminal,
        "SELECT 377 AS harpnum, TO_PATCH([-100.0, 0.0, 0.0, 100.0], height => 2, width => 2, cell_mm => 10Mm) AS patch;",
    )?;
    terminal.shows("2×2 ±100 G")?;
    // A small one below the table, then the large one.
    terminal.shows("1\n▀▀\n±100 G; `.show N` draws one of them\n")?;
    enter(terminal, ".show")?;
    let screen = terminal.shows("−100 … +100 G, 2×2 cells of 10 Mm (20 × 20 Mm)")?;
    assert!(screen.contains("harpnum 377\n▀▀\n├┤ 20 Mm\n"), "{screen}");
    // Black above mid-grey, then mid-grey above white; nothing was asked of the terminal, which is tmux.
    let colours = terminal.colours()?;
    assert!(
        colours.contains("38;5;16m") && colours.contains("48;5;231m"),
        "{colours:?}"
    );
    enter(terminal, ".set images off")?;
    enter(terminal, ".show")?;
    terminal.shows("pictures are off")?;
    Ok(())
}

// `script` of other systems is asked otherwise.
#[cfg(target_os = "linux")]
#[test]
fn an_image_is_sent_to_a_terminal_and_nowhere_else() -> Result {
    let folder = TempDir::new()?;
    let catalogue = folder.path().join("sun.helio").display().to_string();
    let show = ".show TO_PATCH([-100.0, 0.0, 0.0, 100.0], height => 2, width => 2, cell_mm => 10Mm)";
    for (protocol, begins) in [
        // The first bytes of a PNG in base64.
        ("kitty", "\x1b_Ga=T,f=100,q=2,c=64,m=0;iVBORw0KGgo"),
        ("iterm", "\x1b]1337;File=inline=1;size="),
        (
            "sixel",
            "\x1bP0;1q\"1;1;640;640#0;2;0;0;0#127;2;50;50;50#254;2;100;100;100#",
        ),
        ("blocks", "\x1b[38;5;16;48;5;244m▀\x1b[38;5;244;48;5;231m▀\x1b[0m"),
    ] {
        let arguments = [catalogue.as_str(), "--images", protocol, "-c", show];
        let piped = run(&mut helioql(arguments))?;
        assert_eq!(piped.code, Some(0), "{}", piped.stderr);
        assert!(!piped.stdout.contains('\x1b'), "{protocol}: {:?}", piped.stdout);
        let Some(shown) = on_a_terminal("images", 80, &arguments)? else {
            return Ok(());
        };
        assert!(shown.contains(begins), "{protocol}: {shown:?}");
        assert!(shown.contains("−100 … +100 G"), "{protocol}: {shown:?}");
        // A script asks the terminal nothing.
        assert!(
            !shown.contains("\x1b[c") && !shown.contains("a=q"),
            "{protocol}: {shown:?}"
        );
    }
    Ok(())
}

/// A query that is no prompt's has the width of the terminal too.
#[cfg(target_os = "linux")]
#[test]
fn a_table_is_as_wide_as_the_terminal() -> Result {
    let folder = TempDir::new()?;
    let catalogue = folder.path().join("sun.helio").display().to_string();
    let query = "SELECT repeat(chr(120), 50) AS a, repeat(chr(121), 50) AS b";
    for (columns, fits) in [(60, false), (80, false), (150, true)] {
        let Some(shown) = on_a_terminal("a width", columns, &[&catalogue, "-c", query])? else {
            return Ok(());
        };
        assert_eq!(shown.contains(&"y".repeat(50)), fits, "{columns}: {shown}");
        let longest = shown.lines().map(|line| line.trim_end().chars().count()).max();
        assert!(
            longest.is_some_and(|longest| longest <= columns.into()),
            "{columns}: {shown}"
        );
    }
    Ok(())
}

/// What the program writes to a terminal of so many columns that answers nothing; `None`, and a line that says so,
/// where there is no `script` to make one.
#[cfg(target_os = "linux")]
fn on_a_terminal(test: &str, columns: u16, arguments: &[&str]) -> Result<Option<String>> {
    let program = helioql(arguments);
    let words = std::iter::once(program.get_program()).chain(program.get_args());
    let quoted: Vec<String> = words
        .map(|word| format!("'{}'", word.to_string_lossy()))
        .collect();
    let mut script = Command::new("script");
    script
        .args([
            "-q",
            "-c",
            &format!("stty cols {columns} rows 24; {}", quoted.join(" ")),
            "/dev/null",
        ])
        .stdin(Stdio::null());
    for (name, value) in program.get_envs() {
        script.env(name, value.unwrap_or_default());
    }
    script
        .env("TERM", "xterm-256color")
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS");
    let Ok(output) = script.output() else {
        writeln!(io::stderr(), "skipped: {test}: no script")?;
        return Ok(None);
    };
    Ok(Some(String::from_utf8_lossy(&output.stdout).into_owned()))
}

#[test]
fn colours_are_left_out_where_they_are_not_welcome() -> Result {
    let line = "SELECT 'text' AS word;";
    for (variables, coloured) in [
        (&[][..], true),
        (&[("NO_COLOR", "1")][..], false),
        (&[("TERM", "dumb")][..], false),
    ] {
        let screen = Screen {
            variables,
            ..Screen::default()
        };
        let session = session!("colours", screen, &[]);
        let terminal = &session.terminal;
        enter(terminal, line)?;
        terminal.shows(" text\n(1 row, ")?;
        let colours = terminal.colours()?;
        assert_eq!(colours.contains("\x1b["), coloured, "{variables:?}: {colours:?}");
    }
    Ok(())
}

#[test]
fn a_bad_init_file_is_told_and_the_prompt_opens() -> Result {
    let folder = TempDir::new()?;
    let config = folder.path().join("config/helioql");
    fs::create_dir_all(&config)?;
    fs::write(
        config.join("init.sql"),
        ".set types on\nSELEC 1;\n.set types off\n",
    )?;
    let Some(Session {
        terminal,
        folder: _folder,
    }) = in_folder("a bad init file", folder, Screen::default(), &[])?
    else {
        return Ok(());
    };
    let terminal = &terminal;
    let screen = terminal.shows("was not run")?;
    assert!(screen.contains("init.sql:2:1"), "{screen}");
    // What stood before the mistake holds.
    enter(terminal, "SELECT 1 AS n;")?;
    terminal.shows("      n\n BIGINT\n────────\n      1\n")?;
    Ok(())
}

#[test]
fn wide_tables_say_what_does_not_fit() -> Result {
    let screen = Screen {
        width: 60,
        ..Screen::default()
    };
    let session = session!("a wide table", screen, &[]);
    let terminal = &session.terminal;
    enter(
        terminal,
        "SELECT 1.25e22 AS flux, NULL AS nothing, 'x' AS a, 'y' AS b, repeat('z', 60) AS c, repeat('w', 60) AS d;",
    )?;
    let screen = terminal.shows("(4 of 6 columns fit the screen; `.mode vertical` shows all)")?;
    assert!(
        screen.contains("1.25e22 │ NULL") && screen.contains('…'),
        "{screen}"
    );
    enter(terminal, ".mode vertical")?;
    enter(terminal, "SELECT * FROM _;")?;
    terminal.shows("── row 1 ──")?;
    enter(terminal, ".mode parquet")?;
    enter(terminal, "SELECT 1;")?;
    terminal.shows("parquet is for files and pipes, not for a terminal")?;
    Ok(())
}
