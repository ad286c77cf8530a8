//! Why a call ended before its first attempt.

use thiserror::Error;

use super::status::{
    OKDOK_STATUS_INTERNAL, OKDOK_STATUS_INVALID_ARGUMENT, OKDOK_STATUS_INVALID_CLIENT, OKDOK_STATUS_NO_RESOURCES,
    OKDOK_STATUS_TLS_FAILED, okdok_status,
};

#[derive(Debug, Error)]
pub enum Refusal {
    #[error("{0}")]
    Argument(String),
    #[error(
        "this handle is not a live client: make one with okdok_client_new, and do not use it after okdok_free \
         (a handle belongs to the loaded copy of the library that made it)"
    )]
    Client,
    #[error("{0}")]
    NoRoots(String),
    #[error("{0}; nothing was sent: lower the process's load or raise its limits (ulimit -n, -u)")]
    NoResources(String),
    #[error(
        "this thread is ending and has no thread-local storage left, so nothing was sent: call okdok earlier, or from \
         another thread"
    )]
    ThreadIsEnding,
    #[error("okdok could not set up its HTTP client: {0}")]
    Internal(String),
}

impl Refusal {
    pub fn argument(message: impl Into<String>) -> Self {
        Self::Argument(message.into())
    }

    pub fn status(&self) -> okdok_status {
        match self {
            Self::Argument(_) => OKDOK_STATUS_INVALID_ARGUMENT,
            Self::Client => OKDOK_STATUS_INVALID_CLIENT,
            Self::NoRoots(_) => OKDOK_STATUS_TLS_FAILED,
            Self::NoResources(_) | Self::ThreadIsEnding => OKDOK_STATUS_NO_RESOURCES,
            Self::Internal(_) => OKDOK_STATUS_INTERNAL,
        }
    }
}

/// Refuses text that is too short or too long.
pub fn check_length(name: &str, text: &str, longest: usize) -> Result<(), Refusal> {
    match text.len() {
        0 => Err(Refusal::argument(format!("{name} is empty"))),
        length if length > longest => {
            Err(Refusal::argument(format!("{name} has {length} bytes; at most {longest} are allowed")))
        }
        _ => Ok(()),
    }
}
