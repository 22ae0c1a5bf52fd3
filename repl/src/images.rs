//! How patches are drawn: as an image by the terminal's own protocol where it has one, else in characters.
//!
//! A terminal is asked only at the prompt, only when the first picture is drawn, and never inside tmux or
//! screen, which answer for themselves and not for the terminal that shows them.

use std::{env, fmt};

use clap::ValueEnum;

use crate::terminal;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Images {
    /// The best that the terminal has
    Auto,
    /// kitty's protocol
    Kitty,
    /// iTerm2's protocol
    Iterm,
    /// Sixel graphics
    Sixel,
    /// Half-blocks, two pixels in a character
    Blocks,
    /// No pictures
    Off,
}

impl fmt::Display for Images {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_possible_value()
            .map_or(Ok(()), |value| f.write_str(value.get_name()))
    }
}

/// A way to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// PNG in escape codes of kitty.
    Kitty,
    /// PNG in an escape code of iTerm2.
    Iterm,
    /// Sixel graphics.
    Sixel,
    /// Characters.
    Blocks,
}

impl Images {
    /// The way in which pictures are drawn now; `None` for not at all. `may_ask` says whether a person is at
    /// a terminal that can be asked what it knows.
    pub(crate) fn protocol(self, may_ask: bool) -> Option<Protocol> {
        Some(match self {
            Self::Off => return None,
            Self::Kitty => Protocol::Kitty,
            Self::Iterm => Protocol::Iterm,
            Self::Sixel => Protocol::Sixel,
            Self::Blocks => Protocol::Blocks,
            Self::Auto => match known(|name| env::var(name).ok()) {
                Some(protocol) => protocol,
                None if may_ask => ask(),
                None => Protocol::Blocks,
            },
        })
    }
}

/// What the environment tells of the terminal.
fn known(variable: impl Fn(&str) -> Option<String>) -> Option<Protocol> {
    let is =
        |name: &str, values: &[&str]| variable(name).is_some_and(|value| values.contains(&value.as_str()));
    let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    if is_set("TMUX") || is_set("STY") || is("TERM", &["dumb", "linux"]) {
        return Some(Protocol::Blocks);
    }
    if is_set("KITTY_WINDOW_ID") || is("TERM", &["xterm-kitty", "xterm-ghostty"]) {
        return Some(Protocol::Kitty);
    }
    is("TERM_PROGRAM", &["iTerm.app", "WezTerm"]).then_some(Protocol::Iterm)
}

/// What the terminal itself says.
fn ask() -> Protocol {
    let answers = terminal::answers();
    if answers.kitty {
        Protocol::Kitty
    } else if answers.sixel {
        Protocol::Sixel
    } else {
        Protocol::Blocks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Option<Protocol> {
        known(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_names_some_terminals() {
        assert_eq!(of(&[("TERM", "xterm-kitty")]), Some(Protocol::Kitty));
        assert_eq!(of(&[("TERM_PROGRAM", "iTerm.app")]), Some(Protocol::Iterm));
        assert_eq!(of(&[("TERM", "xterm-256color")]), None);
    }

    #[test]
    fn inside_a_multiplexer_nothing_is_trusted() {
        let kitty = ("KITTY_WINDOW_ID", "1");
        assert_eq!(of(&[("TMUX", "socket,1,0"), kitty]), Some(Protocol::Blocks));
        assert_eq!(of(&[("STY", "1.pts"), kitty]), Some(Protocol::Blocks));
        assert_eq!(of(&[("TERM", "dumb"), kitty]), Some(Protocol::Blocks));
    }

    #[test]
    fn what_is_asked_for_is_used_without_asking() {
        assert_eq!(Images::Off.protocol(true), None);
        assert_eq!(Images::Sixel.protocol(false), Some(Protocol::Sixel));
    }
}
