//! What an index is made with, and how it stands in the catalogue.

use std::{fmt, ops::RangeInclusive, str::FromStr};

use helioql_catalog::IndexConfig;
use helioql_grammar::{
    Diagnostic, Span,
    ast::{OptionValue, Options},
};

use crate::{Error, Result, nearest::Metric};

/// The most neighbours of a row in the graph.
const MAX_CONNECTIVITY: usize = 128;
/// The most candidates, of an addition or of a search.
const MAX_EXPANSION: usize = 4096;

/// What an index is made with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Settings {
    pub(crate) metric: Metric,
    /// Neighbours of a row in the graph; twice as many in its lowest layer.
    pub(crate) connectivity: usize,
    /// Candidates while a row is added.
    pub(crate) expansion_add: usize,
    /// Candidates of a search.
    pub(crate) expansion_search: usize,
    pub(crate) storage: Storage,
}

/// How the graph keeps vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Storage {
    F32,
    F16,
    I8,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            metric: Metric::L2,
            connectivity: 16,
            expansion_add: 128,
            expansion_search: 64,
            storage: Storage::F16,
        }
    }
}

impl Settings {
    /// Those of `WITH (…)`.
    pub(crate) fn read(mut given: Options) -> Result<Self> {
        let mut settings = Self::default();
        settings.metric = word(&mut given, "metric")?.unwrap_or(settings.metric);
        settings.storage = word(&mut given, "storage")?.unwrap_or(settings.storage);
        for (name, range, value) in [
            ("connectivity", 2..=MAX_CONNECTIVITY, &mut settings.connectivity),
            ("expansion_add", 1..=MAX_EXPANSION, &mut settings.expansion_add),
            (
                "expansion_search",
                1..=MAX_EXPANSION,
                &mut settings.expansion_search,
            ),
        ] {
            *value = number(&mut given, name, range)?.unwrap_or(*value);
        }
        given.finish(&[
            "metric",
            "connectivity",
            "expansion_add",
            "expansion_search",
            "storage",
        ])?;
        Ok(settings)
    }

    /// Those of an index in the catalogue; `None` where a later version made it with what is not known here.
    pub(crate) fn stored(config: &IndexConfig) -> Option<Self> {
        let within = |value: u64, most: usize| usize::try_from(value).ok().filter(|value| *value <= most);
        Some(Self {
            metric: config.metric.parse().ok()?,
            connectivity: within(config.connectivity, MAX_CONNECTIVITY)?,
            expansion_add: within(config.expansion_add, MAX_EXPANSION)?,
            expansion_search: within(config.expansion_search, MAX_EXPANSION)?,
            storage: config.storage.parse().ok()?,
        })
    }
}

/// A whole number in a range.
pub(crate) fn number(given: &mut Options, name: &str, range: RangeInclusive<usize>) -> Result<Option<usize>> {
    let place = given.clone().take(name);
    let Some(number) = given.take_usize(name)? else {
        return Ok(None);
    };
    if range.contains(&number) {
        return Ok(Some(number));
    }
    let (least, most) = (range.start(), range.end());
    let message = format!("option `{name}` takes {least} to {most}, found {number}");
    Err(at(Diagnostic::error(message), place.as_ref()))
}

/// One of some words.
fn word<T: FromStr<Err = String>>(given: &mut Options, name: &str) -> Result<Option<T>> {
    let place = given.clone().take(name);
    let Some(text) = given.take_string(name)? else {
        return Ok(None);
    };
    text.parse()
        .map(Some)
        .map_err(|message: String| at(Diagnostic::error(message), place.as_ref()))
}

fn at(diagnostic: Diagnostic, place: Option<&(OptionValue, Span)>) -> Error {
    match place {
        Some((_, span)) => diagnostic.with_span(*span).into(),
        None => diagnostic.into(),
    }
}

impl fmt::Display for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::I8 => "i8",
        })
    }
}

impl FromStr for Storage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "f32" => Ok(Self::F32),
            "f16" => Ok(Self::F16),
            "i8" => Ok(Self::I8),
            other => Err(format!("storage is 'f32', 'f16' or 'i8', found '{other}'")),
        }
    }
}
