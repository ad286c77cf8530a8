//! The course of a call through its attempts, as a state machine. It is told how an attempt ended and how much time is
//! left, and decides what to do next. It has no clock, network, thread or random generator of its own.

use std::time::Duration;

use crate::outcome::{
    Attempt, Ended, LOGGED_ATTEMPTS, Logged, OKDOK_STATUS_CONNECT_FAILED, OKDOK_STATUS_CONNECTION_LOST,
    OKDOK_STATUS_NO_RESOURCES, OKDOK_STATUS_NOT_FOUND, OKDOK_STATUS_PRESUMED_DELETED, OKDOK_STATUS_PROXY_REFUSED,
    OKDOK_STATUS_RESOLVE_FAILED, OKDOK_STATUS_TIMED_OUT, OKDOK_STATUS_TLS_FAILED, Report, okdok_status,
};

use super::retry::backoff;

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    Attempt,
    Wait(Duration),
    /// Nothing: the report is ready.
    Done,
}

#[cfg_attr(test, derive(Clone))]
pub struct Sequence {
    max_attempts: u32,
    /// A retry starts only if more time than this is left.
    connect_timeout: Duration,
    attempts: u32,
    /// The wait since the last attempt.
    waited: Duration,
    /// Whether the wait before the next attempt is over.
    ready: bool,
    under_way: bool,
    total: Duration,
    log: Vec<Logged>,
    last: Option<Attempt>,
    /// Attempts that may have deleted the signature request: the newest of each kind, oldest first.
    open: Vec<Attempt>,
    doubtful_before: bool,
    retry_after: Option<Duration>,
}

impl Sequence {
    pub fn new(max_attempts: u32, connect_timeout: Duration) -> Self {
        Self {
            max_attempts,
            connect_timeout,
            attempts: 0,
            waited: Duration::ZERO,
            ready: true,
            under_way: false,
            total: Duration::ZERO,
            log: Vec::new(),
            last: None,
            open: Vec::new(),
            doubtful_before: false,
            retry_after: None,
        }
    }

    /// `remains` is the time until the deadline; `random` returns a number from 0 to 1.
    pub fn next(&mut self, remains: Duration, random: impl FnOnce() -> f64) -> Step {
        if self.ready {
            return self.begin();
        }
        let may_help = |last: &&Attempt| last.retry || self.open.iter().any(|open| could_settle(last, open));
        let Some(last) = self.last.as_ref().filter(may_help).filter(|_| self.attempts < self.max_attempts) else {
            return Step::Done;
        };
        let asked = last.retry_after.unwrap_or_default();
        // In this case the connection is at fault, not the service.
        let at_once = last.ended == Ended::Doubtful && !self.doubtful_before;
        let wait = if at_once { asked } else { asked.max(backoff(self.attempts - 1, random())) };
        // With less time, the deadline could pass while connecting, and a request that was never sent would look as if it
        // had been.
        if remains.checked_sub(wait).is_none_or(|remains| remains <= self.connect_timeout) {
            return Step::Done;
        }
        self.doubtful_before |= last.ended == Ended::Doubtful;
        self.waited = wait;
        if wait.is_zero() {
            return self.begin();
        }
        self.ready = true;
        Step::Wait(wait)
    }

    fn begin(&mut self) -> Step {
        self.ready = false;
        self.under_way = true;
        self.attempts += 1;
        Step::Attempt
    }

    /// Tells how the current attempt ended, and after how long.
    pub fn ended(&mut self, attempt: Attempt, elapsed: Duration) {
        let Attempt { ended, status, http_status, .. } = attempt;
        self.under_way = false;
        log(&mut self.log, Logged { status, http_status, waited: self.waited, elapsed });
        self.total += self.waited + elapsed;
        if http_status != 0 {
            self.retry_after = attempt.retry_after;
        }
        match ended {
            Ended::Open | Ended::Doubtful => {
                self.open.retain(|other| (other.ended, other.http_status) != (ended, http_status));
                self.open.push(attempt.clone());
            }
            Ended::Refused => self.open.retain(|other| !settles(&attempt, other)),
            Ended::NotSent | Ended::Answered => {}
        }
        self.last = Some(attempt);
    }

