//! One deletion: the client and the way of a call through its attempts.

pub mod client;
pub mod failure;
pub mod request;
pub mod response;
pub mod retry;
