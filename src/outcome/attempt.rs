//! How one attempt ended: the one place that decides what may be repeated and what may be said of the deletion.

use std::time::Duration;

use crate::outcome::status::okdok_status;

/// What the service may have done with an attempt's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// No byte of the request can have been acted upon.
    NotSent,
    /// The service answered that it did not do it.
    Refused,
    /// The service answered for this very id: deleted, or no such signature request.
    Answered,
    /// Anything else: it may have been deleted.
    Open,
}

/// One attempt, told as a call will tell it if this is the attempt that it reports.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub ended: Ended,
    /// Whether another attempt may help.
    pub retry: bool,
    pub status: okdok_status,
    /// 0 where no response head arrived.
    pub http_status: u16,
    /// What the answer asked to wait.
    pub retry_after: Option<Duration>,
    pub service_code: String,
    pub service_value: String,
    pub message: String,
}

impl Attempt {
    /// An attempt without an answer.
    pub fn unanswered(ended: Ended, retry: bool, status: okdok_status, message: String) -> Self {
        Self {
            ended,
            retry,
            status,
            http_status: 0,
            retry_after: None,
            service_code: String::new(),
            service_value: String::new(),
            message,
        }
    }
}
