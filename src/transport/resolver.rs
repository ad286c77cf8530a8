//! Names to addresses, on a thread of its own for each look-up: `getaddrinfo` cannot be interrupted, and nobody should
//! have to wait for it, least of all `okdok_free`.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::thread;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;
use tokio::sync::oneshot;

#[derive(Debug, Error)]
pub enum ResolveError {
    #[error("the system could not resolve it: {0}")]
    Lookup(io::Error),
    #[error("no name server answered within the connect time-out")]
    TooSlow,
    #[error("no thread could be had for the look-up: {0}")]
    NoThread(io::Error),
}

pub struct DetachedResolver {
    limit: Duration,
}

impl DetachedResolver {
    /// Ends a little before the connection's own time-out, so that a slow name is told from a slow connection, on a busy
    /// machine too.
    pub fn new(connect_timeout: Duration) -> Self {
        let earlier = (connect_timeout / 10).min(Duration::from_millis(500));
        Self { limit: connect_timeout.saturating_sub(earlier) }
    }
}

impl Resolve for DetachedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let limit = self.limit;
        Box::pin(async move {
            let addresses = resolve(name.as_str().to_owned(), limit).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// RFC 6761, 6.3: this name and those below it are always loopback.
pub fn is_localhost(name: &str) -> bool {
    name.rsplit('.').next().is_some_and(|last| last.eq_ignore_ascii_case("localhost"))
}

async fn resolve(host: String, limit: Duration) -> Result<Vec<SocketAddr>, ResolveError> {
    // Plain http goes there, so no name server may say otherwise. IPv4 first, where most servers listen: where nobody does,
    // TCP can connect to itself.
    if is_localhost(&host) {
        return Ok(vec![(Ipv4Addr::LOCALHOST, 0).into(), (Ipv6Addr::LOCALHOST, 0).into()]);
    }
    let (answer, answered) = oneshot::channel();
    thread::Builder::new()
        .name("okdok-resolver".into())
        .spawn(move || {
            let found = (host.as_str(), 0).to_socket_addrs().map(Iterator::collect);
            // Nobody may be waiting any more.
            let _ = answer.send(found);
        })
        .map_err(ResolveError::NoThread)?;
    match tokio::time::timeout(limit, answered).await {
        Ok(Ok(found)) => found.map_err(ResolveError::Lookup),
        // The thread is gone without an answer: it panicked.
        Ok(Err(_)) => Err(ResolveError::Lookup(io::Error::other("the look-up failed"))),
        Err(_) => Err(ResolveError::TooSlow),
    }
}
