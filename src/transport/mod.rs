//! The way to the service: URLs, proxy, roots, resolver, and the connections that clients share.

pub mod connections;
pub mod proxy;
pub mod resolver;
pub mod roots;
pub mod shared;
pub mod url;
