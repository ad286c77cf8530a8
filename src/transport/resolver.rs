//! Name resolution. Each look-up has its own thread, since `getaddrinfo` cannot be interrupted and nobody should have to
//! wait for it, especially not `okdok_free`.

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
    #[error("no thread was available for the look-up: {0}")]
    NoThread(io::Error),
}

pub struct DetachedResolver {
    limit: Duration,
}

impl DetachedResolver {
    /// The limit is a little shorter than the connection's time-out, so that a slow name server can be told from a slow
    /// connection, even on a busy machine.
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

/// By RFC 6761, 6.3, this name and all names below it are loopback addresses.
pub fn is_localhost(name: &str) -> bool {
    name.rsplit('.').next().is_some_and(|last| last.eq_ignore_ascii_case("localhost"))
}

async fn resolve(host: String, limit: Duration) -> Result<Vec<SocketAddr>, ResolveError> {
    // Plain http is allowed for localhost, so no name server may redirect it. IPv4 comes first because most servers listen
    // there: on an address where nobody listens, TCP can connect to itself.
    if is_localhost(&host) {
        return Ok(vec![(Ipv4Addr::LOCALHOST, 0).into(), (Ipv6Addr::LOCALHOST, 0).into()]);
    }
    let (answer, answered) = oneshot::channel();
    thread::Builder::new()
        .name("okdok-resolver".into())
        .spawn(move || {
            let found = (host.as_str(), 0).to_socket_addrs().map(Iterator::collect);
            // Possibly nobody is waiting any more.
            let _ = answer.send(found);
        })
        .map_err(ResolveError::NoThread)?;
    match tokio::time::timeout(limit, answered).await {
        Ok(Ok(found)) => found.map_err(ResolveError::Lookup),
        // The thread ended without an answer: it panicked.
        Ok(Err(_)) => Err(ResolveError::Lookup(io::Error::other("the look-up failed"))),
        Err(_) => Err(ResolveError::TooSlow),
    }
}
