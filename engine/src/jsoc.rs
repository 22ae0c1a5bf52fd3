//! Asks JSOC for keywords, through its public CGI program `jsoc_info`, and for nothing else: no export is
//! ever ordered.
//!
//! The server is shared by everybody who studies the Sun, and slow. So one question is asked at a time, with
//! a pause before each; what went wrong for a moment (a time-out, a cut connection, a 5xx) is asked again
//! after a pause that doubles each time and differs from client to client; what is wrong for good (a 4xx, an
//! error in the reply) is not; and a reply that is whole is kept, so that the same question is not asked
//! twice. Every wait ends within 200 ms after the statement is cancelled.

mod cache;
mod fetch;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use self::{cache::Cache, fetch::Fetched};
use crate::{Error, Result, models::Handle};

/// Where `jsoc_info` lies.
pub(crate) const PUBLIC_URL: &str = "https://jsoc.stanford.edu/cgi-bin/ajax";
/// How often a question is asked before it is given up.
const ATTEMPTS: u32 = 5;
/// The longest pause before a question is asked again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long a wait goes on without a look at the cancel flag.
const LOOK: Duration = Duration::from_millis(50);

/// How JSOC is asked.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The folder of `jsoc_info`.
    pub(crate) url: String,
    /// How long a reply may take.
    pub(crate) timeout: Duration,
    /// How long to wait before a question.
    pub(crate) pause: Duration,
    /// Where replies are kept; `None` keeps none.
    pub(crate) cache: Option<PathBuf>,
    /// Asks again for what is kept.
    pub(crate) refresh: bool,
}

/// What a reply turned out to be.
pub(crate) enum Reading<T> {
    /// What was asked for.
    Whole(T),
    /// Not what such a reply looks like, perhaps because it was cut.
    Damaged(String),
    /// The server refuses, in its own words.
    Refused(String),
}

/// A conversation with the server.
pub(crate) struct Jsoc {
    settings: Settings,
    cache: Option<Cache>,
    models: Handle,
    asked: Option<Instant>,
}

impl Jsoc {
    pub(crate) fn new(settings: Settings, models: Handle) -> Self {
        Self {
            cache: settings.cache.clone().map(Cache::new),
            settings,
            models,
            asked: None,
        }
    }

    /// Asks a question, given as the parameters of `jsoc_info`, or finds its reply among those kept.
    ///
    /// # Errors
    /// When the server refuses, does not answer, or answers something else; and when the statement is
    /// cancelled.
    pub(crate) fn ask<T>(
        &mut self,
        parameters: &[(&str, &str)],
        read: impl Fn(&[u8]) -> Reading<T>,
    ) -> Result<T> {
        let url = self.url(parameters);
        if !self.settings.refresh
            && let Some(bytes) = self.cache.as_ref().and_then(|cache| cache.get(&url))
            && let Reading::Whole(reply) = read(&bytes)
        {
            return Ok(reply);
        }
        let mut last = String::new();
        for attempt in 0..ATTEMPTS {
            self.wait(attempt)?;
            let fetched = fetch::fetch(&self.models, &url, self.settings.timeout, LOOK)?;
            // A server that took long is not asked again at once.
            self.asked = Some(Instant::now());
            match fetched {
                Fetched::Body(bytes) => match read(&bytes) {
                    Reading::Whole(reply) => {
                        if let Some(cache) = &self.cache {
                            cache.put(&url, &bytes);
                        }
                        return Ok(reply);
                    }
                    Reading::Damaged(why) => last = why,
                    Reading::Refused(why) => return Err(self.failed(&why)),
                },
                Fetched::Passing(why) => last = why,
                Fetched::Final(why) => return Err(self.failed(&why)),
            }
        }
        Err(self.failed(&format!("{last}; it was asked {ATTEMPTS} times")))
    }

    fn failed(&self, why: &str) -> Error {
        Error::Jsoc {
            url: self.settings.url.clone(),
            reason: why.to_owned(),
        }
    }

    fn url(&self, parameters: &[(&str, &str)]) -> String {
        let parameters: Vec<String> = parameters
            .iter()
            .map(|(name, value)| format!("{name}={}", escaped(value)))
            .collect();
        format!(
            "{}/jsoc_info?{}",
            self.settings.url.trim_end_matches('/'),
            parameters.join("&")
        )
    }

    /// Waits until the server may be asked, the longer the more often it was asked in vain.
    fn wait(&self, attempt: u32) -> Result<()> {
        let pause = if attempt == 0 {
            self.settings.pause
        } else {
            let pause = self.settings.pause.max(LOOK);
            let doubled = pause.saturating_mul(1 << attempt).min(LONGEST_PAUSE);
            // Clients that failed together must not come back together.
            doubled.mul_f64(0.5 + rand::random::<f64>())
        };
        let until = self.asked.map(|asked| asked + pause);
        while let Some(left) = until.and_then(|until| until.checked_duration_since(Instant::now())) {
            self.models.check_cancelled()?;
            std::thread::sleep(left.min(LOOK));
        }
        self.models.check_cancelled()
    }
}

/// A text as it stands in a query: RFC 3986, section 2.
fn escaped(text: &str) -> String {
    let hex = |digit: u8| {
        char::from_digit(u32::from(digit), 16)
            .unwrap_or('0')
            .to_ascii_uppercase()
    };
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.extend(['%', hex(byte >> 4), hex(byte & 15)]);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_escaped() {
        assert_eq!(
            escaped("hmi.sharp_720s[1][? a > 1 ?]"),
            "hmi.sharp_720s%5B1%5D%5B%3F%20a%20%3E%201%20%3F%5D"
        );
    }
}
