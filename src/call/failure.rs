//! An attempt that brought no complete response head: what the HTTP stack's error says of it.

use std::error::Error;
use std::io;
use std::time::Instant;

use rustls::{AlertDescription, CertificateError, InvalidMessage};

use crate::outcome::attempt::{Attempt, Ended};
use crate::outcome::status::{
    OKDOK_STATUS_CONNECT_FAILED, OKDOK_STATUS_CONNECTION_LOST, OKDOK_STATUS_NO_RESOURCES, OKDOK_STATUS_PROXY_REFUSED,
    OKDOK_STATUS_RESOLVE_FAILED, OKDOK_STATUS_TIMED_OUT, OKDOK_STATUS_TLS_FAILED, OKDOK_STATUS_UNEXPECTED_RESPONSE,
};
use crate::transport::proxy::Proxy;
use crate::transport::resolver::ResolveError;

/// What the attempt knows besides the error.
pub struct Circumstances<'a> {
    /// Scheme, host and port of the service.
    pub origin: &'a str,
    pub proxy: Option<&'a Proxy>,
    /// The connection had not brought an answer before.
    pub fresh: bool,
    pub deadline: Instant,
}

pub fn judge(error: reqwest::Error, circumstances: &Circumstances) -> Attempt {
    let error = error.without_url();
    let Circumstances { origin, proxy, .. } = circumstances;
    let innermost = chain(&error).last().map(ToString::to_string).unwrap_or_default();
    let through = proxy.map_or(String::new(), |proxy| format!(" through the proxy {}", proxy.url));
    let hyper_error = find::<hyper::Error>(&error);
    let tls_error = find::<rustls::Error>(&error);
    let canceled = hyper_error.is_some_and(hyper::Error::is_canceled);

    let (ended, retry, status, message) = if error.is_connect() {
        let (retry, status, message) = if is_out_of_resources(&error) {
            let advice = "lower the process's load or raise its limits (ulimit -n, -u)";
            let message = format!("no thread, descriptor or memory was left for a connection: {innermost}; {advice}");
            (false, OKDOK_STATUS_NO_RESOURCES, message)
        } else if let Some(refusal) = chain(&error).find_map(tunnel_refusal) {
            (false, OKDOK_STATUS_PROXY_REFUSED, proxy_message(*proxy, origin, &refusal))
        } else if let Some(error) = find::<ResolveError>(&error) {
            let host = proxy.map_or(*origin, |proxy| proxy.url.as_str());
            let advice = "check base_url, the proxy and the name servers";
            let message = format!("the host name of {host} could not be resolved: {error}; {advice}");
            (true, OKDOK_STATUS_RESOLVE_FAILED, message)
        } else if let Some(error) = tls_error {
            (false, OKDOK_STATUS_TLS_FAILED, tls_message(&format!("{origin}{through}"), error))
        } else {
            let reason = if error.is_timeout() { "not within the connect time-out" } else { &innermost };
            let advice = "check base_url, the network, firewalls and whether a proxy is needed";
            let message = format!("no connection to {origin}{through}: {reason}; {advice}");
            (true, OKDOK_STATUS_CONNECT_FAILED, message)
        };
        (Ended::NotSent, retry, status, message)
    } else if let Some(error) =
        tls_error.filter(|error| (circumstances.fresh || canceled) && is_certificate_alert(error))
    {
        (Ended::NotSent, false, OKDOK_STATUS_TLS_FAILED, tls_message(&format!("{origin}{through}"), error))
    } else if canceled {
        let message = format!("the connection to {origin}{through} closed before the request was started");
        (Ended::NotSent, true, OKDOK_STATUS_CONNECT_FAILED, message)
    } else if Instant::now() >= circumstances.deadline {
        let advice = "allow more time with timeout_ms if this repeats";
        let message = format!("{origin} gave no complete answer before the deadline; {advice}");
        (Ended::Open, false, OKDOK_STATUS_TIMED_OUT, message)
    } else if hyper_error.is_some_and(hyper::Error::is_parse) {
        let advice = "check base_url, its port and whether it wants https";
        let message = format!("what answered at {origin} does not speak HTTP as it should ({innermost}); {advice}");
        (Ended::Open, true, OKDOK_STATUS_UNEXPECTED_RESPONSE, message)
    } else {
        let message = format!("the connection to {origin}{through} broke before an answer came: {innermost}");
        (Ended::Open, true, OKDOK_STATUS_CONNECTION_LOST, message)
    };
    Attempt::unanswered(ended, retry, status, message)
}

