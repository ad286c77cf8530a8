//! Transports: one connection pool, one TLS configuration and one thread for all clients with the same route and roots.
//!
//! The list of ways is an immutable snapshot, which is read without a lock and replaced as a whole. So a forked child always
//! finds a consistent list, whatever its parent's threads were doing.

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

/// After this time names are resolved again, roots are read again and new connections are made, so that a busy process
/// notices changes.
const LONGEST_USE: Duration = Duration::from_mins(10);

/// How a client gets to the service.
#[derive(PartialEq)]
pub struct Route {
    pub roots: Place,
    pub proxy: Option<Proxy>,
    pub connect_timeout: Duration,
}

pub struct Transport {
    /// Kept for a forked child, which builds its own transport, and for a successor that cannot read them.
    roots: Arc<Roots>,
    /// What these roots were last read from.
    found: ArcSwap<Found>,
    /// `None` only while the transport is dropped.
    http: Option<HttpClient>,
    behind_tls_proxy: bool,
    connections: Connections,
    /// The generation of the process that its thread belongs to.
    generation: u32,
    made: Instant,
    /// Its thread has panicked.
    broken: AtomicBool,
    /// Some thread is building its successor.
    is_being_replaced: AtomicBool,
}

/// A route, and the transport that its clients currently use. These clients have the same route, and had the same roots when
/// they were made. When one of them replaces an old transport, it does so for all, so idle clients do not keep it alive.
pub struct Way {
    route: Route,
    transport: ArcSwap<Transport>,
}

/// All ways in this process.
#[derive(Default)]
struct Ways {
    live: Vec<Weak<Way>>,
    /// The way that was used last, kept for the next client.
    last: Option<Arc<Way>>,
}

static WAYS: ArcSwapOption<Ways> = ArcSwapOption::const_empty();

impl Ways {
    fn live(&self) -> impl Iterator<Item = Arc<Way>> {
        self.live.iter().filter_map(Weak::upgrade)
    }

    fn find(&self, route: &Route, suits: impl Fn(&Transport) -> bool) -> Option<Arc<Way>> {
        self.live().find(|way| {
            let transport = way.transport.load();
            way.route == *route && suits(&transport) && transport.is_current()
        })
    }

    /// A way that differs in where its roots come from may still have found the same ones.
    fn find_transport(&self, route: &Route, suits: impl Fn(&Transport) -> bool) -> Option<Arc<Transport>> {
        let alike =
            |way: &Arc<Way>| way.route.proxy == route.proxy && way.route.connect_timeout == route.connect_timeout;
        let mut transports = self.live().filter(alike).map(|way| way.transport.load_full());
        transports.find(|transport| suits(transport) && transport.is_current())
    }

    fn with(&self, way: &Arc<Way>) -> Self {
        let known = Arc::downgrade(way);
        let others = self.live.iter().filter(|other| other.strong_count() > 0 && !other.ptr_eq(&known));
        Self { live: others.cloned().chain([known.clone()]).collect(), last: Some(Arc::clone(way)) }
    }
}

fn ways() -> Arc<Ways> {
    WAYS.load_full().unwrap_or_default()
}

/// Marks `way` as the one that was used last. If another thread was first with an equal one, marks and returns that.
fn enter(way: &Arc<Way>) -> Arc<Way> {
    let mut entered = Arc::clone(way);
    WAYS.rcu(|ways| {
        let ways = ways.clone().unwrap_or_default();
        let roots = &way.transport.load().roots;
        entered = ways.find(&way.route, |other| other.roots == *roots).unwrap_or_else(|| Arc::clone(way));
        Some(Arc::new(ways.with(&entered)))
    });
    entered
}

/// A transport for this route that trusts what was found. Other ways may be using it too.
fn find_or_build(
    route: &Route,
    found: Found,
    load: impl FnOnce(&Found) -> Result<Arc<Roots>, Refusal>,
) -> Result<Arc<Transport>, Refusal> {
    let ways = ways();
    if let Some(transport) = ways.find_transport(route, |transport| **transport.found.load() == found) {
        return Ok(transport);
    }
    let roots = load(&found)?;
    // Files that look changed may have the same content.
    if let Some(transport) = ways.find_transport(route, |transport| transport.roots == roots) {
        transport.found.store(Arc::new(found));
        return Ok(transport);
    }
    Transport::build(route, found, roots).map(Arc::new)
}