    /// Everything that a call says about the deletion follows from how its attempts ended: the status, the attempt to
    /// report, and whether the outcome is unknown.
    fn verdict(&self) -> Option<(okdok_status, &Attempt, bool)> {
        let last = self.last.as_ref()?;
        Some(match (last.ended, self.open.last()) {
            (Ended::Answered, Some(_)) if last.status == OKDOK_STATUS_NOT_FOUND => {
                (OKDOK_STATUS_PRESUMED_DELETED, last, false)
            }
            (Ended::Answered, _) | (_, None) => (last.status, last, false),
            (Ended::NotSent, Some(open)) => (open.status, open, true),
            (_, Some(_)) => (last.status, last, true),
        })
    }

    pub fn report(&self, origin: &str) -> Report {
        let Some((status, attempt, outcome_unknown)) = self.verdict() else {
            return self.panicked();
        };
        let mut message = attempt.message.clone();
        if status == OKDOK_STATUS_PRESUMED_DELETED {
            message = format!(
                "an earlier attempt of this call got no clear answer, and now the signature request does not exist: \
                 presumed deleted, by this call. The id, or the host {origin}, may also be wrong"
            );
        }
        if outcome_unknown {
            message.insert_str(0, "the signature request may have been deleted: delete it again to find out. ");
        }
        if self.attempts > 1 && !message.is_empty() {
            message.insert_str(0, &self.summary());
        }
        let attempt = Attempt { status, message, retry_after: self.retry_after, ..attempt.clone() };
        Report { attempt, attempts: self.attempts, outcome_unknown, log: self.log.clone() }
    }

    /// The report of a call that panicked.
    pub fn panicked(&self) -> Report {
        let answered = self.last.as_ref().is_some_and(|last| last.ended == Ended::Answered);
        let outcome_unknown = self.under_way || answered || !self.open.is_empty();
        let mut report =
            Report { attempts: self.attempts, outcome_unknown, log: self.log.clone(), ..Report::panicked() };
        if self.under_way {
            let (status, waited) = (report.attempt.status, self.waited);
            log(&mut report.log, Logged { status, http_status: 0, waited, elapsed: Duration::ZERO });
        }
        report
    }

    fn summary(&self) -> String {
        let ends: Vec<_> = self.log.iter().map(in_words).collect();
        let more = if self.attempts as usize > self.log.len() { "…, " } else { "" };
        let (attempts, seconds) = (self.attempts, self.total.as_secs_f64());
        format!("{attempts} attempts in {seconds:.1} s ({more}{}): ", ends.join(", "))
    }
}

/// Adds an attempt, and drops the oldest one if there are too many.
fn log(log: &mut Vec<Logged>, attempt: Logged) {
    if log.len() == LOGGED_ATTEMPTS {
        log.remove(0);
    }
    log.push(attempt);
}

/// Whether a refusal proves that an earlier, doubtful attempt was refused too: it is the same, and certainly for this call.
fn settles(refused: &Attempt, doubtful: &Attempt) -> bool {
    could_settle(refused, doubtful) && (refused.refused_alone || refused.own_report)
}

/// Whether it would prove that if it had come on a connection of its own. "Does not exist" is a 400, 404 or 410, and a gateway
/// may send these without giving a reason; so for these, only the service's own report counts.
fn could_settle(refused: &Attempt, doubtful: &Attempt) -> bool {
    refused.ended == Ended::Refused
        && doubtful.ended == Ended::Doubtful
        && doubtful.http_status == refused.http_status
        && (refused.own_report || !matches!(refused.http_status, 400 | 404 | 410))
}

