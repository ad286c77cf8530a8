//! One deletion: the client, and the way of a call through its attempts.
//!
//! Uses `transport`, `outcome` and `process`. Start with `client`, whose `run` drives a call; `sequence` decides what it does
//! next, `request` is what is sent, and `answered` and `unanswered` say what an attempt came to. All but `client` is pure:
//! no clock, no network, no thread.

mod answered;
mod client;
mod id;
mod request;
mod retry;
mod sequence;
mod tls_text;
mod unanswered;

pub use client::{Client, Options};
pub use id::SignatureRequestId;
pub use request::user_agent;
