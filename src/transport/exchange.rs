//! One request and its result: an answer, or the reason why there is none.

use std::error::Error;
use std::io::{ErrorKind, Read};
use std::time::Instant;

use reqwest::blocking::{Client as HttpClient, Response};
use reqwest::header::{CONNECTION, CONTENT_LENGTH, HeaderMap, RETRY_AFTER, TRANSFER_ENCODING};
use reqwest::{Method, Version};
use rustls::AlertDescription;
use url::Url;

use super::connections::Connections;
use super::error_chain::{chain, find, innermost, is_out_of_resources};
use super::resolver::ResolveError;
#[cfg(any(windows, target_os = "macos"))]
use super::system_verifier::Question;

const LARGEST_BODY: usize = 64 * 1024;

/// A response with a complete head.
#[derive(Debug)]
pub struct Answer {
    pub http_status: u16,
    /// The value of `Retry-After`.
    pub retry_after: Option<String>,
    pub body: Body,
    /// It is a refusal on a connection that has served no other request.
    pub refused_alone: bool,
    /// It is the last one on its connection.
    pub ends_connection: bool,
}

/// A body as it arrived. Only a complete one is parsed.
#[derive(Debug)]
pub enum Body {
    Complete(Vec<u8>),
    TooLarge,
    /// The connection ended or broke before the end of the body.
    Cut,
    /// Not complete at the deadline.
    Late,
}

/// The reason why no complete response head arrived. Strings are the HTTP stack's own texts.
#[derive(Debug)]
pub enum NoAnswer {
    /// No thread, descriptor or memory map was left for a connection.
    NoResources(String),
    NotResolved(String),
    ProxyRefused(String),
    NotConnected(String),
    /// The handshake failed, or the server demanded a client certificate and did not look at the request.
    TlsFailed(rustls::Error),
    /// The connection closed before the request was started.
    NotStarted,

    // In the following cases, the request may have arrived.
    /// The deadline passed.
    Late,
    NotHttp(String),
    Broken(String),
    BrokenByTls(rustls::Error),
}

/// With `behind_tls_proxy`, an alert may come from the proxy, so it says nothing about the request.
pub fn exchange(
    http: &HttpClient,
    connections: &Connections,
    url: &Url,
    headers: &HeaderMap,
    deadline: Instant,
    behind_tls_proxy: bool,
) -> Result<Answer, NoAnswer> {
    let (begun, sent) = send(http, connections, url, headers, deadline);
    #[cfg(any(windows, target_os = "macos"))]
    let (begun, sent) =
        once_trusted((begun, sent), || send(http, connections, url, headers, deadline), connections, deadline)?;
    match sent {
        Ok(mut response) => {
            let connection = connections.answered(response.extensions());
            let ends_connection = ends_connection(&response);
            // The wait is worthwhile only if the answer ends the connection.
            let until = if ends_connection { deadline } else { begun };
            let refused_alone =
                response.status().is_client_error() && connections.served_one_alone(connection, begun, until);
            if ends_connection {
                connections.ended(connection);
            }
            let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            Ok(Answer {
                http_status: response.status().as_u16(),
                retry_after: retry_after.map(str::to_owned),
                refused_alone,
                ends_connection,
                body: read(&mut response, deadline),
            })
        }
        Err(error) => {
            let fresh = connections.failed(&error) && !behind_tls_proxy;
            Err(no_answer(&error.without_url(), fresh, deadline))
        }
    }
}

/// Returns when the exchange began, and its result.
fn send(
    http: &HttpClient,
    connections: &Connections,
    url: &Url,
    headers: &HeaderMap,
    deadline: Instant,
) -> (Instant, reqwest::Result<Response>) {
    let begun = Instant::now();
    connections.exchange_begins();
    let sent = http
        .request(Method::DELETE, url.clone())
        .headers(headers.clone())
        // On the request, this is a real deadline; on the client, it would start again at every read.
        .timeout(deadline.saturating_duration_since(begun))
        .send();
    (begun, sent)
}

/// If the system has to be asked about the server's certificate, waits for its verdict and sends the request again.
#[cfg(any(windows, target_os = "macos"))]
fn once_trusted(
    mut sent: (Instant, reqwest::Result<Response>),
    send_again: impl Fn() -> (Instant, reqwest::Result<Response>),
    connections: &Connections,
    deadline: Instant,
) -> Result<(Instant, reqwest::Result<Response>), NoAnswer> {
    while let Err(error) = &sent.1
        && let Some(question) = Question::of(error)
    {
        connections.failed(error);
        match question.verdict(deadline) {
            Some(Ok(())) if question.leaves_time_to_connect(deadline) => sent = send_again(),
            Some(Ok(())) => return Err(NoAnswer::NotConnected(question.to_string())),
            Some(Err(error)) => return Err(NoAnswer::TlsFailed(error)),
            None => return Err(NoAnswer::NotConnected(question.to_string())),
        }
    }
    Ok(sent)
}

