//! What the terminal says of itself, and its size.
//!
//! Questions are followed by one that every terminal answers (DA1, the device's attributes). Its answer is the
//! fence: what has not been answered before it will not be, so nothing waits for a terminal that does not know
//! kitty's protocol. Whatever else arrives is thrown away, so that no answer is taken for typing.

use std::sync::OnceLock;

/// What was answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Answers {
    /// It knows kitty's graphics.
    pub(crate) kitty: bool,
    /// It knows sixel graphics.
    pub(crate) sixel: bool,
    /// Width and height of a character in pixels.
    pub(crate) cell: Option<(usize, usize)>,
}

/// A picture of one pixel that kitty is to judge and not to show, the size of a character, the attributes.
#[cfg(unix)]
const QUESTIONS: &[u8] = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[16t\x1b[c";

/// Asks the terminal, once in the life of the program.
pub(crate) fn answers() -> Answers {
    static ANSWERS: OnceLock<Answers> = OnceLock::new();
    *ANSWERS.get_or_init(|| read(&ask().unwrap_or_default()))
}

/// Columns and lines of the terminal, if it knows them.
pub(crate) fn size() -> Option<(usize, usize)> {
    let (lines, columns) = console::Term::stdout().size_checked()?;
    Some((columns.into(), lines.into()))
}

/// The width that `COLUMNS` sets, if it is one.
pub(crate) fn columns() -> Option<usize> {
    let set = std::env::var("COLUMNS").ok()?.trim().parse().ok()?;
    (set > 0).then_some(set)
}

/// While it lives, the terminal does not write `^C` where Ctrl-C is pressed: that would stand in the middle of a
/// progress line, and push it to the next.
pub(crate) struct Silence {
    #[cfg(unix)]
    before: Option<nix::sys::termios::Termios>,
}

#[cfg(unix)]
impl Silence {
    /// Begins, where there is a terminal.
    pub(crate) fn begin() -> Self {
        use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};

        let before = tcgetattr(std::io::stdin()).ok();
        if let Some(before) = &before {
            let mut silent = before.clone();
            silent.local_flags.remove(LocalFlags::ECHOCTL);
            // A terminal that cannot be set is only less tidy.
            let _ = tcsetattr(std::io::stdin(), SetArg::TCSANOW, &silent);
        }
        Self { before }
    }
}

#[cfg(unix)]
impl Drop for Silence {
    fn drop(&mut self) {
        use nix::sys::termios::{SetArg, tcsetattr};

        if let Some(before) = &self.before {
            let _ = tcsetattr(std::io::stdin(), SetArg::TCSANOW, before);
        }
    }
}

#[cfg(not(unix))]
impl Silence {
    /// Does nothing here.
    pub(crate) fn begin() -> Self {
        Self {}
    }
}

/// Takes an answer apart: `ESC _ G i=31;OK ESC \`, `ESC [ 6 ; height ; width t`, `ESC [ ? 62 ; 4 c`.
fn read(reply: &str) -> Answers {
    let mut answers = Answers {
        kitty: reply.contains("_Gi=31;OK"),
        ..Answers::default()
    };
    for sequence in reply.split("\x1b[").skip(1) {
        let Some(end) = sequence.find(|letter: char| letter.is_ascii_alphabetic()) else {
            continue;
        };
        let (parameters, rest) = sequence.split_at(end);
        if rest.starts_with('c') {
            answers.sixel = parameters
                .trim_start_matches('?')
                .split(';')
                .any(|code| code == "4");
        } else if rest.starts_with('t') {
            let numbers: Vec<usize> = parameters
                .split(';')
                .filter_map(|part| part.parse().ok())
                .collect();
            if let [6, height, width] = numbers[..]
                && height > 0
                && width > 0
            {
                answers.cell = Some((width, height));
            }
        }
    }
    answers
}

/// What the terminal answers until the fence, or in a second, which is long for a line over the world.
#[cfg(unix)]
fn ask() -> Option<String> {
    use std::{
        fs::OpenOptions,
        io::{Read, Write},
        os::fd::AsFd,
        time::{Duration, Instant},
    };

    use nix::{
        poll::{PollFd, PollFlags, PollTimeout, poll},
        sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr},
    };

    const PATIENCE: Duration = Duration::from_secs(1);
    let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
    let before = tcgetattr(&terminal).ok()?;
    let mut raw = before.clone();
    cfmakeraw(&mut raw);
    tcsetattr(&terminal, SetArg::TCSANOW, &raw).ok()?;
    let mut reply = Vec::new();
    let start = Instant::now();
    let mut talk = || -> std::io::Result<()> {
        terminal.write_all(QUESTIONS)?;
        while let Some(left) = PATIENCE.checked_sub(start.elapsed()) {
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
            let mut ready = [PollFd::new(terminal.as_fd(), PollFlags::POLLIN)];
            if poll(&mut ready, timeout)? == 0 {
                break;
            }
            let mut some = [0; 256];
            let count = terminal.read(&mut some)?;
            reply.extend_from_slice(&some[..count]);
            if count == 0 || is_fenced(&reply) {
                break;
            }
        }
        Ok(())
    };
    let talked = talk();
    // What was not read yet goes too.
    let _ = tcsetattr(&terminal, SetArg::TCSAFLUSH, &before);
    talked.ok()?;
    Some(String::from_utf8_lossy(&reply).into_owned())
}

#[cfg(not(unix))]
fn ask() -> Option<String> {
    None
}

/// Whether the answer to the last question has come.
#[cfg(unix)]
fn is_fenced(reply: &[u8]) -> bool {
    let attributes = reply.windows(3).rposition(|bytes| bytes == b"\x1b[?");
    attributes.is_some_and(|at| reply[at..].contains(&b'c'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_taken_apart() {
        for (reply, kitty, sixel, cell) in [
            ("", false, false, None),
            ("\x1b[?62;22c", false, false, None),
            ("\x1b[?62;4;22c", false, true, None),
            ("\x1b[?64c", false, false, None),
            (
                "\x1b_Gi=31;OK\x1b\\\x1b[6;18;9t\x1b[?62c",
                true,
                false,
                Some((9, 18)),
            ),
            ("\x1b_Gi=31;ENOTSUP\x1b\\\x1b[6;0;0t\x1b[?6c", false, false, None),
        ] {
            assert_eq!(read(reply), Answers { kitty, sixel, cell }, "{reply:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_fence_is_the_last_answer() {
        assert!(!is_fenced(b"\x1b_Gi=31;OK\x1b\\\x1b[6;18;9t"));
        assert!(!is_fenced(b"\x1b[?62;4"));
        assert!(is_fenced(b"\x1b[6;18;9t\x1b[?62;4c"));
    }
}
