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
use super::roots::{Found, Place};

/// After it names are resolved, roots read and connections made anew, so that a busy process follows what changes.
const LONGEST_USE: Duration = Duration::from_mins(10);

/// How a client gets to the service.
pub struct Route {
    pub roots: Place,
    pub proxy: Option<Proxy>,
    pub connect_timeout: Duration,
}

/// The key under which transports are shared.
#[derive(Clone, PartialEq)]
struct Key {
    roots: Found,
    proxy: Option<Proxy>,
    connect_timeout: Duration,
}

impl Route {
    fn look(&self) -> Result<Key, Refusal> {
        Ok(Key { roots: self.roots.look()?, proxy: self.proxy.clone(), connect_timeout: self.connect_timeout })
    }
}

pub struct Transport {
    key: Key,
    /// Kept for a forked child, which builds a transport of its own, and for a successor that cannot read them.
    roots: Arc<RootCertStore>,
    /// `None` only while it is dropped.
    http: Option<HttpClient>,
    connections: Connections,
    /// The process that its thread belongs to.
    generation: u32,
    made: Instant,
    /// Its thread has panicked.
    broken: AtomicBool,
    /// Some thread is building what comes after it.
    has_heir_under_way: AtomicBool,
}

/// All transports of this process.
struct Transports {
    live: Vec<Weak<Transport>>,
    /// Used last, kept for the next client.
    last: Option<Arc<Transport>>,
}

static TRANSPORTS: ArcSwapOption<Transports> = ArcSwapOption::const_empty();

impl Transports {
    fn find(&self, key: &Key) -> Option<Arc<Transport>> {
        let live = self.live.iter().filter_map(Weak::upgrade);
        live.into_iter().find(|other| other.key == *key && other.is_usable() && !other.is_old())
    }

    fn with(&self, transport: &Arc<Transport>) -> Self {
        let known = Arc::downgrade(transport);
        let others = self.live.iter().filter(|other| other.strong_count() > 0 && !other.ptr_eq(&known));
        Self { live: others.cloned().chain([known.clone()]).collect(), last: Some(Arc::clone(transport)) }
    }
}

/// The transport for `key`, which other clients may be using too; where there is none, one that trusts `roots`.
fn find_or_build(
    key: Key,
    roots: impl FnOnce(&Key) -> Result<Arc<RootCertStore>, Refusal>,
) -> Result<Arc<Transport>, Refusal> {
    let transports = TRANSPORTS.load_full();
    if let Some(found) = transports.as_ref().and_then(|transports| transports.find(&key)) {
        let last = transports.as_ref().and_then(|transports| transports.last.as_ref());
        return Ok(if last.is_some_and(|last| Arc::ptr_eq(last, &found)) { found } else { enter(&found) });
    }
    let roots = roots(&key)?;
    Ok(enter(&Arc::new(Transport::build(key, roots)?)))
}

/// Makes `transport` the one that was used last, or another with its key that came first: those who race build one each.
fn enter(transport: &Arc<Transport>) -> Arc<Transport> {
    let mut entered = Arc::clone(transport);
    TRANSPORTS.rcu(|transports| {
        let none = Transports { live: Vec::new(), last: None };
        let transports = transports.as_deref().unwrap_or(&none);
        entered = transports.find(&transport.key).unwrap_or_else(|| Arc::clone(transport));
        Some(Arc::new(transports.with(&entered)))
    });
    entered
}

/// A client's way to the service: its route, and the transport that it uses now.
pub struct Way {
    route: Route,
    transport: ArcSwap<Transport>,
}

impl Way {
    pub fn new(route: Route) -> Result<Self, Refusal> {
        let transport = find_or_build(route.look()?, |key| key.roots.load())?;
        Ok(Self { route, transport: ArcSwap::new(transport) })
    }

    /// The transport to use: in a forked child, after a panic of its thread or once it is old, what takes its place.
    pub fn transport(&self) -> Result<Arc<Transport>, Refusal> {
        let transport = self.transport.load_full();
        if !transport.is_usable() {
            return self.move_on_from(&transport);
        }
        if !transport.is_old() || transport.has_heir_under_way.swap(true, Ordering::AcqRel) {
            return Ok(transport);
        }
        // Others go on with the old one meanwhile; so does this call where no new one can be had.
        let next = process::caught(|| self.move_on_from(&transport));
        transport.has_heir_under_way.store(false, Ordering::Release);
        Ok(next.and_then(Result::ok).unwrap_or(transport))
    }

    fn move_on_from(&self, old: &Transport) -> Result<Arc<Transport>, Refusal> {
        // Young roots are as good as new ones, and a forked child may not be able to read any.
        let anew = old.is_old().then(|| find_or_build(self.route.look()?, |key| key.roots.load()));
        let next = match anew {
            Some(Ok(next)) => next,
            _ => find_or_build(old.key.clone(), |_| Ok(Arc::clone(&old.roots)))?,
        };
        self.transport.store(Arc::clone(&next));
        Ok(next)
    }
}

impl Transport {
    fn build(key: Key, roots: Arc<RootCertStore>) -> Result<Self, Refusal> {
        let connections = Connections::default();
        let http = http_client::build(Arc::clone(&roots), key.proxy.as_ref(), key.connect_timeout, &connections)?;
        Ok(Self {
            key,
            roots,
            http: Some(http),
            connections,
            generation: process::generation(),
            made: Instant::now(),
            broken: AtomicBool::new(false),
            has_heir_under_way: AtomicBool::new(false),
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
        self.key.proxy.as_ref()
    }

    fn is_usable(&self) -> bool {
        self.generation == process::generation() && !self.broken.load(Ordering::Acquire)
    }

    fn is_old(&self) -> bool {
        self.made.elapsed() >= LONGEST_USE
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
