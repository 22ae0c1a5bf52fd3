//! What `.set` sets: one table, which `.set` lists, `.help` explains and completion reads. A name that is not
//! here is a setting of the engine.

use clap::ValueEnum;

use crate::{
    args::duration,
    images::Images,
    render::{Format, magnetogram::Colours},
    shell::Shell,
};

/// A setting of the shell.
pub(crate) struct Setting {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it is for, in a few words.
    pub(crate) summary: &'static str,
    /// The values there are; one that is not a word stands in capitals for what can be given.
    pub(crate) values: fn() -> Vec<String>,
    /// Its value now.
    pub(crate) get: fn(&Shell) -> String,
    /// Takes a value; `None` for one that it does not know.
    pub(crate) set: fn(&mut Shell, &str) -> Option<()>,
}

/// Every setting, sorted by name.
pub(crate) const SETTINGS: &[Setting] = &[
    Setting {
        name: "colours",
        summary: "colours of pictures",
        values: words::<Colours>,
        get: |shell| shell.view.colours.to_string(),
        set: |shell, value| {
            shell.view.colours = word(value)?;
            Some(())
        },
    },
    Setting {
        name: "format",
        summary: "form of results, as --format has it",
        values: words::<Format>,
        get: |shell| shell.view.format.to_string(),
        set: |shell, value| {
            shell.view.format = word(value)?;
            Some(())
        },
    },
    Setting {
        name: "images",
        summary: "how patches are drawn, as --images has it",
        values: words::<Images>,
        get: |shell| shell.view.images.to_string(),
        set: |shell, value| {
            shell.view.images = word(value)?;
            Some(())
        },
    },
    Setting {
        name: "pager",
        summary: "whether what is longer than the screen goes to a pager",
        values: switches,
        get: |shell| switch_name(shell.pager),
        set: |shell, value| {
            shell.pager = switch(value)?;
            Some(())
        },
    },
    Setting {
        name: "previews",
        summary: "whether the patches of a result are drawn small below it at the prompt",
        values: switches,
        get: |shell| switch_name(shell.previews),
        set: |shell, value| {
            shell.previews = switch(value)?;
            Some(())
        },
    },
    Setting {
        name: "rows",
        summary: "rows of a result that a screen shows",
        values: || vec!["NUMBER".to_owned()],
        get: |shell| {
            shell
                .view
                .screen
                .map_or("all".to_owned(), |screen| screen.rows.to_string())
        },
        set: |shell, value| {
            let rows = value.parse().ok().filter(|rows| *rows > 0)?;
            // Where there is no screen all are shown, and a script may say so all the same.
            if let Some(screen) = &mut shell.view.screen {
                screen.rows = rows;
            }
            Some(())
        },
    },
    Setting {
        name: "timeout",
        summary: "time that a statement may take",
        values: || vec!["off".to_owned(), "TIME".to_owned()],
        get: |shell| match shell.tasks.limit {
            Some(limit) => humantime::format_duration(limit).to_string(),
            None => "off".to_owned(),
        },
        set: |shell, value| {
            shell.tasks.limit = match value {
                "off" => None,
                time => Some(duration(time).ok()?),
            };
            Some(())
        },
    },
    Setting {
        name: "timer",
        summary: "whether the time of each statement is told",
        values: switches,
        get: |shell| switch_name(shell.timer),
        set: |shell, value| {
            shell.timer = switch(value)?;
            Some(())
        },
    },
    Setting {
        name: "types",
        summary: "whether the header of a table has the types of its columns",
        values: switches,
        get: |shell| switch_name(shell.view.types),
        set: |shell, value| {
            shell.view.types = switch(value)?;
            Some(())
        },
    },
];

/// The setting of a name.
pub(crate) fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS
        .iter()
        .find(|setting| setting.name.eq_ignore_ascii_case(name))
}

fn words<T: ValueEnum>() -> Vec<String> {
    let values = T::value_variants()
        .iter()
        .filter_map(ValueEnum::to_possible_value);
    values.map(|value| value.get_name().to_owned()).collect()
}

fn word<T: ValueEnum>(value: &str) -> Option<T> {
    T::from_str(value, true).ok()
}

fn switches() -> Vec<String> {
    vec!["on".to_owned(), "off".to_owned()]
}

fn switch(value: &str) -> Option<bool> {
    match value {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

fn switch_name(on: bool) -> String {
    if on { "on" } else { "off" }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_sorted_and_documented() {
        assert!(SETTINGS.is_sorted_by_key(|setting| setting.name));
        assert!(SETTINGS.iter().all(|setting| !setting.summary.is_empty()));
        assert!(SETTINGS.iter().all(|setting| !(setting.values)().is_empty()));
        assert_eq!(find("TIMER").map(|setting| setting.name), Some("timer"));
    }
}
