//! One deletion: the client, and the course of a call through its attempts.
//!
//! Uses `transport`, `outcome` and `process`. Start with `client`, whose `run` drives a call. `sequence` decides what to do
//! next, `request` builds what is sent, and `answered` and `unanswered` judge how an attempt ended. All of them except
//! `client` are pure: they use no clock, no network and no thread.

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
