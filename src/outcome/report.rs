//! The report of a call, before it is written to the C struct.

use super::attempt::{Attempt, Ended, Logged};
use super::refusal::Refusal;
use super::status::{OKDOK_STATUS_INTERNAL, OKDOK_STATUS_OK, OKDOK_STATUS_PRESUMED_DELETED, okdok_status};

/// A report lists at most this many attempts: the newest.
pub const LOGGED_ATTEMPTS: usize = 6;

#[derive(Clone, Debug)]
pub struct Report {
    /// The attempt that the call reports, or a substitute if there was none.
    pub attempt: Attempt,
    pub attempts: u32,
    pub outcome_unknown: bool,
    /// The newest attempts, oldest first.
    pub log: Vec<Logged>,
}

impl Report {
    pub fn ok() -> Self {
        Self::before_any_attempt(OKDOK_STATUS_OK, String::new())
    }

    fn before_any_attempt(status: okdok_status, message: String) -> Self {
        let attempt = Attempt::unanswered(Ended::NotSent, false, status, message);
        Self { attempt, attempts: 0, outcome_unknown: false, log: Vec::new() }
    }

    pub fn panicked() -> Self {
        let advice = "okdok failed because of a bug; please report it with the versions of okdok and of the system";
        Self::before_any_attempt(OKDOK_STATUS_INTERNAL, advice.into())
    }

    pub fn is_gone(&self) -> bool {
        matches!(self.attempt.status, OKDOK_STATUS_OK | OKDOK_STATUS_PRESUMED_DELETED)
    }
}

impl From<Refusal> for Report {
    fn from(refusal: Refusal) -> Self {
        Self::before_any_attempt(refusal.status(), refusal.to_string())
    }
}
