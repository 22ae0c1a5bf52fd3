//! One request, on a thread of its own, so that nobody who waits for it need wait to the end.

use std::{
    sync::mpsc::{self, RecvTimeoutError},
    time::Duration,
};

use crate::{Error, Result, models::Handle};

/// The largest reply that is read: some tens of thousands of records.
const LARGEST_REPLY: u64 = 64 << 20;

/// How a request ended.
pub(super) enum Fetched {
    /// With a reply.
    Body(Vec<u8>),
    /// With an error that may be gone the next time.
    Passing(String),
    /// With an error that will be there the next time too.
    Final(String),
}

/// Gets what lies at `url`, unless the statement is cancelled, which is looked at every `look`. A request that
/// nobody waits for any more ends at its time-out.
pub(super) fn fetch(models: &Handle, url: &str, timeout: Duration, look: Duration) -> Result<Fetched> {
    let (send, receive) = mpsc::channel();
    let request = url.to_owned();
    std::thread::Builder::new()
        .name("jsoc".to_owned())
        .spawn(move || {
            // Nobody may be there to receive it.
            let _ = send.send(get(&request, timeout));
        })
        .map_err(|source| Error::Io {
            path: "a thread".into(),
            source,
        })?;
    loop {
        match receive.recv_timeout(look) {
            Ok(fetched) => return Ok(fetched),
            Err(RecvTimeoutError::Timeout) => models.check_cancelled()?,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Error::Unsupported(
                    "internal: a request broke off; please report it".to_owned(),
                ));
            }
        }
    }
}

fn get(url: &str, timeout: Duration) -> Fetched {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(timeout))
        .http_status_as_error(false)
        .user_agent(concat!("HelioQL/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    let mut response = match agent.get(url).call() {
        Ok(response) => response,
        Err(error) => return failed(&error, timeout),
    };
    let status = response.status();
    if status.is_server_error() {
        return Fetched::Passing(format!("the server answers {status}"));
    }
    if !status.is_success() {
        return Fetched::Final(format!("the server answers {status}"));
    }
    match response
        .body_mut()
        .with_config()
        .limit(LARGEST_REPLY)
        .read_to_vec()
    {
        Ok(body) => Fetched::Body(body),
        Err(error) => failed(&error, timeout),
    }
}

fn failed(error: &ureq::Error, timeout: Duration) -> Fetched {
    match error {
        ureq::Error::Timeout(_) => Fetched::Passing(format!("no reply within {} s", timeout.as_secs_f64())),
        ureq::Error::BodyExceedsLimit(limit) => Fetched::Final(format!(
            "the reply is larger than {} MB; a smaller `page` asks for fewer records at once",
            limit >> 20
        )),
        // A connection that is refused or cut, also in the middle of a header.
        ureq::Error::Io(_) | ureq::Error::ConnectionFailed | ureq::Error::Protocol(_) => {
            Fetched::Passing(error.to_string())
        }
        _ => Fetched::Final(error.to_string()),
    }
}
