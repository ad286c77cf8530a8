//! The URLs that a caller gives: the base URL of the service, and that of a proxy.

use hyper::Uri;
use rustls::pki_types::ServerName;
use url::{Host, Url};

use crate::abi::options::check_length;
use crate::outcome::refusal::Refusal;

/// The development host, the only one that the service's own page names:
/// <https://wiki.signatus.com/documentation/okdokument-api/3-4-delete-signature-request-id/>
const DEFAULT_BASE_URL: &str = "https://apidev.okdokument.com";

#[derive(Debug)]
pub struct BaseUrl {
    /// Ends before `/JSON`: a scheme, a host, perhaps a port and a path prefix.
    url: Url,
    /// For messages: scheme, host and port.
    origin: String,
}

impl BaseUrl {
    pub fn parse(text: Option<&str>) -> Result<Self, Refusal> {
        let text = text.unwrap_or(DEFAULT_BASE_URL);
        let mut url = checked_url("base_url", text)?;
        if url.username() != "" || url.password().is_some() || authority(text).contains('@') {
            return Err(Refusal::argument(
                "base_url must not hold a user name or password; the API key goes into api_key",
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(Refusal::argument(format!("base_url {} must not have a query or fragment", shown(text))));
        }
        let path = url.path().trim_end_matches('/');
        let prefix = path.strip_suffix("/JSON").unwrap_or(path).to_owned();
        url.set_path(&prefix);
        let origin = url.origin().ascii_serialization();
        let base = Self { url, origin };
        if !base.is_https() && !base.is_loopback() {
            return Err(Refusal::argument(format!(
                "base_url {} would send the API key in the clear; use https:// (http:// is for loopback addresses and \
                 localhost only)",
                shown(text)
            )));
        }
        let host = base.url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        if ServerName::try_from(host).is_err() {
            // A label of more than 63 characters, say: no certificate can be for it.
            return Err(Refusal::argument(format!("base_url {} has an impossible host name", shown(text))));
        }
        Ok(base)
    }

    /// This base with `path` behind its own.
    pub fn join(&self, path: &str) -> Option<Url> {
        let mut url = self.url.clone();
        let full = format!("{}{path}", self.url.path().trim_end_matches('/'));
        url.set_path(&full);
        // Once more before it is sent: URL parsers mend some paths silently, and this one says what will be deleted.
        (url.path() == full && url.query().is_none() && url.fragment().is_none()).then_some(url)
    }

    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    pub fn is_loopback(&self) -> bool {
        match self.url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.to_canonical().is_loopback(),
            None => false,
        }
    }

    pub fn origin(&self) -> &str {
        &self.origin
    }
}

/// A URL that means just what it says: nothing in it that a parser would drop or mend.
pub fn checked_url(name: &str, text: &str) -> Result<Url, Refusal> {
    check_length(name, text, 2048)?;
    if let Some(c) = text.chars().find(|c| c.is_control() || matches!(c, ' ' | '\\')) {
        return Err(Refusal::argument(format!(
            "{name} holds {}, which no URL may",
            match c {
                ' ' => "a space".into(),
                c => c.escape_default().to_string(),
            }
        )));
    }
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    if !(scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")) {
        return Err(Refusal::argument(format!("{name} {} must begin with https:// or http://", shown(text))));
    }
    let path = rest.find('/').map_or("", |at| rest.split_at(at).1);
    let is_dots = |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    if authority(text).is_empty() || authority(text).contains('%') && name == "base_url" || path.split('/').any(is_dots)
    {
        return Err(Refusal::argument(format!("{name} {} has no host, or . or .. in its path", shown(text))));
    }
    let invalid = |why: &str| Refusal::argument(format!("{name} {} is not a usable URL: {why}", shown(text)));
    let url = Url::parse(text).map_err(|error| invalid(&error.to_string()))?;
    if url.port() == Some(0) {
        return Err(invalid("port 0"));
    }
    match url.as_str().parse::<Uri>() {
        Ok(_) => Ok(url),
        Err(error) => Err(invalid(&error.to_string())),
    }
}

/// What stands between `//` and the path, before any parser touched it.
fn authority(text: &str) -> &str {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

/// For messages: only what is plainly a URL. Anything else may be the key in the wrong place, or hold a password.
fn shown(text: &str) -> String {
    let authority = authority(text);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    let behind_ipv6 = authority.rsplit_once(']').map_or(authority, |(_, rest)| rest);
    let port = behind_ipv6.split_once(':').map_or("", |(_, port)| port);
    if text.contains("://") && authority.chars().all(plain) && port.chars().all(|c| c.is_ascii_digit()) {
        format!("\"{text}\"")
    } else {
        "(not shown, it may hold a secret)".into()
    }
}
