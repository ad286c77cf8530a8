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
use url::Url;

use crate::outcome::Refusal;
use crate::process;

use super::connections::Connections;
use super::exchange::{Answer, NoAnswer, exchange};
use super::http_client;
use super::proxy::Proxy;
use super::roots::{Found, Place, Roots};

/// After it names are resolved, roots read and connections made anew, so that a busy process follows what changes.
const LONGEST_USE: Duration = Duration::from_mins(10);

/// How a client gets to the service. Those who go the same route and trust the same roots share a transport.
pub struct Route {
    pub roots: Place,
    pub proxy: Option<Proxy>,
    pub connect_timeout: Duration,
}

pub struct Transport {
    proxy: Option<Proxy>,
    connect_timeout: Duration,
    /// Kept for a forked child, which builds a transport of its own, and for a successor that cannot read them.
    roots: Arc<Roots>,
    /// Where these roots were found last.
    found: ArcSwap<Found>,
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
    fn find(&self, suits: impl Fn(&Transport) -> bool) -> Option<Arc<Transport>> {
        let mut live = self.live.iter().filter_map(Weak::upgrade);
        live.find(|transport| suits(transport) && transport.is_usable() && !transport.is_old())
    }

    fn with(&self, transport: &Arc<Transport>) -> Self {
        let known = Arc::downgrade(transport);
        let others = self.live.iter().filter(|other| other.strong_count() > 0 && !other.ptr_eq(&known));
        Self { live: others.cloned().chain([known.clone()]).collect(), last: Some(Arc::clone(transport)) }
    }
}

/// A transport that goes this route and trusts what was found, which other clients may be using too.
fn find_or_build(
    route: &Route,
    found: Found,
    load: impl FnOnce(&Found) -> Result<Arc<Roots>, Refusal>,
) -> Result<Arc<Transport>, Refusal> {
    let none = Transports { live: Vec::new(), last: None };
    let transports = TRANSPORTS.load_full();
    let transports = transports.as_deref().unwrap_or(&none);
    let goes = |transport: &Transport| transport.goes(route.proxy.as_ref(), route.connect_timeout);
    if let Some(transport) = transports.find(|transport| goes(transport) && **transport.found.load() == found) {
        let is_last = transports.last.as_ref().is_some_and(|last| Arc::ptr_eq(last, &transport));
        return Ok(if is_last { transport } else { enter(&transport) });
    }
    let roots = load(&found)?;
    // Files that look new may hold what they held.
    if let Some(transport) = transports.find(|transport| goes(transport) && transport.roots == roots) {
        transport.found.store(Arc::new(found));
        return Ok(enter(&transport));
    }
    Ok(enter(&Arc::new(Transport::build(route, found, roots)?)))
}

/// Makes `transport` the one that was used last, or one like it that came first: those who race build one each.
fn enter(transport: &Arc<Transport>) -> Arc<Transport> {
    let mut entered = Arc::clone(transport);
    TRANSPORTS.rcu(|transports| {
        let none = Transports { live: Vec::new(), last: None };
        let transports = transports.as_deref().unwrap_or(&none);
        let is_like = |other: &Transport| {
            other.goes(transport.proxy(), transport.connect_timeout) && other.roots == transport.roots
        };
        entered = transports.find(is_like).unwrap_or_else(|| Arc::clone(transport));
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
        let transport = find_or_build(&route, route.roots.look()?, Found::load)?;
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
        let anew = old.is_old().then(|| find_or_build(&self.route, self.route.roots.look()?, Found::load));
        let next = match anew {
            Some(Ok(next)) => next,
            _ => find_or_build(&self.route, (**old.found.load()).clone(), |_| Ok(Arc::clone(&old.roots)))?,
        };
        self.transport.store(Arc::clone(&next));
        Ok(next)
    }
}

impl Transport {
    fn build(route: &Route, found: Found, roots: Arc<Roots>) -> Result<Self, Refusal> {
        let connections = Connections::default();
        let http = http_client::build(&roots, route.proxy.as_ref(), route.connect_timeout, &connections)?;
        Ok(Self {
            proxy: route.proxy.clone(),
            connect_timeout: route.connect_timeout,
            roots,
            found: ArcSwap::from_pointee(found),
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
        self.proxy.as_ref()
    }

    fn goes(&self, proxy: Option<&Proxy>, connect_timeout: Duration) -> bool {
        self.proxy.as_ref() == proxy && self.connect_timeout == connect_timeout
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
