//! Connections: one pool, one TLS configuration and one thread for all clients that go the same way.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use once_cell::sync::OnceCell;
use reqwest::blocking::Client as HttpClient;
use reqwest::redirect;
use rustls::RootCertStore;
use tower::util::MapResponseLayer;

use crate::failure;
use crate::fork;
use crate::lock::LeafLock;
use crate::proxy::Proxy;
use crate::refusal::Refusal;
use crate::resolver::DetachedResolver;
use crate::roots::{self, Source};
use crate::signals;

/// Common servers close an idle connection after 5 s; a request should not meet that.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// What transports are shared by.
#[derive(Clone, PartialEq, Eq)]
pub struct Route {
    pub https: bool,
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
    /// Connections made so far.
    connections: Arc<AtomicUsize>,
    /// The process that its thread belongs to.
    generation: u32,
    /// Its thread has panicked.
    broken: AtomicBool,
    /// What to use instead, once its process or its thread is lost. Set under `TRANSPORTS` only.
    successor: OnceCell<Arc<Transport>>,
}

pub struct Transports {
    live: Vec<Weak<Transport>>,
    /// Used last, kept for the next client.
    last: Option<Arc<Transport>>,
}

/// Also held while a transport is built, so that no `fork` meets one half made.
pub static TRANSPORTS: LeafLock<Transports> = LeafLock::new(Transports { live: Vec::new(), last: None });

impl Transports {
    fn find(&self, route: &Route) -> Option<Arc<Transport>> {
        let live = self.live.iter().filter_map(Weak::upgrade);
        live.into_iter().find(|t| t.is_usable() && t.route == *route)
    }

    fn add(&mut self, transport: Transport) -> Arc<Transport> {
        let transport = Arc::new(transport);
        self.live.retain(|other| other.strong_count() > 0);
        self.live.push(Arc::downgrade(&transport));
        transport
    }
}

impl Transport {
    /// The transport for `route`, which other clients may be using too.
    pub fn shared(route: Route) -> Result<Arc<Self>, Refusal> {
        let mut transports = TRANSPORTS.lock();
        let transport = if let Some(found) = transports.find(&route) {
            found
        } else {
            let roots = route.roots.load()?;
            transports.add(Self::build(route, roots)?)
        };
        let displaced = transports.last.replace(Arc::clone(&transport));
        // The one used before ends here where no client has it, and outside the lock.
        drop(transports);
        drop(displaced);
        Ok(transport)
    }

    /// This transport, or what has taken its place in a forked child or after a panic of its thread.
    pub fn usable(self: &Arc<Self>) -> Result<Arc<Self>, Refusal> {
        let mut transport = Arc::clone(self);
        while !transport.is_usable() {
            let next = transport.successor.get().cloned();
            transport = match next {
                Some(next) => next,
                None => transport.replace()?,
            };
        }
        Ok(transport)
    }

    fn replace(&self) -> Result<Arc<Self>, Refusal> {
        let mut transports = TRANSPORTS.lock();
        // Another thread may have come first.
        if let Some(next) = self.successor.get() {
            return Ok(Arc::clone(next));
        }
        let next = match transports.find(&self.route) {
            Some(found) => found,
            None => transports.add(Self::build(self.route.clone(), Arc::clone(&self.roots))?),
        };
        let _ = self.successor.set(Arc::clone(&next));
        Ok(next)
    }

    fn is_usable(&self) -> bool {
        self.generation == fork::generation() && !self.broken.load(Ordering::Acquire)
    }

    /// Not to be used again: its thread has panicked.
    pub fn retire(&self) {
        self.broken.store(true, Ordering::Release);
    }

    fn build(route: Route, roots: Arc<RootCertStore>) -> Result<Self, Refusal> {
        let connections = Arc::new(AtomicUsize::new(0));
        let made = Arc::clone(&connections);
        let mut builder = HttpClient::builder()
            .tls_backend_preconfigured(roots::tls_config(&roots)?)
            .https_only(route.https)
            .http1_only()
            // A redirect would carry the key to another host, and a 303 would turn the DELETE into a GET.
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .no_proxy()
            .dns_resolver(Arc::new(DetachedResolver::new(route.connect_timeout)))
            .connect_timeout(route.connect_timeout)
            .pool_idle_timeout(IDLE_TIMEOUT)
            // Each request brings its own deadline.
            .timeout(None)
            .connector_layer(MapResponseLayer::new(move |connection| {
                made.fetch_add(1, Ordering::AcqRel);
                connection
            }));
        #[cfg(target_os = "linux")]
        {
            // A pooled connection whose peer has vanished costs no more than making one.
            builder = builder.tcp_user_timeout(route.connect_timeout);
        }
        if let Some(proxy) = &route.proxy {
            let mut through = reqwest::Proxy::all(&proxy.url).map_err(|error| Refusal::Internal(error.to_string()))?;
            if let Some(authorization) = &proxy.authorization {
                through = through.custom_http_auth(authorization.clone());
            }
            builder = builder.proxy(through);
        }
        let http = signals::with_async_signals_blocked(|| builder.build()).map_err(|error| not_built(&error))?;
        Ok(Self {
            route,
            roots,
            http: Some(http),
            connections,
            generation: fork::generation(),
            broken: AtomicBool::new(false),
            successor: OnceCell::new(),
        })
    }

    pub fn http(&self) -> Option<&HttpClient> {
        self.http.as_ref()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Acquire)
    }

    pub fn proxy(&self) -> Option<&Proxy> {
        self.route.proxy.as_ref()
    }
}

impl Drop for Transport {
    fn drop(&mut self) {
        // Its thread is not in this process: joining it would abort, and its locks may be held for ever.
        if self.generation != fork::generation() {
            std::mem::forget(self.http.take());
        }
    }
}

fn not_built(error: &reqwest::Error) -> Refusal {
    let innermost = failure::chain(error).last().map(ToString::to_string).unwrap_or_default();
    if failure::chain(error).any(<dyn std::error::Error>::is::<std::io::Error>) {
        Refusal::NoResources(format!("no thread or descriptor could be had for the connections: {innermost}"))
    } else {
        Refusal::Internal(innermost)
    }
}
