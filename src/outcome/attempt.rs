//! The result of one attempt. It alone determines what may be retried and what may be said about the deletion.

use std::time::Duration;

use super::status::okdok_status;

/// What the service may have done with an attempt's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nothing: no part of the request can have been acted upon.
    NotSent,
    /// Nothing: the service answered that it refused the request.
    Refused,
    /// As for `Refused`, but the answer came on a connection where it may have been for somebody else. It counts as open
    /// unless a later attempt is refused in the same way.
    Doubtful,
    /// The service answered for this id: deleted, or no such signature request.
    Answered,
    /// Anything else: the signature request may have been deleted.
    Open,
}

/// One attempt, with everything that a call needs to report it.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub ended: Ended,
    /// Whether another attempt may help.
    pub retry: bool,
    pub status: okdok_status,
    /// 0 if no response head arrived.
    pub http_status: u16,
    /// The wait that the answer asked for.
    pub retry_after: Option<Duration>,
    pub service_code: String,
    pub service_value: String,
    /// The answer is a refusal on a connection that has served no other request, so it is for this one.
    pub refused_alone: bool,
    /// The answer is the service's own report about this id, and not from a server or gateway in front of it.
    pub own_report: bool,
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
            refused_alone: false,
            own_report: false,
            message,
        }
    }
}

/// One entry of a call's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logged {
    pub status: okdok_status,
    pub http_status: u16,
    /// The wait before the attempt.
    pub waited: Duration,
    pub elapsed: Duration,
}