impl Way {
    pub fn proxy(&self) -> Option<&Proxy> {
        self.route.proxy.as_ref()
    }

    /// The way for this route, with the roots that are found there now.
    pub fn shared(route: Route) -> Result<Arc<Self>, Refusal> {
        let ways = ways();
        for way in ways.live().filter(|way| way.route == route) {
            // Replaces an old transport. Where that fails, `find` below does not return the way.
            let _ = way.transport();
        }
        let found = route.roots.look()?;
        if let Some(way) = ways.find(&route, |transport| **transport.found.load() == found) {
            let is_last = ways.last.as_ref().is_some_and(|last| Arc::ptr_eq(last, &way));
            return Ok(if is_last { way } else { enter(&way) });
        }
        let transport = find_or_build(&route, found, Found::load)?;
        Ok(enter(&Arc::new(Self { route, transport: ArcSwap::new(transport) })))
    }

    /// The transport to use. In a forked child, after a panic of its thread, or when it is old, this is its successor.
    pub fn transport(&self) -> Result<Arc<Transport>, Refusal> {
        let transport = self.transport.load_full();
        if !transport.is_usable() {
            return self.move_on_from(&transport);
        }
        if !transport.is_old() || transport.is_being_replaced.swap(true, Ordering::AcqRel) {
            return Ok(transport);
        }
        // Meanwhile other threads go on with the old one. So does this call if the new one cannot be built.
        let next = process::caught(|| self.move_on_from(&transport));
        transport.is_being_replaced.store(false, Ordering::Release);
        Ok(next.and_then(Result::ok).unwrap_or(transport))
    }

    fn move_on_from(&self, old: &Arc<Transport>) -> Result<Arc<Transport>, Refusal> {
        // Roots that are not old need not be read again, and a forked child may be unable to read any.
        let anew = old.is_old().then(|| find_or_build(&self.route, self.route.roots.look()?, Found::load));
        let next = match anew {
            Some(Ok(next)) => next,
            _ => find_or_build(&self.route, (**old.found.load()).clone(), |_| Ok(Arc::clone(&old.roots)))?,
        };
        // Another thread may have been first.
        let before = self.transport.compare_and_swap(old, Arc::clone(&next));
        Ok(if Arc::ptr_eq(&before, old) { next } else { Arc::clone(&before) })
    }
}

impl Transport {
    fn build(route: &Route, found: Found, roots: Arc<Roots>) -> Result<Self, Refusal> {
        let connections = Connections::default();
        let http = http_client::build(&roots, route.proxy.as_ref(), route.connect_timeout, &connections)?;
        Ok(Self {
            roots,
            found: ArcSwap::from_pointee(found),
            http: Some(http),
            behind_tls_proxy: route.proxy.as_ref().is_some_and(|proxy| proxy.url.starts_with("https:")),
            connections,
            generation: process::generation(),
            made: Instant::now(),
            broken: AtomicBool::new(false),
            is_being_replaced: AtomicBool::new(false),
        })
    }

    /// Sends the request, and waits for the result until `deadline` at most.
    pub fn exchange(&self, url: &Url, headers: &HeaderMap, deadline: Instant) -> Result<Answer, NoAnswer> {
        match &self.http {
            Some(http) => exchange(http, &self.connections, url, headers, deadline, self.behind_tls_proxy),
            None => Err(NoAnswer::NotStarted),
        }
    }

    fn is_usable(&self) -> bool {
        self.generation == process::generation() && !self.broken.load(Ordering::Acquire)
    }

    fn is_old(&self) -> bool {
        self.made.elapsed() >= LONGEST_USE
    }

    fn is_current(&self) -> bool {
        self.is_usable() && !self.is_old()
    }

    /// Marks the transport as unusable: its thread has panicked.
    pub fn retire(&self) {
        self.broken.store(true, Ordering::Release);
    }
}

impl Drop for Transport {
    fn drop(&mut self) {
        // Its thread is in another process, or has died. Joining it would abort, and its locks may never be released.
        if !self.is_usable() {
            std::mem::forget(self.http.take());
        }
    }
}
