//! What is known about each connection: when it was made, and how many answers it has brought.
//!
//! On a connection that has brought no answer, a certificate alert means that the server read nothing. On a connection that
//! existed before the request, an answer may be for somebody else.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hyper::http::Extensions;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpInfo};

use super::error_chain::find;

/// The end of a connection that is closed while idle goes unnoticed, so beyond this number the oldest is forgotten. An
/// unknown connection counts as old, which is the cautious assumption.
const MOST_KNOWN: usize = 512;

/// The other threads have already got their answers, and only need some processor time to report them, which a busy machine
/// may give them late. Only callers that gave up in the meantime never do.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

#[derive(Clone, Default)]
pub struct Connections(Arc<(Mutex<State>, Condvar)>);

/// The local and the remote address. Connections to different servers may have the same local address.
pub type Ends = (SocketAddr, SocketAddr);

#[derive(Default)]
struct State {
    known: BTreeMap<Ends, Known>,
    exchanges: u32,
    /// Answers that have arrived on the HTTP stack's thread.
    arrived: u64,
    /// Those of them that their callers have reported.
    told: u64,
    /// Threads that wait for callers to report.
    waiting: u32,
}

struct Known {
    made: Instant,
    answers: u32,
}

impl State {
    fn has_brought_one_answer(&self, ends: Ends, since: Instant) -> bool {
        self.known.get(&ends).is_some_and(|connection| connection.answers == 1 && connection.made >= since)
    }
}

impl Connections {
    /// A forked child makes its own transport, so it never meets a lock that its parent held.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn exchange_ended(&self, state: &mut State) {
        state.exchanges -= 1;
        if state.exchanges == 0 {
            // A caller that gave up never reports its answer.
            state.told = state.arrived;
        }
        // Nobody waits as a rule, and to notify takes a system call.
        if state.waiting > 0 {
            self.0.1.notify_all();
        }
    }

    pub fn made(&self, connection: &impl Connection) {
        if let Some(ends) = ends(&connection.connected()) {
            let known = &mut self.state().known;
            if known.len() >= MOST_KNOWN {
                let oldest = known.iter().min_by_key(|(_, connection)| connection.made).map(|(ends, _)| *ends);
                oldest.and_then(|oldest| known.remove(&oldest));
            }
            known.insert(ends, Known { made: Instant::now(), answers: 0 });
        }
    }

    pub fn exchange_begins(&self) {
        self.state().exchanges += 1;
    }

    /// Called on the HTTP stack's thread, before anybody else can use the connection.
    pub fn answer_arrives(&self) {
        self.state().arrived += 1;
    }

    /// Reports an answer, which has these extensions. Returns the ends of its connection.
    pub fn answered(&self, extensions: &Extensions) -> Option<Ends> {
        let ends = extensions.get::<HttpInfo>().map(|info| (info.local_addr(), info.remote_addr()));
        let mut state = self.state();
        state.told = state.arrived.min(state.told + 1);
        if let Some(connection) = ends.and_then(|ends| state.known.get_mut(&ends)) {
            connection.answers += 1;
        }
        self.exchange_ended(&mut state);
        ends
    }

    /// Whether the connection was made after `begun`, for this exchange, and has brought no other answer. Other callers may
    /// have got answers on it that they have not reported yet, so this waits for them, until `until` at most.
    pub fn served_one_alone(&self, ends: Option<Ends>, begun: Instant, until: Instant) -> bool {
        let Some(ends) = ends else { return false };
        let longest = LONGEST_WAIT.min(until.saturating_duration_since(Instant::now()));
        let mut state = self.state();
        state.waiting += 1;
        let arrived = state.arrived;
        let may_be = |state: &State| state.has_brought_one_answer(ends, begun);
        let (mut state, waited) = self
            .0
            .1
            .wait_timeout_while(state, longest, |state| may_be(state) && state.told < arrived)
            .unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        if waited.timed_out() && longest == LONGEST_WAIT {
            // Their callers have given up, and will never report them.
            state.told = state.told.max(arrived);
        }
        !waited.timed_out() && may_be(&state)
    }

    /// Forgets a connection that will bring no more answers.
    pub fn ended(&self, ends: Option<Ends>) {
        if let Some(ends) = ends {
            self.state().known.remove(&ends);
        }
    }

    /// Reports a failed exchange. Returns whether its connection is known and had brought no answer, or ended before it was
    /// ready for a request: then the error does not name it.
    pub fn failed(&self, error: &reqwest::Error) -> bool {
        let error = find::<legacy::Error>(error);
        let connection = error.and_then(legacy::Error::connect_info);
        let ends = connection.and_then(ends);
        let mut state = self.state();
        self.exchange_ended(&mut state);
        let ended = ends.and_then(|ends| state.known.remove(&ends));
        ended.is_some_and(|connection| connection.answers == 0) || error.is_some() && connection.is_none()
    }
}

fn ends(connected: &Connected) -> Option<Ends> {
    let mut extensions = Extensions::new();
    connected.get_extras(&mut extensions);
    extensions.get::<HttpInfo>().map(|info| (info.local_addr(), info.remote_addr()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::http_client;
    use crate::transport::roots::Found;
    use httpmock::MockServer;
    use reqwest::header::HeaderMap;
    use std::thread;

    /// On a busy machine, a thread may get no processor for some time.
    #[test]
    fn a_refusal_waits_for_callers_that_are_late_to_report() {
        let connections = Connections::default();
        let begun = Instant::now();
        let ends = (([127, 0, 0, 1], 1).into(), ([127, 0, 0, 1], 2).into());
        connections.state().known.insert(ends, Known { made: begun, answers: 1 });
        connections.exchange_begins();
        connections.answer_arrives();
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(500));
                connections.answered(&Extensions::new());
            });
            assert!(connections.served_one_alone(Some(ends), begun, begun + Duration::from_secs(30)));
        });
        connections.answer_arrives();
        assert!(!connections.served_one_alone(Some(ends), begun, begun), "the deadline comes first");
    }

    #[test]
    fn every_answer_is_seen_to_arrive_before_it_is_told_of() {
        let server = MockServer::start();
        server.mock(|when, then| {
            when.any_request();
            then.status(401);
        });
        let connections = Connections::default();
        let http =
            http_client::build(&Found::None.load().unwrap(), None, Duration::from_secs(5), &connections).unwrap();
        let url = server.url("/JSON/signatureRequest/x").parse().unwrap();
        for count in 1..4 {
            let deadline = Instant::now() + Duration::from_secs(5);
            let sent = super::super::exchange::exchange(&http, &connections, &url, &HeaderMap::new(), deadline, false);
            assert_eq!(sent.unwrap().http_status, 401);
            let state = connections.state();
            assert_eq!((state.arrived, state.told, state.exchanges), (count, count, 0));
            assert_eq!(u64::from(state.known.values().map(|connection| connection.answers).sum::<u32>()), count);
        }
    }
}
