//! Which proxy a client goes through, decided once in `okdok_client_new`.

use std::net::IpAddr;

use hyper::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use reqwest::header::HeaderValue;
use url::{Host, Url};

use crate::outcome::Refusal;
use crate::process;

use super::base_url::BaseUrl;
use super::url::checked_url;

const SCHEMES: [&str; 4] = ["http", "https", "socks5", "socks5h"];
const SOCKS_PORT: u16 = 1080;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// Without user name and password, so it may be shown in messages.
    pub url: String,
    /// The login for an HTTP proxy.
    pub authorization: Option<HeaderValue>,
    /// The user name and password for a SOCKS proxy.
    pub login: Option<(String, String)>,
}

impl Proxy {
    /// The proxy for `base`: `option` if given ("" means none), or else the environment's, or else the system's.
    pub fn resolve(option: Option<&str>, base: &BaseUrl) -> Result<Option<Self>, Refusal> {
        let explicit = match option {
            Some("") => return Ok(None),
            Some(url) => Some(Self::parse("options.proxy", url)?),
            None => None,
        };
        // The proxy would get the key in the clear, and its loopback is not ours.
        if base.is_this_machine() {
            return Ok(None);
        }
        if explicit.is_some() {
            return Ok(explicit);
        }
        if let Some((_, list)) = first_set(&["NO_PROXY", "no_proxy"])?
            && is_excluded(&list, base)
        {
            return Ok(None);
        }
        match first_set(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])? {
            Some((name, url)) => Self::parse(name, &url).map(Some),
            None => Self::of_the_system(base),
        }
    }

    #[cfg(any(windows, target_os = "macos"))]
    fn of_the_system(base: &BaseUrl) -> Result<Option<Self>, Refusal> {
        // `Matcher::from_system` reads the environment first.
        if process::is_privileged() {
            return Ok(None);
        }
        let found = destination(base).and_then(|destination| Matcher::from_system().intercept(&destination));
        found.map(|found| Self::accept("the system's proxy", &found)).transpose()
    }

    #[cfg(not(any(windows, target_os = "macos")))]
    #[expect(clippy::unnecessary_wraps, reason = "as on systems that have such settings")]
    fn of_the_system(_: &BaseUrl) -> Result<Option<Self>, Refusal> {
        Ok(None)
    }

    fn parse(name: &str, text: &str) -> Result<Self, Refusal> {
        // As curl and others do.
        let text = if text.contains("://") { text } else { &format!("http://{text}") };
        let url = checked_url(name, text, &SCHEMES)?;
        if text.matches('@').count() > 1 {
            // Parsers disagree about which of them ends the password.
            return Err(Refusal::argument(format!("{name} holds more than one @; write %40 for one in a password")));
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(Refusal::argument(format!("{name} must end after the proxy's host and port")));
        }
        let any = Uri::from_static("https://any");
        match Matcher::builder().all(url.to_string()).build().intercept(&any) {
            Some(found) => Self::accept(name, &found),
            None => Err(Refusal::argument(format!("{name} is not a usable proxy URL"))),
        }
    }

    fn accept(name: &str, found: &Intercept) -> Result<Self, Refusal> {
        let uri = found.uri();
        let scheme = uri.scheme_str().unwrap_or_default();
        if !SCHEMES.contains(&scheme) {
            return Err(Refusal::argument(format!("{name} must use one of the schemes {}", SCHEMES.join(", "))));
        }
        let url = match uri.port() {
            None if scheme.starts_with("socks") => {
                format!("{scheme}://{}:{SOCKS_PORT}/", uri.host().unwrap_or_default())
            }
            _ => uri.to_string(),
        };
        let login = found.raw_auth().map(|(user, password)| (user.to_owned(), password.to_owned()));
        Ok(Self { url, authorization: found.basic_auth().cloned(), login })
    }

    /// The proxy as the HTTP stack's type, including the login.
    pub fn to_stack(&self) -> Result<reqwest::Proxy, Refusal> {
        let unusable = |error: &dyn std::error::Error| Refusal::Internal(format!("the proxy's URL: {error}"));
        let mut url = Url::parse(&self.url).map_err(|error| unusable(&error))?;
        if let Some((user, password)) = &self.login {
            // These fail only for URLs without a host.
            let _ = url.set_username(user).and(url.set_password(Some(password)));
        }
        let proxy = reqwest::Proxy::all(url).map_err(|error| unusable(&error.without_url()))?;
        Ok(match &self.authorization {
            Some(authorization) => proxy.custom_http_auth(authorization.clone()),
            None => proxy,
        })
    }
}

fn destination(base: &BaseUrl) -> Option<Uri> {
    format!("https://{}", base.host()?.trim_end_matches('.')).parse().ok()
}

/// Whether `NO_PROXY` excludes `base`. Converts the forms of entries that people use to those that the matcher knows.
fn is_excluded(list: &str, base: &BaseUrl) -> bool {
    let entries = || list.split(|c: char| c == ',' || c.is_whitespace());
    // The matcher would apply it to names only, not to addresses.
    if entries().any(|entry| entry == "*") {
        return true;
    }
    let entries = entries().filter_map(|entry| plain_entry(entry, base.port()));
    let matcher = Matcher::builder().https("http://any").no(entries.collect::<Vec<_>>().join(",")).build();
    destination(base).is_some_and(|destination| matcher.intercept(&destination).is_none())
}

