//! What one attempt came to: the one place that says what may be repeated and what may be said of the deletion.

use std::time::Duration;

use super::status::okdok_status;

/// What the service may have done with an attempt's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// No byte of the request can have been acted upon.
    NotSent,
    /// The service answered that it did not do it.
    Refused,
    /// The same answer, on a connection where it may have been meant for somebody else: open, unless a later attempt is
    /// refused in the same way.
    Doubtful,
    /// The service answered for this very id: deleted, or no such signature request.
    Answered,
    /// Anything else: it may have been deleted.
    Open,
}

/// One attempt, as a call tells it if this is the attempt that it reports.
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
    /// A refusal, on a connection that has served no other request: it was meant for this one.
    pub refused_alone: bool,
    /// The answer is a report of the service's own about this id, not one of a server or gateway before it.
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

/// One line of a call's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logged {
    pub status: okdok_status,
    pub http_status: u16,
    /// Before the attempt.
    pub waited: Duration,
    /// From its start to its end.
    pub elapsed: Duration,
}
