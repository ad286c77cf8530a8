//! Sets up the HTTP client, and turns off what the HTTP stack does by default but must not do here.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use reqwest::blocking::Client as HttpClient;
use reqwest::redirect;
use rustls::ClientConfig;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring;
use tower::util::MapResponseLayer;

use crate::outcome::Refusal;
use crate::process;

use super::connections::Connections;
use super::error_chain::{chain, innermost};
use super::proxy::Proxy;
use super::resolver::DetachedResolver;
use super::roots::{Behind, Roots};
#[cfg(all(unix, not(target_os = "macos")))]
use super::spare_roots::SpareRootsVerifier;
#[cfg(any(windows, target_os = "macos"))]
use super::system_verifier::SystemVerifier;

/// Common servers close an idle connection after 5 s; no request should be sent at that moment.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

pub fn build(
    roots: &Roots,
    proxy: Option<&Proxy>,
    connect_timeout: Duration,
    connections: &Connections,
) -> Result<HttpClient, Refusal> {
    let (made, arrived) = (connections.clone(), connections.clone());
    let mut builder = HttpClient::builder()
        .https_only(!roots.known.is_empty())
        .tls_backend_preconfigured(tls_config(roots, connect_timeout)?)
        .http1_only()
        // A redirect would carry the key to another host, and a 303 would turn the DELETE into a GET.
        .redirect(redirect::Policy::none())
        .referer(false)
        // Never retries. The classifier is here because the stack's thread passes it each answer.
        .retry(reqwest::retry::never().classify_fn(move |answer| {
            if answer.status().is_some() {
                arrived.answer_arrives();
            }
            answer.success()
        }))
        .no_proxy()
        .dns_resolver(Arc::new(DetachedResolver::new(connect_timeout)))
        .connect_timeout(connect_timeout)
        .pool_idle_timeout(IDLE_TIMEOUT)
        // Each request has its own deadline.
        .timeout(None)
        .connector_layer(MapResponseLayer::new(move |connection| {
            made.made(&connection);
            connection
        }));
    #[cfg(target_os = "linux")]
    {
        // A pooled connection whose peer has vanished costs no more time than a new one may take.
        builder = builder.tcp_user_timeout(connect_timeout);
    }
    if let Some(proxy) = proxy {
        builder = builder.proxy(proxy.to_stack()?);
    }
    process::with_async_signals_blocked(|| builder.build()).map_err(|error| not_built(&error))
}

/// TLS 1.2 or newer with ring, trusting `roots`.
#[cfg_attr(not(any(windows, target_os = "macos")), expect(unused_variables, reason = "no system's verifier here"))]
fn tls_config(roots: &Roots, connect_timeout: Duration) -> Result<ClientConfig, Refusal> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Refusal::Internal(error.to_string()))?;
    let known = Arc::clone(&roots.known);
    let verifier: Arc<dyn ServerCertVerifier> = match &roots.behind {
        Behind::Nothing => return Ok(config.with_root_certificates(known).with_no_client_auth()),
        #[cfg(any(windows, target_os = "macos"))]
        Behind::System => Arc::new(SystemVerifier::new(known, provider, connect_timeout)?),
        #[cfg(all(unix, not(target_os = "macos")))]
        Behind::Spare(spare) => {
            Arc::new(SpareRootsVerifier::new(known, Arc::clone(spare), provider.signature_verification_algorithms))
        }
    };
    Ok(config.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

fn not_built(error: &reqwest::Error) -> Refusal {
    let innermost = innermost(error);
    if chain(error).any(<dyn std::error::Error>::is::<io::Error>) {
        Refusal::NoResources(format!("no thread or descriptor was available for the connections: {innermost}"))
    } else {
        Refusal::Internal(innermost)
    }
}
