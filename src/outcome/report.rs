//! The outcome of a whole call, before it is written out for C.

use crate::outcome::attempt::{Attempt, Ended};
use crate::outcome::status::{OKDOK_STATUS_INTERNAL, OKDOK_STATUS_OK, OKDOK_STATUS_PRESUMED_DELETED, okdok_status};

#[derive(Debug)]
pub struct Report {
    /// The attempt that the call reports, or what stands for one where there was none.
    pub attempt: Attempt,
    pub attempts: u32,
    pub outcome_unknown: bool,
}

impl Report {
    pub fn ok() -> Self {
        Self::before_any_attempt(OKDOK_STATUS_OK, String::new())
    }

    pub fn before_any_attempt(status: okdok_status, message: String) -> Self {
        let attempt = Attempt::unanswered(Ended::NotSent, false, status, message);
        Self { attempt, attempts: 0, outcome_unknown: false }
    }

    pub fn panicked() -> Self {
        let advice = "okdok failed by a bug of its own; please report it with the version of okdok and of the system";
        Self::before_any_attempt(OKDOK_STATUS_INTERNAL, advice.into())
    }

    pub fn is_gone(&self) -> bool {
        matches!(self.attempt.status, OKDOK_STATUS_OK | OKDOK_STATUS_PRESUMED_DELETED)
    }
}
