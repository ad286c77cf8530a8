//! The base URL of the service.

use rustls::pki_types::ServerName;
use url::{Host, Url};

use crate::outcome::Refusal;

use super::resolver::is_localhost;
use super::url::{authority, checked_url, shown};

/// The development host, the only one that the service's own page names:
/// <https://wiki.signatus.com/documentation/okdokument-api/3-4-delete-signature-request-id/>
const DEFAULT_BASE_URL: &str = "https://apidev.okdokument.com";

#[derive(Debug)]
pub struct BaseUrl {
    /// The part before `/JSON`: a scheme, a host, and possibly a port and a path prefix.
    url: Url,
    /// Scheme, host and port, for messages.
    origin: String,
}

impl BaseUrl {
    pub fn parse(text: Option<&str>) -> Result<Self, Refusal> {
        let text = text.unwrap_or(DEFAULT_BASE_URL);
        let mut url = checked_url("base_url", text, &["https", "http"])?;
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
            // For example a label of more than 63 characters: no certificate can be issued for it.
            return Err(Refusal::argument(format!("base_url {} has an invalid host name", shown(text))));
        }
        Ok(base)
    }

    /// The base URL with `path` appended to its own path.
    pub fn join(&self, path: &str) -> Option<Url> {
        let mut url = self.url.clone();
        let full = format!("{}{path}", self.url.path().trim_end_matches('/'));
        url.set_path(&full);
        // A last check before it is sent: URL parsers change some paths silently, and this path says what to delete.
        (url.path() == full && url.query().is_none() && url.fragment().is_none()).then_some(url)
    }

    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    pub fn host(&self) -> Option<&str> {
        self.url.host_str()
    }

    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or_default()
    }

    pub fn is_loopback(&self) -> bool {
        match self.url.host() {
            Some(Host::Domain(name)) => is_localhost(name),
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.to_canonical().is_loopback(),
            None => false,
        }
    }

    /// Whether it is this machine, which a proxy must not be asked for. Unlike `is_loopback`, which decides on plain http,
    /// this accepts a final dot.
    pub fn is_this_machine(&self) -> bool {
        let host = self.url.host_str().unwrap_or_default();
        self.is_loopback() || is_localhost(host.trim_end_matches('.'))
    }

    pub fn origin(&self) -> &str {
        &self.origin
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_kept_up_to_its_json() {
        for (text, url) in [
            (None, "https://apidev.okdokument.com/JSON/x"),
            (Some("https://h.test"), "https://h.test/JSON/x"),
            (Some("https://h.test/"), "https://h.test/JSON/x"),
            (Some("https://h.test/JSON"), "https://h.test/JSON/x"),
            (Some("https://h.test/JSON/"), "https://h.test/JSON/x"),
            (Some("https://h.test/a/b"), "https://h.test/a/b/JSON/x"),
            (Some("https://h.test/a/JSON"), "https://h.test/a/JSON/x"),
            (Some("HTTPS://H.test:443"), "https://h.test/JSON/x"),
            (Some("https://b\u{fc}cher.test"), "https://xn--bcher-kva.test/JSON/x"),
            (Some("http://localhost:8080"), "http://localhost:8080/JSON/x"),
            (Some("http://app.dev.localhost"), "http://app.dev.localhost/JSON/x"),
            (Some("http://127.9.9.9"), "http://127.9.9.9/JSON/x"),
            (Some("http://[::1]:1"), "http://[::1]:1/JSON/x"),
        ] {
            assert_eq!(BaseUrl::parse(text).unwrap().join("/JSON/x").unwrap().as_str(), url, "{text:?}");
        }
    }

    #[test]
    fn this_machine_is_never_proxied_however_it_is_written() {
        let is_this_machine = |text: &str| BaseUrl::parse(Some(text)).unwrap().is_this_machine();
        for text in
            ["https://localhost.", "https://a.localhost.", "https://localhost", "https://[::1]", "https://127.1"]
        {
            assert!(is_this_machine(text), "{text}");
        }
        assert!(!is_this_machine("https://localhost.h.test") && !is_this_machine("https://192.0.2.1"));
    }

    #[test]
    fn a_base_url_that_would_be_read_in_two_ways_is_refused() {
        for (text, reason) in [
            ("http://h.test", "in the clear"),
            ("http://localhost.h.test", "in the clear"),
            ("https://user@h.test", "user name"),
            ("https://h.test?x", "query"),
            ("https://h.test#x", "fragment"),
            ("https://h.test/../x", ". or .."),
            ("https://h.test/%2e%2E", ". or .."),
            ("https://h.test\\x", "not allowed in a URL"),
            ("https://h test", "a space"),
            ("https://h.test:0", "port 0"),
            ("https://[fe80::1%25lo]", "a zone"),
            ("ftp://h.test", "must begin with https:// or http://"),
            ("h.test", "must begin with"),
            ("", "is empty"),
        ] {
            let refusal = BaseUrl::parse(Some(text)).unwrap_err().to_string();
            assert!(refusal.contains(reason), "{text}: {refusal}");
        }
    }
}
