//! `IMPORT SHARPS FROM JSOC 'record set'`: the keywords of a record set, asked for in pages.
//!
//! JSOC says how many records a set has (`op=rs_summary`). One that has more than a page is halved until its
//! parts have not, and each part is listed (`op=rs_list`). Halves are the same the next time, so that an
//! import that was stopped finds the replies it had.

use std::{path::PathBuf, time::Duration};

use helioql_catalog::{Keyword, keyword};
use helioql_grammar::{Diagnostic, Options, RecordSet};

use super::{keyword_rows::KeywordRows, rs_list::RsList};
use crate::{
    Result, cache,
    jsoc::{Jsoc, PUBLIC_URL, Reading, Settings},
    models::Handle,
    progress::{Observer, Progress},
};

/// What the rows are called in the column `source`.
const SOURCE: &str = "jsoc";
/// The options of the statement.
const OPTIONS: [&str; 7] = ["url", "keys", "timeout", "pause", "page", "cache", "refresh"];
/// Records asked for at once: with all keywords a megabyte or two.
const PAGE: u64 = 1000;

/// What is asked, and how.
pub(super) struct Question {
    settings: Settings,
    /// The cards to ask for, with commas.
    keys: String,
    page: u64,
}

impl Question {
    /// Takes the options of a statement.
    ///
    /// # Errors
    /// When an option is unknown, or its value of another type or out of range.
    pub(super) fn from_options(mut options: Options) -> Result<Self> {
        let url = options
            .take_string("url")?
            .unwrap_or_else(|| PUBLIC_URL.to_owned());
        if !url.starts_with("http://") && !url.starts_with("https://") {
            let message =
                format!("option `url` takes a URL that begins with https:// or http://, found `{url}`");
            return Err(Diagnostic::error(message).into());
        }
        let settings = Settings {
            url,
            timeout: seconds(&mut options, "timeout", 60.0, 0.05..=3600.0)?,
            pause: seconds(&mut options, "pause", 0.5, 0.0..=60.0)?,
            cache: match options.take_string("cache")? {
                Some(path) => Some(PathBuf::from(path)),
                None => cache::directory().map(|cache| cache.join("jsoc")),
            },
            refresh: options.take_bool("refresh")?.unwrap_or(false),
        };
        let question = Self {
            settings,
            keys: keys(options.take_strings("keys")?)?,
            page: options.take_u64("page")?.unwrap_or(PAGE).max(1),
        };
        options.finish(&OPTIONS)?;
        Ok(question)
    }
}

fn seconds(
    options: &mut Options,
    name: &str,
    default: f64,
    range: std::ops::RangeInclusive<f64>,
) -> Result<Duration> {
    let seconds = options.take_f64(name)?.unwrap_or(default);
    if range.contains(&seconds) {
        return Ok(Duration::from_secs_f64(seconds));
    }
    let message = format!(
        "option `{name}` takes {} to {} seconds, found {seconds}",
        range.start(),
        range.end()
    );
    Err(Diagnostic::error(message).into())
}

/// The cards of these keywords, or of all; the key of a record is always among them.
fn keys(wanted: Option<Vec<String>>) -> Result<String> {
    let mut cards = vec!["HARPNUM", "T_REC"];
    match wanted {
        None => cards.extend(in_header().flat_map(|keyword| keyword.fits.into_iter().chain(keyword.error))),
        Some(names) => {
            for name in names {
                let card = card(&name).ok_or_else(|| {
                    Diagnostic::error(format!("option `keys`: no header of a SHARP has `{name}`"))
                        .with_suggestion(keyword::closest(&name).map(|keyword| keyword.name))
                })?;
                cards.push(card);
            }
        }
    }
    let mut seen = Vec::new();
    cards.retain(|card| {
        let new = !seen.contains(card);
        seen.push(*card);
        new
    });
    Ok(cards.join(","))
}

/// The keywords that a header has, and so JSOC.
fn in_header() -> impl Iterator<Item = &'static Keyword> {
    keyword::of_record().filter(|keyword| keyword.fits.is_some())
}

/// The card of a name: a card itself, a column, or a column of errors.
fn card(name: &str) -> Option<&'static str> {
    let column = keyword::column_of_card(name).unwrap_or_else(|| name.to_lowercase());
    in_header()
        .find_map(|keyword| {
            if keyword.name == column {
                keyword.fits
            } else {
                keyword
                    .error
                    .filter(|_| keyword.error_name().is_some_and(|error| error == column))
            }
        })
        .or_else(|| keyword::find(name)?.fits)
}

/// Asks for all records of the set.
///
/// # Errors
/// When the server cannot be reached or refuses, or the statement is cancelled; what was asked for until then
/// is kept for the next time.
pub(super) fn read(
    models: &Handle,
    records: &RecordSet,
    question: Question,
    rows: &mut KeywordRows,
) -> Result<()> {
    // Whether the network may be asked at all is to be decided here: nothing before this line asks it, and
    // everything behind it does.
    let Question { settings, keys, page } = question;
    let mut jsoc = Jsoc::new(settings, models.clone());
    // Segments say nothing about keywords.
    let all = RecordSet {
        segments: Vec::new(),
        ..records.clone()
    };
    rows.begin(&all.to_string(), SOURCE);
    let (mut total, mut done) = (None, 0_u64);
    let mut parts = vec![all];
    while let Some(part) = parts.pop() {
        let set = part.to_string();
        let count = jsoc.ask(&[("op", "rs_summary"), ("ds", &set)], |bytes| {
            reading(bytes, |reply| reply.count)
        })?;
        let steps = *total.get_or_insert(count);
        if count > page
            && let Some([first, second]) = part.halves()
        {
            parts.extend([second, first]);
            continue;
        }
        if count > 0 {
            let list = jsoc.ask(&[("op", "rs_list"), ("ds", &set), ("key", &keys)], |bytes| {
                reading(bytes, Some)
            })?;
            list.add_to(rows, &set)?;
        }
        done = done.saturating_add(count);
        models.report(&Progress {
            task: "asking JSOC".to_owned(),
            step: done,
            steps,
            metrics: Vec::new(),
        });
    }
    Ok(())
}

fn reading<T>(bytes: &[u8], want: impl Fn(RsList) -> Option<T>) -> Reading<T> {
    match serde_json::from_slice::<RsList>(bytes) {
        Err(error) => Reading::Damaged(format!("the reply is no JSON of jsoc_info: {error}")),
        Ok(reply) if reply.status != 0 => Reading::Refused(reply.refusal()),
        Ok(reply) => match (reply.flaw(), want(reply)) {
            (Some(flaw), _) => Reading::Damaged(flaw),
            (None, Some(wanted)) => Reading::Whole(wanted),
            (None, None) => Reading::Damaged("the reply does not say how many records there are".to_owned()),
        },
    }
}