/// By RFC 9112, 9.3, or because only the end of the connection delimits the body (6.3).
fn ends_connection(response: &Response) -> bool {
    let has = |field, option: &str| {
        let lists = response.headers().get_all(field).iter().filter_map(|value| value.to_str().ok());
        lists.flat_map(|list| list.split(',')).any(|it| it.trim().eq_ignore_ascii_case(option))
    };
    let is_delimited = response.headers().contains_key(CONTENT_LENGTH) || has(TRANSFER_ENCODING, "chunked");
    has(CONNECTION, "close")
        || !is_delimited
        || response.version() == Version::HTTP_10 && !has(CONNECTION, "keep-alive")
}

fn read(response: &mut Response, deadline: Instant) -> Body {
    let mut bytes = Vec::new();
    let mut block = [0; 4096];
    loop {
        match response.read(&mut block) {
            Ok(0) => return Body::Complete(bytes),
            Ok(count) => bytes.extend(block.iter().take(count)),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) if Instant::now() >= deadline => return Body::Late,
            Err(_) => return Body::Cut,
        }
        if bytes.len() > LARGEST_BODY {
            return Body::TooLarge;
        }
        // A body that arrives slowly must not take us past the deadline.
        if Instant::now() >= deadline {
            return Body::Late;
        }
    }
}

/// With `fresh`, an alert on this connection comes from the service and means that the request was not read.
fn no_answer(error: &reqwest::Error, fresh: bool, deadline: Instant) -> NoAnswer {
    let hyper_error = find::<hyper::Error>(error);
    let tls_error = find::<rustls::Error>(error);
    let not_started = hyper_error.is_some_and(hyper::Error::is_canceled);
    if error.is_connect() {
        if is_out_of_resources(error) {
            NoAnswer::NoResources(innermost(error))
        } else if let Some(reason) = chain(error).find_map(proxy_refusal) {
            NoAnswer::ProxyRefused(reason)
        } else if chain(error).any(is_unresolved_socks_proxy) {
            NoAnswer::NotResolved("the system could not resolve it".into())
        } else if let Some(error) = find::<ResolveError>(error) {
            NoAnswer::NotResolved(error.to_string())
        } else if let Some(error) = tls_error {
            NoAnswer::TlsFailed(error.clone())
        } else if error.is_timeout() {
            NoAnswer::NotConnected("not within the connect time-out".into())
        } else {
            NoAnswer::NotConnected(innermost(error))
        }
    } else if let Some(error) = tls_error.filter(|error| (fresh || not_started) && refuses_client_certificate(error)) {
        NoAnswer::TlsFailed(error.clone())
    } else if not_started {
        NoAnswer::NotStarted
    } else if Instant::now() >= deadline {
        NoAnswer::Late
    } else if hyper_error.is_some_and(hyper::Error::is_parse) {
        NoAnswer::NotHttp(innermost(error))
    } else if let Some(error) = tls_error {
        NoAnswer::BrokenByTls(error.clone())
    } else {
        NoAnswer::Broken(innermost(error))
    }
}

/// The proxy was not reached. For HTTP proxies, an error further down the chain says why.
const NO_CONNECTION: &str = "failed to create underlying connection";

/// What a proxy did instead of opening a tunnel. The stack's error types are private, so only their texts can be used.
/// Tests would notice a change of these.
fn proxy_refusal(error: &(dyn Error + 'static)) -> Option<String> {
    let text = error.to_string();
    let reason = text.strip_prefix("tunnel error: ").or_else(|| text.strip_prefix("SOCKS error: "))?;
    (reason != NO_CONNECTION).then(|| reason.to_owned())
}

/// The error of the SOCKS client has no source, so only its `Debug` output says what it wraps.
fn is_unresolved_socks_proxy(error: &(dyn Error + 'static)) -> bool {
    error.to_string().ends_with(&format!("SOCKS error: {NO_CONNECTION}")) && format!("{error:?}").contains("dns error")
}

/// In TLS 1.3 the server sends this alert only after the handshake. The request has been sent by then, but was not read.
pub fn refuses_client_certificate(error: &rustls::Error) -> bool {
    matches!(
        error,
        rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired
                | AlertDescription::UnknownCA
                | AlertDescription::BadCertificate
                | AlertDescription::AccessDenied
        )
    )
}
