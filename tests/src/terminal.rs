//! A terminal with the program in it, driven as a user would: by keys, and judged by what stands on the screen.
//! tmux is the terminal; where there is none, tests say so and are skipped.

use std::{
    io::{self, Write},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::program::helioql;

/// How long something may take to appear: much longer than it does, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often the screen is looked at.
const LOOK: Duration = Duration::from_millis(30);

/// A screen with the program on it; the program ends with it.
#[derive(Debug)]
pub struct Terminal {
    socket: String,
}

/// What a terminal is made of.
#[derive(Debug, Clone, Copy)]
pub struct Screen<'a> {
    /// Columns.
    pub width: u16,
    /// Lines.
    pub height: u16,
    /// The program's environment beside the usual one.
    pub variables: &'a [(&'a str, &'a str)],
}

impl Default for Screen<'_> {
    fn default() -> Self {
        Self {
            width: 100,
            height: 40,
            variables: &[],
        }
    }
}

impl Terminal {
    /// Starts the program with these arguments on a screen; `None`, and a line that says that `test` was
    /// skipped, where there is no tmux.
    ///
    /// # Errors
    /// When tmux does not start it.
    pub fn start(test: &str, screen: Screen<'_>, arguments: &[&str]) -> io::Result<Option<Self>> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        if Command::new("tmux").arg("-V").output().is_err() {
            // Past the harness, which keeps what a passing test prints to itself.
            writeln!(io::stderr(), "skipped: {test}: no tmux")?;
            return Ok(None);
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let terminal = Self {
            socket: format!("helioql-test-{}-{number}", std::process::id()),
        };
        let program = helioql(arguments);
        let own = program
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_str()?, value?.to_str()?)));
        let variables = own.chain(screen.variables.iter().copied());
        let variables: Vec<String> = variables.map(|(name, value)| format!("{name}={value}")).collect();
        let (width, height) = (screen.width.to_string(), screen.height.to_string());
        let mut command = vec![
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            &width,
            "-y",
            &height,
            "env",
        ];
        command.extend(variables.iter().map(String::as_str));
        let program_name = program.get_program().to_string_lossy().into_owned();
        command.push(&program_name);
        command.extend(arguments);
        terminal.tmux(&command)?;
        Ok(Some(terminal))
    }

    /// Types a text.
    ///
    /// # Errors
    /// When the program has ended.
    pub fn types(&self, text: &str) -> io::Result<()> {
        self.tmux(&["send-keys", "-l", "--", &as_argument(text)])
            .map(|_| ())
    }

    /// Pastes a text, in the brackets that a terminal puts around one where the program asks for them.
    ///
    /// # Errors
    /// When the program has ended.
    pub fn pastes(&self, text: &str) -> io::Result<()> {
        self.tmux(&["set-buffer", "--", &as_argument(text)])?;
        self.tmux(&["paste-buffer", "-p", "-r"]).map(|_| ())
    }

    /// Presses keys by their names, such as `Enter`, `Tab` and `C-c`.
    ///
    /// # Errors
    /// When the program has ended.
    pub fn press(&self, keys: &[&str]) -> io::Result<()> {
        self.tmux(&[&["send-keys"], keys].concat()).map(|_| ())
    }

    /// Types a line and ends it.
    ///
    /// # Errors
    /// When the program has ended.
    pub fn enters(&self, line: &str) -> io::Result<()> {
        self.types(line)?;
        self.press(&["Enter"])
    }

    /// Waits until `text` stands on the screen, and returns the screen. A screen does not tell spaces at the end of a
    /// line from nothing, so those of `text` do not count.
    ///
    /// # Errors
    /// When it does not come, with what stands there instead.
    pub fn shows(&self, text: &str) -> io::Result<String> {
        self.shows_that(text, |screen| screen.contains(text.trim_end()))
    }

    /// Waits until what stands on the screen is `right`, and returns it; `what` names it.
    ///
    /// # Errors
    /// When it never is, with what stands there instead.
    pub fn shows_that(&self, what: &str, right: impl Fn(&str) -> bool) -> io::Result<String> {
        let start = Instant::now();
        loop {
            let screen = self.screen()?;
            if right(&screen) {
                return Ok(screen);
            }
            if start.elapsed() > PATIENCE {
                return Err(io::Error::other(format!("{what:?} did not come:\n{screen}")));
            }
            sleep(LOOK);
        }
    }

    /// Waits until the program has ended.
    ///
    /// # Errors
    /// When it goes on.
    pub fn ends(&self) -> io::Result<()> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if self.screen().is_err() {
                return Ok(());
            }
            sleep(LOOK);
        }
        Err(io::Error::other(format!("it goes on:\n{}", self.screen()?)))
    }

    /// What stands on the screen now.
    ///
    /// # Errors
    /// When the program has ended.
    pub fn screen(&self) -> io::Result<String> {
        self.tmux(&["capture-pane", "-p"])
    }

    /// The same with its colours as escape codes.
    ///
    /// # Errors
    /// When the program has ended.
    pub fn colours(&self) -> io::Result<String> {
        self.tmux(&["capture-pane", "-p", "-e"])
    }

    fn tmux(&self, arguments: &[&str]) -> io::Result<String> {
        let mut command = Command::new("tmux");
        command.args(["-L", &self.socket]).args(arguments);
        // A terminal inside of another one, and what that one is, is no business of the program's.
        for name in [
            "TMUX",
            "COLORTERM",
            "NO_COLOR",
            "TERM_PROGRAM",
            "COLUMNS",
            "PAGER",
            "LESS",
        ] {
            command.env_remove(name);
        }
        let output = command
            .env("TERM", "xterm-256color")
            .env("LC_ALL", "C.UTF-8")
            .output()?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(io::Error::other(
                String::from_utf8_lossy(&output.stderr).into_owned(),
            ))
        }
    }
}

/// A text as tmux takes it: a semicolon at the end is the end of its own command.
fn as_argument(text: &str) -> String {
    match text.strip_suffix(';') {
        Some(rest) => format!("{rest}\\;"),
        None => text.to_owned(),
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Where the program has ended, so has this server.
        let _ = self.tmux(&["kill-server"]);
    }
}