/// An error and all that it wraps. `io::Error::source()` skips the very error that it wraps.
pub fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    })
}

/// The first error of this type in the chain.
pub fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// Whether the system had no thread, descriptor or memory map left.
pub fn is_out_of_resources(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(is_exhaustion)
}

fn is_exhaustion(error: &(dyn Error + 'static)) -> bool {
    #[cfg(unix)]
    const EXHAUSTED: &[i32] = &[libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
    #[cfg(windows)]
    const EXHAUSTED: &[i32] = &[10_024, 10_055]; // WSAEMFILE, WSAENOBUFS
    if let Some(ResolveError::NoThread(_)) = error.downcast_ref() {
        return true;
    }
    let io = match error.downcast_ref() {
        Some(ResolveError::Lookup(io)) => Some(io),
        _ => error.downcast_ref::<io::Error>(),
    };
    io.and_then(io::Error::raw_os_error).is_some_and(|code| EXHAUSTED.contains(&code))
}

/// What a proxy did instead of opening a tunnel. The stack's type is private, so its text must do; a test pins it.
fn tunnel_refusal(error: &(dyn Error + 'static)) -> Option<String> {
    let text = error.to_string();
    let reason = text.strip_prefix("tunnel error: ")?;
    // The proxy was not even reached: an error of connecting, further down the chain.
    (reason != "failed to create underlying connection").then(|| reason.to_owned())
}

fn proxy_message(proxy: Option<&Proxy>, origin: &str, refusal: &str) -> String {
    let url = proxy.map_or("", |proxy| proxy.url.as_str());
    let reason = match refusal {
        "proxy authorization required" if proxy.is_some_and(|proxy| proxy.authorization.is_some()) => {
            "it did not accept the user name and password (407)"
        }
        "proxy authorization required" => "it asks for a login (407): put user:password@ into the proxy's URL",
        "unsuccessful" => "it refused",
        "unexpected end of file" | "io error establishing tunnel" => "it hung up",
        other => other,
    };
    format!(
        "the proxy {url} opened no tunnel to {origin}: {reason}. Nothing was sent to the service. Set the right proxy in \
         options.proxy or HTTPS_PROXY, or exclude the host by NO_PROXY; PAC files and NTLM or Kerberos logins are not \
         spoken"
    )
}

/// Refusals of the client's certificate: the request, sent in the same breath, was not looked at.
fn is_certificate_alert(error: &rustls::Error) -> bool {
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

fn tls_message(origin: &str, error: &rustls::Error) -> String {
    use rustls::Error::{AlertReceived, InvalidCertificate, InvalidMessage as Invalid, PeerIncompatible};
    let reason = match error {
        InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "the server's certificate has expired (is this machine's clock right?)".into()
        }
        InvalidCertificate(CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) => {
            "the server's certificate is not valid yet (is this machine's clock right?)".into()
        }
        InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }) => {
            format!("the server's certificate is for another host ({error})")
        }
        InvalidCertificate(CertificateError::UnknownIssuer) => {
            "the server's certificate comes from an issuer that is not trusted (self-signed, a private authority, or an \
             intermediate certificate is missing); name the authority's bundle in ca_file"
                .into()
        }
        InvalidCertificate(CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. }) => {
            "the server's certificate is not meant for servers (wrong key usage)".into()
        }
        Invalid(InvalidMessage::InvalidContentType) => {
            "it does not speak TLS on this port; check the port of base_url".into()
        }
        PeerIncompatible(_) | AlertReceived(AlertDescription::ProtocolVersion) => {
            format!("it does not speak TLS 1.2 or newer as okdok does ({error})")
        }
        error if is_certificate_alert(error) => {
            format!("the server demands a client certificate, which okdok does not send ({error})")
        }
        error => error.to_string(),
    };
    format!("no secure connection to {origin}: {reason}. The request was not acted upon")
}
