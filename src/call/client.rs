//! A client, and the way of one call through its attempts.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderValue};
use url::Url;
use zeroize::Zeroizing;

use crate::abi::options::{Options, check_api_key, check_signature_request_id};
use crate::call::failure::{self, Circumstances};
use crate::call::request;
use crate::call::response;
use crate::call::retry::backoff;
use crate::outcome::attempt::{Attempt, Ended};
use crate::outcome::refusal::Refusal;
use crate::outcome::report::Report;
use crate::outcome::status::{OKDOK_STATUS_INTERNAL, OKDOK_STATUS_NOT_FOUND, OKDOK_STATUS_PRESUMED_DELETED};
use crate::process::guard::caught;
use crate::transport::proxy::Proxy;
use crate::transport::roots::Source;
use crate::transport::shared::{Route, Transport};
use crate::transport::url::BaseUrl;

pub struct Client {
    base: BaseUrl,
    /// Wiped when the client ends.
    api_key: Zeroizing<String>,
    user_agent: HeaderValue,
    timeout: Duration,
    connect_timeout: Duration,
    max_attempts: u32,
    transport: Arc<Transport>,
}

impl Client {
    pub fn new(base_url: Option<&str>, api_key: &str, options: Options) -> Result<Self, Refusal> {
        check_api_key(api_key)?;
        let base = BaseUrl::parse(base_url)?;
        let route = Route {
            https: base.is_https(),
            roots: Source::new(options.ca_file, base.is_https())?,
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
            transport: Transport::shared(route)?,
        })
    }

    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// Deletes one signature request: attempts, waits and all.
    pub fn delete(&self, id: &str) -> Report {
        let mut call = Call::default();
        match caught(|| self.run(id, &mut call)) {
            Some(Ok(())) => call.report(self.base.origin()),
            Some(Err(refusal)) => refusal.into(),
            None => Report { attempts: call.attempts, outcome_unknown: call.may_have_deleted, ..Report::panicked() },
        }
    }

    fn run(&self, id: &str, call: &mut Call) -> Result<(), Refusal> {
        let deadline = Instant::now() + self.timeout;
        check_signature_request_id(id)?;
        let url = request::url(&self.base, id)?;
        let headers = request::headers(&self.api_key, &self.user_agent)?;
        loop {
            call.attempts += 1;
            let attempt = self.attempt(&url, &headers, id, deadline);
            let (retry, asked) = (attempt.retry, attempt.retry_after.unwrap_or_default());
            call.ended(attempt);
            if !retry || call.attempts >= self.max_attempts {
                return Ok(());
            }
            let wait = backoff(call.attempts - 1).max(asked);
            let remains = deadline.saturating_duration_since(Instant::now()).checked_sub(wait);
            // Less would let the deadline pass while connecting, and leave a request that was not sent looking as if.
            if remains.is_none_or(|remains| remains <= self.connect_timeout) {
                return Ok(());
            }
            thread::sleep(wait);
        }
    }

    fn attempt(&self, url: &Url, headers: &HeaderMap, id: &str, deadline: Instant) -> Attempt {
        let transport = match self.transport.usable() {
            Ok(transport) => transport,
            // In a forked child, say: there was no thread for a new one.
            Err(refusal) => {
                return Attempt::unanswered(Ended::NotSent, false, refusal.status(), refusal.to_string());
            }
        };
        caught(|| self.exchange(&transport, url, headers, id, deadline)).unwrap_or_else(|| {
            transport.retire();
            Attempt::unanswered(Ended::Open, false, OKDOK_STATUS_INTERNAL, Report::panicked().attempt.message)
        })
    }

    fn exchange(&self, transport: &Transport, url: &Url, headers: &HeaderMap, id: &str, deadline: Instant) -> Attempt {
        let origin = self.base.origin();
        let Some(http) = transport.http() else {
            let message = Report::panicked().attempt.message;
            return Attempt::unanswered(Ended::NotSent, false, OKDOK_STATUS_INTERNAL, message);
        };
        let sent = http
            .request(Method::DELETE, url.clone())
            .headers(headers.clone())
            // On the request it is a true deadline; on the client it starts anew at every read.
            .timeout(deadline.saturating_duration_since(Instant::now()))
            .send();
        match sent {
            Ok(response) => {
                transport.fresh().answered(response.extensions());
                response::judge(response, id, origin, deadline)
            }
            Err(error) => {
                let fresh = transport.fresh().failed(&error);
                failure::judge(error, &Circumstances { origin, proxy: transport.proxy(), fresh, deadline })
            }
        }
    }
}

/// A call under way.
#[derive(Default)]
struct Call {
    attempts: u32,
    last: Option<Attempt>,
    /// The newest open attempt.
    open: Option<Attempt>,
    may_have_deleted: bool,
    /// What the last answer asked to wait.
    retry_after: Option<Duration>,
}

impl Call {
    fn ended(&mut self, attempt: Attempt) {
        self.may_have_deleted |= !matches!(attempt.ended, Ended::NotSent | Ended::Refused);
        if attempt.http_status != 0 {
            self.retry_after = attempt.retry_after;
        }
        if attempt.ended == Ended::Open {
            self.open = Some(attempt.clone());
        }
        self.last = Some(attempt);
    }

    /// Everything that a call says of the deletion follows from how its attempts ended.
    fn report(self, origin: &str) -> Report {
        let Some(last) = self.last else {
            return Report::panicked();
        };
        let (mut attempt, outcome_unknown) = match (last.ended, self.open) {
            (Ended::Answered, Some(_)) if last.status == OKDOK_STATUS_NOT_FOUND => {
                let message = format!(
                    "an earlier attempt of this call got no clear answer, and now the signature request does not exist: \
                     presumed deleted, by this call. The id, or the host {origin}, may also be wrong"
                );
                (Attempt { status: OKDOK_STATUS_PRESUMED_DELETED, message, ..last }, false)
            }
            (Ended::Answered, _) | (_, None) => (last, false),
            (ended, Some(open)) => {
                let mut told = if ended == Ended::NotSent { open } else { last };
                let advice = "the signature request may have been deleted: delete it again to find out. ";
                told.message.insert_str(0, advice);
                (told, true)
            }
        };
        attempt.retry_after = self.retry_after;
        Report { attempt, attempts: self.attempts, outcome_unknown }
    }
}