/// An entry without `*.`, dots at its ends, brackets and port; `None` if it is for another port.
fn plain_entry(entry: &str, port: u16) -> Option<String> {
    if entry.contains('/') || entry.parse::<IpAddr>().is_ok() {
        return Some(entry.replace(['[', ']'], ""));
    }
    let (host, its_port) = match entry.rsplit_once(':') {
        Some((host, digits)) if !entry.ends_with(']') => (host, Some(digits.parse::<u16>().ok()?)),
        _ => (entry, None),
    };
    if its_port.is_some_and(|its_port| its_port != port) {
        return None;
    }
    let host = host.strip_prefix('*').unwrap_or(host).trim_start_matches('.').trim_end_matches('.');
    match Host::parse(host).ok()? {
        Host::Domain(name) => Some(name),
        Host::Ipv4(ip) => Some(ip.to_string()),
        Host::Ipv6(ip) => Some(ip.to_string()),
    }
}

/// The first of these variables that is set.
fn first_set<'a>(names: &[&'a str]) -> Result<Option<(&'a str, String)>, Refusal> {
    for name in names {
        if let Some(value) = process::variable(name) {
            let value = value.into_string();
            return match value {
                Ok(value) => Ok(Some((name, value))),
                Err(_) => Err(Refusal::argument(format!("the environment variable {name} is not UTF-8"))),
            };
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_url_is_taken_as_others_take_it() {
        for (text, url) in [
            ("http://h:3128", "http://h:3128/"),
            ("h:3128", "http://h:3128/"),
            ("h", "http://h/"),
            ("user:pass@h:3128", "http://h:3128/"),
            ("https://h", "https://h/"),
            ("HTTP://h:81/", "http://h:81/"),
            ("socks5://h", "socks5://h:1080/"),
            ("socks5h://h:80", "socks5h://h:80/"),
            ("socks5://[::1]:1081", "socks5://[::1]:1081/"),
            ("http://b\u{fc}cher.test:8080", "http://xn--bcher-kva.test:8080/"),
        ] {
            assert_eq!(Proxy::parse("p", text).unwrap().url, url, "{text}");
        }
    }

    #[test]
    fn a_login_goes_to_the_stack_and_not_into_the_url() {
        let http = Proxy::parse("p", "http://user:p%40ss@h").unwrap();
        assert_eq!(http.authorization.unwrap(), "Basic dXNlcjpwQHNz");
        let socks = Proxy::parse("p", "socks5://us%3Aer:p%40ss@h").unwrap();
        assert_eq!(socks.login, Some(("us:er".into(), "p@ss".into())));
        assert!(!socks.url.contains("ss@"));
        assert!(socks.to_stack().is_ok());
    }

    #[test]
    fn an_unusable_proxy_url_is_refused() {
        for (text, reason) in [
            ("ftp://h", "must begin with http://, https://, socks5:// or socks5h://"),
            ("socks4://h", "must begin with"),
            ("http://h:0", "port 0"),
            ("http://h/path", "must end after"),
            ("socks5://h/path", "must end after"),
            ("http://h?q", "must end after"),
            ("http://a@b@h", "more than one @"),
            ("http:// h", "a space"),
            ("http://", "no host"),
        ] {
            let refusal = Proxy::parse("p", text).unwrap_err().to_string();
            assert!(refusal.contains(reason), "{text}: {refusal}");
        }
    }

    #[test]
    fn no_proxy_is_read_in_the_forms_in_use() {
        let host = |host: &str| BaseUrl::parse(Some(&format!("https://{host}"))).unwrap();
        for (list, base, excluded) in [
            ("h.test", "h.test", true),
            ("h.test", "a.h.test", true),
            ("h.test", "ah.test", false),
            (".h.test", "h.test", true),
            (".h.test", "a.h.test", true),
            ("*.h.test", "a.h.test", true),
            ("*.h.test", "h.test", true),
            ("h.test.", "h.test", true),
            ("h.test", "h.test.", true),
            ("H.TEST", "h.test", true),
            ("h.test:443", "h.test", true),
            ("h.test:8443", "h.test", false),
            ("h.test:8443", "h.test:8443", true),
            ("h.test:https", "h.test", false),
            ("a.test, h.test", "h.test", true),
            ("a.test h.test", "h.test", true),
            ("a.test,,h.test,", "h.test", true),
            ("*", "h.test", true),
            ("a.test,*", "192.0.2.1", true),
            ("*", "[2001:db8::1]", true),
            ("a.test\nh.test", "h.test", true),
            ("[2001:db8::]/32", "[2001:db8::7]", true),
            ("b\u{fc}cher.test", "xn--bcher-kva.test", true),
            ("xn--bcher-kva.test", "b\u{fc}cher.test", true),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.0/24", "192.0.2.200", true),
            ("192.0.2.0/24", "192.0.3.1", false),
            ("192.0.2.1:443", "192.0.2.1", true),
            ("2001:db8::1", "[2001:db8::1]", true),
            ("[2001:db8::1]", "[2001:db8::1]", true),
            ("[2001:db8::1]:443", "[2001:db8::1]", true),
            ("[2001:db8::1]:8443", "[2001:db8::1]", false),
            ("2001:db8::/32", "[2001:db8::7]", true),
            ("", "h.test", false),
        ] {
            assert_eq!(is_excluded(list, &host(base)), excluded, "{list} {base}");
        }
    }
}