fn in_words(attempt: &Logged) -> String {
    let words = match attempt.status {
        _ if attempt.http_status != 0 => return attempt.http_status.to_string(),
        OKDOK_STATUS_RESOLVE_FAILED => "name not resolved",
        OKDOK_STATUS_CONNECT_FAILED => "no connection",
        OKDOK_STATUS_TLS_FAILED => "TLS failed",
        OKDOK_STATUS_TIMED_OUT => "timed out",
        OKDOK_STATUS_CONNECTION_LOST => "connection lost",
        OKDOK_STATUS_PROXY_REFUSED => "refused by the proxy",
        OKDOK_STATUS_NO_RESOURCES => "no resources",
        _ => "no HTTP answer",
    };
    words.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{
        OKDOK_STATUS_BAD_REQUEST, OKDOK_STATUS_FORBIDDEN, OKDOK_STATUS_OK, OKDOK_STATUS_RATE_LIMITED,
        OKDOK_STATUS_SERVER_ERROR, OKDOK_STATUS_UNAUTHORIZED, OKDOK_STATUS_UNEXPECTED_RESPONSE,
    };

    const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
    const ENOUGH: Duration = Duration::from_hours(1);

    fn attempt(ended: Ended, retry: bool, status: okdok_status, http_status: u16) -> Attempt {
        Attempt { http_status, ..Attempt::unanswered(ended, retry, status, String::new()) }
    }

    fn alone(attempt: Attempt) -> Attempt {
        Attempt { refused_alone: true, ..attempt }
    }

    fn own_report(attempt: Attempt) -> Attempt {
        Attempt { own_report: true, ..attempt }
    }

    /// What an attempt that ended like this may have done.
    #[derive(Clone, Copy, PartialEq)]
    enum Effect {
        None,
        /// The request may have been processed.
        Perhaps,
        /// The request was refused; or the answer was for somebody else, and the request may have been processed.
        PerhapsForAnother(u16),
        /// The request was refused, and so was every earlier one that got the same answer.
        Refused(u16),
        Deleted,
        DoesNotExist,
    }

    fn kinds() -> Vec<(Attempt, Effect)> {
        use Effect::{DoesNotExist, None, Perhaps, PerhapsForAnother, Refused};
        use Ended::{Answered, Doubtful, NotSent, Open};
        let refused = Ended::Refused;
        let missing = attempt(Answered, false, OKDOK_STATUS_NOT_FOUND, 400);
        vec![
            (attempt(NotSent, true, OKDOK_STATUS_CONNECT_FAILED, 0), None),
            (attempt(NotSent, false, OKDOK_STATUS_TLS_FAILED, 0), None),
            (attempt(Open, true, OKDOK_STATUS_CONNECTION_LOST, 0), Perhaps),
            (attempt(Open, false, OKDOK_STATUS_TIMED_OUT, 0), Perhaps),
            (attempt(Open, true, OKDOK_STATUS_SERVER_ERROR, 503), Perhaps),
            (attempt(Open, true, OKDOK_STATUS_UNEXPECTED_RESPONSE, 408), Perhaps),
            (attempt(Open, true, OKDOK_STATUS_UNEXPECTED_RESPONSE, 200), Perhaps),
            (attempt(Open, false, OKDOK_STATUS_UNEXPECTED_RESPONSE, 204), Perhaps),
            (alone(attempt(refused, true, OKDOK_STATUS_RATE_LIMITED, 429)), Refused(429)),
            (alone(attempt(refused, false, OKDOK_STATUS_UNAUTHORIZED, 401)), Refused(401)),
            (alone(attempt(refused, false, OKDOK_STATUS_BAD_REQUEST, 400)), None),
            (own_report(attempt(refused, false, OKDOK_STATUS_BAD_REQUEST, 400)), Refused(400)),
            (attempt(Doubtful, true, OKDOK_STATUS_RATE_LIMITED, 429), PerhapsForAnother(429)),
            (attempt(Doubtful, true, OKDOK_STATUS_UNAUTHORIZED, 401), PerhapsForAnother(401)),
            (attempt(Doubtful, true, OKDOK_STATUS_FORBIDDEN, 403), PerhapsForAnother(403)),
            (attempt(Doubtful, true, OKDOK_STATUS_BAD_REQUEST, 400), PerhapsForAnother(400)),
            (attempt(Answered, false, OKDOK_STATUS_OK, 200), Effect::Deleted),
            (missing.clone(), DoesNotExist),
            (own_report(missing), DoesNotExist),
            // On a connection that others have used.
            (attempt(refused, false, OKDOK_STATUS_UNAUTHORIZED, 401), None),
        ]
    }

    fn ends() -> [Attempt; 20] {
        kinds().into_iter().map(|(attempt, _)| attempt).collect::<Vec<_>>().try_into().unwrap()
    }

    /// One of the possible states of the service.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    struct World {
        existed: bool,
        deleted: bool,
        /// The statuses of answers that were for somebody else, as bits.
        for_another: u8,
    }

    impl World {
        fn exists(self) -> bool {
            self.existed && !self.deleted
        }

        fn processed(self) -> Self {
            Self { deleted: self.existed, ..self }
        }

        fn bit(http_status: u16) -> u8 {
            match http_status {
                400 => 1,
                401 => 2,
                403 => 4,
                _ => 8,
            }
        }

        /// The possible worlds after an attempt with this effect; none if it cannot happen in this world.
        fn after(self, effect: Effect) -> Vec<Self> {
            match effect {
                Effect::Perhaps => vec![self, self.processed()],
                Effect::PerhapsForAnother(status) => {
                    let other = Self { for_another: self.for_another | Self::bit(status), ..self };
                    vec![self, other, other.processed()]
                }
                Effect::Refused(status) if self.for_another & Self::bit(status) != 0 => vec![],
                Effect::None | Effect::Refused(_) => vec![self],
                Effect::Deleted if self.exists() => vec![self.processed()],
                Effect::DoesNotExist if !self.exists() => vec![self],
                Effect::Deleted | Effect::DoesNotExist => vec![],
            }
        }
    }

    fn says_the_truth((status, _, unknown): (okdok_status, &Attempt, bool), worlds: &[World]) -> bool {
        let deleted_in_some = worlds.iter().any(|world| world.deleted);
        let deleted_in_all = worlds.iter().all(|world| world.deleted);
        match (status, unknown) {
            (OKDOK_STATUS_OK, unknown) => deleted_in_all && !unknown,
            (OKDOK_STATUS_PRESUMED_DELETED, unknown) => {
                deleted_in_some && worlds.iter().all(|world| world.deleted || !world.existed) && !unknown
            }
            (_, true) => deleted_in_some && !deleted_in_all,
            (_, false) => !deleted_in_some,
        }
    }

    /// Tries every sequence of up to five attempt ends, and checks the verdict after each of its attempts.
    #[test]
    fn no_sequence_of_attempts_says_anything_untrue_of_the_deletion() {
        fn explore(
            sequence: &Sequence,
            worlds: &[World],
            kinds: &[(Attempt, Effect)],
            path: &mut Vec<usize>,
            count: &mut usize,
        ) {
            for (number, (end, effect)) in kinds.iter().enumerate() {
                let mut after: Vec<World> = worlds.iter().flat_map(|world| world.after(*effect)).collect();
                after.sort_unstable();
                after.dedup();
                // This cannot happen in any of them.
                if after.is_empty() {
                    continue;
                }
                path.push(number);
                let mut sequence = sequence.clone();
                sequence.ended(end.clone(), Duration::ZERO);
                let verdict = sequence.verdict().unwrap();
                assert!(says_the_truth(verdict, &after), "{path:?}: {verdict:?}");
                *count += 1;
                match sequence.next(ENOUGH, || 1.0) {
                    Step::Done => assert!(!end.retry || path.len() == 5, "{path:?}"),
                    step => {
                        assert!(end.retry || !end.refused_alone, "{path:?}");
                        assert!(step == Step::Attempt || sequence.next(ENOUGH, || 1.0) == Step::Attempt);
                        explore(&sequence, &after, kinds, path, count);
                    }
                }
                path.pop();
            }
        }
        let mut first = Sequence::new(5, CONNECT_TIMEOUT);
        assert_eq!(first.next(Duration::ZERO, || 0.0), Step::Attempt);
        let worlds = [true, false].map(|existed| World { existed, deleted: false, for_another: 0 });
        let mut count = 0;
        explore(&first, &worlds, &kinds(), &mut Vec::new(), &mut count);
        assert_eq!(count, 234_860);
    }

    /// The report of a call whose attempts end like this, with enough time for all of them.
    fn told(max_attempts: u32, ends: &[Attempt]) -> Report {
        let mut sequence = Sequence::new(max_attempts, CONNECT_TIMEOUT);
        for end in ends {
            let step = sequence.next(ENOUGH, || 1.0);
            assert!(step == Step::Attempt || sequence.next(ENOUGH, || 1.0) == Step::Attempt);
            sequence.ended(end.clone(), Duration::from_millis(100));
        }
        assert_eq!(sequence.next(ENOUGH, || 1.0), Step::Done);
        sequence.report("https://h.test")
    }

    #[test]
    fn a_call_reports_its_last_attempt_or_the_newest_open_one() {
        let [
            not_sent,
            tls,
            lost,
            late,
            s503,
            _,
            cut,
            odd,
            r429,
            r401,
            r400,
            own_400,
            _,
            d401,
            d403,
            d400,
            ok,
            missing,
            _,
            old_401,
        ] = kinds().into_iter().map(|(attempt, _)| attempt).collect::<Vec<_>>().try_into().unwrap();
        let doubtful_404 = Attempt { http_status: 404, ..d400.clone() };
        for (ends, status, http_status, unknown) in [
            (vec![&lost, &missing], OKDOK_STATUS_PRESUMED_DELETED, 400, false),
            (vec![&s503, &missing], OKDOK_STATUS_PRESUMED_DELETED, 400, false),
            (vec![&r429, &missing], OKDOK_STATUS_NOT_FOUND, 400, false),
            (vec![&lost, &r401], OKDOK_STATUS_UNAUTHORIZED, 401, true),
            (vec![&lost, &not_sent, &not_sent], OKDOK_STATUS_CONNECTION_LOST, 0, true),
            (vec![&s503, &tls], OKDOK_STATUS_SERVER_ERROR, 503, true),
            (vec![&lost, &s503, &late], OKDOK_STATUS_TIMED_OUT, 0, true),
            (vec![&cut, &odd], OKDOK_STATUS_UNEXPECTED_RESPONSE, 204, true),
            (vec![&lost, &cut, &ok], OKDOK_STATUS_OK, 200, false),
            (vec![&d401, &r401], OKDOK_STATUS_UNAUTHORIZED, 401, false),
            (vec![&d401, &d401, &r401], OKDOK_STATUS_UNAUTHORIZED, 401, false),
            (vec![&old_401], OKDOK_STATUS_UNAUTHORIZED, 401, false),
            (vec![&d401, &old_401, &r401], OKDOK_STATUS_UNAUTHORIZED, 401, false),
            (vec![&d401, &old_401, &not_sent], OKDOK_STATUS_UNAUTHORIZED, 401, true),
            (vec![&d403, &old_401], OKDOK_STATUS_UNAUTHORIZED, 401, true),
            (vec![&d401, &d403, &r401], OKDOK_STATUS_UNAUTHORIZED, 401, true),
            (vec![&d400, &missing], OKDOK_STATUS_PRESUMED_DELETED, 400, false),
            (vec![&d400, &r400], OKDOK_STATUS_BAD_REQUEST, 400, true),
            (vec![&d400, &own_400], OKDOK_STATUS_BAD_REQUEST, 400, false),
            (vec![&doubtful_404, &own_400], OKDOK_STATUS_BAD_REQUEST, 400, true),
            (vec![&d403, &d403, &d403], OKDOK_STATUS_FORBIDDEN, 403, true),
            (vec![&d403, &not_sent, &not_sent], OKDOK_STATUS_FORBIDDEN, 403, true),
        ] {
            let ends: Vec<_> = ends.into_iter().cloned().collect();
            let report = told(3, &ends);
            let found = (report.attempt.status, report.attempt.http_status, report.outcome_unknown);
            assert_eq!(found, (status, http_status, unknown), "{ends:?}");
        }
    }

    #[test]
    fn a_retry_waits_as_long_as_it_should_and_is_begun_only_with_time_left() {
        let [_, _, lost, _, s503, _, _, _, _, _, _, _, _, d401, ..] = ends();
        let asks = |attempt: &Attempt, seconds| Attempt { retry_after: Some(seconds), ..attempt.clone() };
        let seconds = Duration::from_secs;
        for (ends, remains, step) in [
            (vec![lost.clone()], ENOUGH, Step::Wait(seconds(1))),
            (vec![lost.clone(), lost.clone()], ENOUGH, Step::Wait(seconds(2))),
            (vec![asks(&s503, seconds(7))], ENOUGH, Step::Wait(seconds(7))),
            (vec![asks(&s503, Duration::ZERO)], ENOUGH, Step::Wait(seconds(1))),
            (vec![asks(&s503, Duration::MAX)], ENOUGH, Step::Done),
            (vec![lost.clone()], seconds(12), Step::Wait(seconds(1))),
            (vec![lost.clone()], seconds(11), Step::Done),
            (vec![lost.clone()], Duration::ZERO, Step::Done),
            (vec![d401.clone()], ENOUGH, Step::Attempt),
            (vec![d401.clone()], CONNECT_TIMEOUT, Step::Done),
            (vec![asks(&d401, seconds(3))], ENOUGH, Step::Wait(seconds(3))),
            (vec![d401.clone(), d401.clone()], ENOUGH, Step::Wait(seconds(2))),
            (vec![lost.clone(), d401], ENOUGH, Step::Attempt),
        ] {
            let mut sequence = Sequence::new(5, CONNECT_TIMEOUT);
            for end in &ends {
                let begun = sequence.next(ENOUGH, || 1.0);
                assert!(begun == Step::Attempt || sequence.next(ENOUGH, || 1.0) == Step::Attempt);
                sequence.ended(end.clone(), Duration::ZERO);
            }
            assert_eq!(sequence.next(remains, || 1.0), step, "{ends:?}");
        }
    }

    #[test]
    fn the_log_holds_the_newest_six_attempts_and_the_message_sums_them_up() {
        let lost = attempt(Ended::Open, true, OKDOK_STATUS_CONNECTION_LOST, 0);
        let unauthorized = attempt(Ended::Refused, false, OKDOK_STATUS_UNAUTHORIZED, 401);
        let mut ends = vec![lost.clone(); 7];
        ends.push(Attempt { message: "no".into(), ..unauthorized });
        let report = told(8, &ends);
        assert_eq!((report.attempts, report.log.len()), (8, LOGGED_ATTEMPTS));
        let waits: Vec<_> = report.log.iter().map(|logged| logged.waited.as_secs()).collect();
        assert_eq!(waits, [2, 4, 8, 8, 8, 8]);
        assert_eq!(report.log.last().map(|logged| (logged.http_status, logged.elapsed.as_millis())), Some((401, 100)));
        let summary = "8 attempts in 39.8 s (…, connection lost, connection lost, connection lost, connection lost, \
                       connection lost, 401): the signature request may have been deleted";
        assert!(report.attempt.message.starts_with(summary), "{}", report.attempt.message);
        assert!(report.attempt.message.ends_with("no"));
    }

    #[test]
    fn a_panic_leaves_open_what_was_under_way() {
        let mut sequence = Sequence::new(3, CONNECT_TIMEOUT);
        assert!(!sequence.panicked().outcome_unknown);
        sequence.next(ENOUGH, || 1.0);
        let report = sequence.panicked();
        assert!(report.outcome_unknown);
        assert_eq!((report.attempts, report.log.len()), (1, 1));
        sequence.ended(attempt(Ended::Refused, false, OKDOK_STATUS_UNAUTHORIZED, 401), Duration::ZERO);
        assert!(!sequence.panicked().outcome_unknown);
    }
}
