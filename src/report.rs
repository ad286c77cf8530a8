//! The outcome of a whole call, before it is written out for C.

use std::time::Duration;

use crate::attempt::Attempt;
use crate::status::{OKDOK_STATUS_INTERNAL, OKDOK_STATUS_OK, OKDOK_STATUS_PRESUMED_DELETED, okdok_status};

#[derive(Debug)]
pub struct Report {
    pub status: okdok_status,
    pub http_status: u16,
    pub attempts: u32,
    pub outcome_unknown: bool,
    pub retry_after: Option<Duration>,
    pub service_code: String,
    pub service_value: String,
    pub message: String,
}

impl Report {
    pub fn ok() -> Self {
        Self::refused(OKDOK_STATUS_OK, String::new())
    }

    /// A call that ended before its first attempt.
    pub fn refused(status: okdok_status, message: String) -> Self {
        Self {
            status,
            http_status: 0,
            attempts: 0,
            outcome_unknown: false,
            retry_after: None,
            service_code: String::new(),
            service_value: String::new(),
            message,
        }
    }

    pub fn panicked() -> Self {
        Self::refused(
            OKDOK_STATUS_INTERNAL,
            "okdok failed by a bug of its own; please report it with the version of okdok and of the system".into(),
        )
    }

    pub fn of_attempt(attempt: Attempt, attempts: u32, outcome_unknown: bool) -> Self {
        Self {
            status: attempt.status,
            http_status: attempt.http_status,
            attempts,
            outcome_unknown,
            retry_after: attempt.retry_after,
            service_code: attempt.service_code,
            service_value: attempt.service_value,
            message: attempt.message,
        }
    }

    pub fn is_gone(&self) -> bool {
        matches!(self.status, OKDOK_STATUS_OK | OKDOK_STATUS_PRESUMED_DELETED)
    }
}
