//! Connections: one pool, one TLS configuration and one thread for all clients that go the same way.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use once_cell::sync::OnceCell;
use reqwest::blocking::Client as HttpClient;
use reqwest::redirect;
use rustls::RootCertStore;
use tower::util::MapResponseLayer;

use crate::call::failure;
use crate::outcome::refusal::Refusal;
use crate::process::fork;
use crate::process::lock::LeafLock;
use crate::process::signals;
use crate::transport::connections::FreshConnections;
use crate::transport::proxy::Proxy;
use crate::transport::resolver::DetachedResolver;
use crate::transport::roots::{self, Source};

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
    fresh: FreshConnections,
    /// The process that its thread belongs to.
    generation: u32,
    /// Its thread has panicked.
    broken: AtomicBool,
    /// What to use instead, once its process or its thread is lost. Set under `TRANSPORTS` only.
    successor: OnceCell<Arc<Transport>>,
}

pub struct Transports {
    live: Vec<(Route, Weak<Transport>)>,
    /// Used last, kept for the next client.
    last: Option<Arc<Transport>>,
}

pub static TRANSPORTS: LeafLock<Transports> = LeafLock::new(Transports { live: Vec::new(), last: None });

impl Transports {
    fn find(&self, route: &Route) -> Option<Arc<Transport>> {
        // By the route beside it: one held here while its last client goes would end under the lock.
        let same = self.live.iter().filter(|(other, _)| other == route);
        same.filter_map(|(_, transport)| transport.upgrade()).find(|transport| transport.is_usable())
    }

    fn add(&mut self, transport: &Arc<Transport>) {
        self.live.retain(|(_, other)| other.strong_count() > 0);
        self.live.push((transport.route.clone(), Arc::downgrade(transport)));
    }
}

impl Transport {
    /// The transport for `route`, which other clients may be using too.
    pub fn shared(route: Route) -> Result<Arc<Self>, Refusal> {
        let source = route.roots.clone();
        let transport = Self::find_or_build(route, || source.load())?;
        // The one used before ends here where no client has it, after the lock.
        let displaced = TRANSPORTS.lock().last.replace(Arc::clone(&transport));
        drop(displaced);
        Ok(transport)
    }

    fn find_or_build(
        route: Route,
        roots: impl FnOnce() -> Result<Arc<RootCertStore>, Refusal>,
    ) -> Result<Arc<Self>, Refusal> {
        let found = TRANSPORTS.lock().find(&route);
        if let Some(found) = found {
            return Ok(found);
        }
        // Without the lock: files may be slow, and a new thread may wait for the loader. Those who race build one each.
        let built = Arc::new(Self::build(route, roots()?)?);
        let mut transports = TRANSPORTS.lock();
        if let Some(found) = transports.find(&built.route) {
            return Ok(found);
        }
        transports.add(&built);
        Ok(built)
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
        let next = Self::find_or_build(self.route.clone(), || Ok(Arc::clone(&self.roots)))?;
        // Another thread may have come first.
        let _lock = TRANSPORTS.lock();
        Ok(Arc::clone(self.successor.get_or_init(|| next)))
    }

    fn is_usable(&self) -> bool {
        self.generation == fork::generation() && !self.broken.load(Ordering::Acquire)
    }

    /// Not to be used again: its thread has panicked.
    pub fn retire(&self) {
        self.broken.store(true, Ordering::Release);
    }

    fn build(route: Route, roots: Arc<RootCertStore>) -> Result<Self, Refusal> {
        let fresh = FreshConnections::default();
        let made = fresh.clone();
        let tls_config = {
            // `fork` waits for this lock: ring initialises itself below, and a child must not meet that half done.
            let _lock = TRANSPORTS.lock();
            roots::tls_config(&roots)?
        };
        let mut builder = HttpClient::builder()
            .tls_backend_preconfigured(tls_config)
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
                made.made(&connection);
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
            fresh,
            generation: fork::generation(),
            broken: AtomicBool::new(false),
            successor: OnceCell::new(),
        })
    }

    pub fn http(&self) -> Option<&HttpClient> {
        self.http.as_ref()
    }

    pub fn fresh(&self) -> &FreshConnections {
        &self.fresh
    }

    pub fn proxy(&self) -> Option<&Proxy> {
        self.route.proxy.as_ref()
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

fn not_built(error: &reqwest::Error) -> Refusal {
    let innermost = failure::chain(error).last().map(ToString::to_string).unwrap_or_default();
    if failure::chain(error).any(<dyn std::error::Error>::is::<std::io::Error>) {
        Refusal::NoResources(format!("no thread or descriptor could be had for the connections: {innermost}"))
    } else {
        Refusal::Internal(innermost)
    }
}
