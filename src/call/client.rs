//! A client, and the loop that drives a call.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use reqwest::header::{HeaderMap, HeaderValue};
use url::Url;
use zeroize::Zeroizing;

use crate::outcome::{Attempt, Ended, OKDOK_STATUS_INTERNAL, Refusal, Report};
use crate::process::{caught, thread_is_ending};
use crate::transport::{BaseUrl, Place, Proxy, Route, Way};

use super::answered;
use super::id::SignatureRequestId;
use super::request;
use super::sequence::{Sequence, Step};
use super::unanswered;

/// A client's options, with the defaults filled in.
pub struct Options<'a> {
    pub timeout: Duration,
    pub connect_timeout: Duration,
    pub max_attempts: u32,
    pub ca_file: Option<&'a str>,
    pub proxy: Option<&'a str>,
    pub user_agent: HeaderValue,
}

pub struct Client {
    base: BaseUrl,
    /// Wiped when the client is dropped.
    api_key: Zeroizing<String>,
    user_agent: HeaderValue,
    timeout: Duration,
    connect_timeout: Duration,
    max_attempts: u32,
    way: Arc<Way>,
}

impl Client {
    pub fn new(base_url: Option<&str>, api_key: &str, options: Options) -> Result<Self, Refusal> {
        request::check_api_key(api_key)?;
        check_thread()?;
        let base = BaseUrl::parse(base_url)?;
        let route = Route {
            roots: Place::new(options.ca_file, base.is_https())?,
            proxy: Proxy::resolve(options.proxy, &base)?,
            connect_timeout: options.connect_timeout,
        };
        Ok(Self {
            base,
            api_key: Zeroizing::new(api_key.to_owned()),
            user_agent: options.user_agent,
            timeout: options.timeout,
            connect_timeout: options.connect_timeout,
            max_attempts: options.max_attempts,
            way: Way::shared(route)?,
        })
    }

    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// Deletes one signature request, with all attempts and waits.
    pub fn delete(&self, id: SignatureRequestId) -> Report {
        let mut sequence = Sequence::new(self.max_attempts, self.connect_timeout);
        match caught(|| self.run(id, &mut sequence)) {
            Some(Ok(())) => sequence.report(self.base.origin()),
            Some(Err(refusal)) => refusal.into(),
            None => sequence.panicked(),
        }
    }

    fn run(&self, id: SignatureRequestId, sequence: &mut Sequence) -> Result<(), Refusal> {
        check_thread()?;
        let deadline = Instant::now() + self.timeout;
        let url = request::url(&self.base, id)?;
        let headers = request::headers(&self.api_key, &self.user_agent)?;
        loop {
            match sequence.next(deadline.saturating_duration_since(Instant::now()), random) {
                Step::Attempt => {
                    let begun = Instant::now();
                    let attempt = self.attempt(&url, &headers, id, deadline);
                    sequence.ended(attempt, begun.elapsed());
                }
                Step::Wait(wait) => thread::sleep(wait),
                Step::Done => return Ok(()),
            }
        }
    }

    fn attempt(&self, url: &Url, headers: &HeaderMap, id: SignatureRequestId, deadline: Instant) -> Attempt {
        let transport = match self.way.transport() {
            Ok(transport) => transport,
            // In a forked child, for example, when there is no thread left for a new transport.
            Err(refusal) => {
                return Attempt::unanswered(Ended::NotSent, false, refusal.status(), refusal.to_string());
            }
        };
        match caught(|| transport.exchange(url, headers, deadline)) {
            Some(Ok(answer)) => answered::judge(&answer, id, self.base.origin(), SystemTime::now()),
            Some(Err(reason)) => unanswered::judge(&reason, self.base.origin(), self.way.proxy()),
            None => {
                transport.retire();
                Attempt::unanswered(Ended::Open, false, OKDOK_STATUS_INTERNAL, Report::panicked().attempt.message)
            }
        }
    }
}

fn check_thread() -> Result<(), Refusal> {
    if thread_is_ending() { Err(Refusal::ThreadIsEnding) } else { Ok(()) }
}

/// A number from 0 to 1.
fn random() -> f64 {
    f64::from(getrandom::u32().unwrap_or(u32::MAX / 2)) / f64::from(u32::MAX)
}
