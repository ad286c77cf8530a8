//! How a request reaches the service: URLs, proxy, certificate authorities, name resolution, and connections that clients
//! share.
//!
//! Uses `outcome` and `process`. Start with `shared`: a client has a `Way`, and asks it before each attempt which `Transport`
//! to use. `exchange` sends the request on it.

mod base_url;
mod connections;
mod error_chain;
mod exchange;
mod http_client;
mod proxy;
mod resolver;
mod roots;
mod shared;
#[cfg(all(unix, not(target_os = "macos")))]
mod spare_roots;
#[cfg(any(windows, target_os = "macos"))]
mod system_store;
#[cfg(any(windows, target_os = "macos"))]
mod system_verifier;
mod url;

pub use base_url::BaseUrl;
pub use exchange::{Answer, Body, NoAnswer, refuses_client_certificate};
pub use proxy::Proxy;
pub use roots::Place;
pub use shared::{Route, Way};
