//! Transports: one pool, one TLS configuration and one thread for all clients that go the same way.
//!
//! The list of transports is an immutable snapshot, read without a lock and replaced whole: a forked child finds it as it
//! was at some moment, whatever its parent's threads were doing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, ArcSwapOption};
use reqwest::blocking::Client as HttpClient;
use reqwest::header::HeaderMap;
use rustls::RootCertStore;
use url::Url;

use crate::outcome::Refusal;
use crate::process;

use super::connections::Connections;
use super::exchange::{Answer, NoAnswer, exchange};
use super::http_client;
use super::proxy::Proxy;
use super::roots::Source;

/// How a client gets to the service. Clients with equal routes share a transport.
#[derive(Clone, PartialEq, Eq)]
pub struct Route {
    pub roots: Source,
    pub proxy: Option<Proxy>,
    pub connect_timeout: Duration,
}

pub struct Transport {
    route: Route,
    /// Kept for a forked child, which builds a transport of its own and must not read the system again.
    roots: Arc<RootCertStore>,
    /// `None` only while it is dropped.
    http: Option<HttpClient>,
    connections: Connections,
    /// The process that its thread belongs to.
    generation: u32,
    /// Its thread has panicked.
    broken: AtomicBool,
}

/// All transports of this process.
#[derive(Default)]
struct Transports {
    live: Vec<Weak<Transport>>,
    /// Used last, kept for the next client.
    last: Option<Arc<Transport>>,
}

static TRANSPORTS: ArcSwapOption<Transports> = ArcSwapOption::const_empty();

impl Transports {
    fn find(&self, route: &Route) -> Option<Arc<Transport>> {
        self.live.iter().filter_map(Weak::upgrade).find(|other| other.route == *route && other.is_usable())
    }

    fn with(&self, transport: &Arc<Transport>) -> Self {
        let known = Arc::downgrade(transport);
        let others = self.live.iter().filter(|other| other.strong_count() > 0 && !other.ptr_eq(&known));
        Self { live: others.cloned().chain([known.clone()]).collect(), last: Some(Arc::clone(transport)) }
    }
}

/// The transport for `route`, which other clients may be using too; `roots` is called where there is none yet.
fn find_or_build(
    route: &Route,
    roots: impl FnOnce() -> Result<Arc<RootCertStore>, Refusal>,
) -> Result<Arc<Transport>, Refusal> {
    let transports = TRANSPORTS.load();
    let found = transports.as_ref().and_then(|transports| transports.find(route));
    // Those who race build one each; the first to get into the list is used by all.
    let mut transport = match found {
        Some(found) => found,
        None => Arc::new(Transport::build(route.clone(), roots()?)?),
    };
    let is_last = |last: &Arc<Transport>| Arc::ptr_eq(last, &transport);
    if !transports.as_ref().and_then(|transports| transports.last.as_ref()).is_some_and(is_last) {
        let built = transport;
        transport = Arc::clone(&built);
        TRANSPORTS.rcu(|transports| {
            let known = transports.as_deref().unwrap_or(&NO_TRANSPORTS);
            transport = known.find(route).unwrap_or_else(|| Arc::clone(&built));
            Some(Arc::new(known.with(&transport)))
        });
    }
    Ok(transport)
}

static NO_TRANSPORTS: Transports = Transports { live: Vec::new(), last: None };

/// A client's way to the service: its route, and the transport that it uses now.
pub struct Way {
    transport: ArcSwap<Transport>,
}

impl Way {
    pub fn new(route: &Route) -> Result<Self, Refusal> {
        Ok(Self { transport: ArcSwap::new(find_or_build(route, || route.roots.load())?) })
    }

    /// The transport to use, or what takes its place in a forked child or after a panic of its thread.
    pub fn transport(&self) -> Result<Arc<Transport>, Refusal> {
        let transport = self.transport.load_full();
        if transport.is_usable() {
            return Ok(transport);
        }
        let next = find_or_build(&transport.route, || Ok(Arc::clone(&transport.roots)))?;
        self.transport.store(Arc::clone(&next));
        Ok(next)
    }
}

impl Transport {
    fn build(route: Route, roots: Arc<RootCertStore>) -> Result<Self, Refusal> {
        let connections = Connections::default();
        let http = http_client::build(Arc::clone(&roots), route.proxy.as_ref(), route.connect_timeout, &connections)?;
        Ok(Self {
            route,
            roots,
            http: Some(http),
            connections,
            generation: process::generation(),
            broken: AtomicBool::new(false),
        })
    }

    /// Sends the request, and waits for what comes of it, until `deadline` at most.
    pub fn exchange(&self, url: &Url, headers: &HeaderMap, deadline: Instant) -> Result<Answer, NoAnswer> {
        match &self.http {
            Some(http) => exchange(http, &self.connections, url, headers, deadline),
            None => Err(NoAnswer::NotStarted),
        }
    }

    pub fn proxy(&self) -> Option<&Proxy> {
        self.route.proxy.as_ref()
    }

    fn is_usable(&self) -> bool {
        self.generation == process::generation() && !self.broken.load(Ordering::Acquire)
    }

    /// Not to be used again: its thread has panicked.
    pub fn retire(&self) {
        self.broken.store(true, Ordering::Release);
    }
}

impl Drop for Transport {
    fn drop(&mut self) {
        // Its thread is not in this process, or has died: joining it would abort, and its locks may be held for ever.
        if !self.is_usable() {
            std::mem::forget(self.http.take());
        }
    }
}
