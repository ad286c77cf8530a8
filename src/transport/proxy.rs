//! Which proxy a client goes through, decided once in `okdok_client_new`.

use std::env;

use hyper::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use reqwest::header::HeaderValue;

use crate::outcome::Refusal;

use super::base_url::BaseUrl;
use super::url::checked_url;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// Without user name and password, fit for messages.
    pub url: String,
    pub authorization: Option<HeaderValue>,
}

impl Proxy {
    /// The proxy for `base`: `option` where given ("" = none), else the environment's, else the system's.
    pub fn resolve(option: Option<&str>, base: &BaseUrl) -> Result<Option<Self>, Refusal> {
        let explicit = match option {
            Some("") => return Ok(None),
            Some(url) => Some(Self::parse("options.proxy", url, base)?),
            None => None,
        };
        // The key would go to the proxy in the clear, and the proxy's own loopback is not ours.
        if base.is_loopback() {
            return Ok(None);
        }
        match explicit {
            Some(proxy) => Ok(Some(proxy)),
            None => Self::from_environment(base),
        }
    }

    fn from_environment(base: &BaseUrl) -> Result<Option<Self>, Refusal> {
        let Some((name, url)) = first_set(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])? else {
            let system = Matcher::from_system().intercept(&destination(base)?);
            return system.map(|found| Self::accept("the system's proxy", &found)).transpose();
        };
        let proxy = Self::parse(name, &url, base)?;
        let excluded = match first_set(&["NO_PROXY", "no_proxy"])? {
            None => false,
            Some((_, list)) => {
                let matcher = Matcher::builder().https(url).no(list).build();
                matcher.intercept(&destination(base)?).is_none()
            }
        };
        Ok((!excluded).then_some(proxy))
    }

    fn parse(name: &str, text: &str, base: &BaseUrl) -> Result<Self, Refusal> {
        let url = checked_url(name, text)?;
        if text.matches('@').count() > 1 {
            // Parsers differ on which of them ends the password.
            return Err(Refusal::argument(format!("{name} holds more than one @; write %40 for one in a password")));
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(Refusal::argument(format!("{name} must end after the proxy's host and port")));
        }
        let matcher = Matcher::builder().all(text.to_owned()).build();
        match matcher.intercept(&destination(base)?) {
            Some(found) => Self::accept(name, &found),
            None => Err(Refusal::argument(format!("{name} is not a usable proxy URL"))),
        }
    }

    fn accept(name: &str, found: &Intercept) -> Result<Self, Refusal> {
        if !matches!(found.uri().scheme_str(), Some("http" | "https")) {
            return Err(Refusal::argument(format!("{name} must be an http:// or https:// proxy")));
        }
        Ok(Self { url: found.uri().to_string(), authorization: found.basic_auth().cloned() })
    }
}

fn destination(base: &BaseUrl) -> Result<Uri, Refusal> {
    base.origin().parse().map_err(|_| Refusal::argument("base_url is not a usable URL"))
}

/// The first of these variables that is set and not empty.
fn first_set<'a>(names: &[&'a str]) -> Result<Option<(&'a str, String)>, Refusal> {
    for name in names {
        match env::var_os(name).filter(|value| !value.is_empty()) {
            None => {}
            Some(value) => {
                let value = value.into_string();
                return match value {
                    Ok(value) => Ok(Some((name, value))),
                    Err(_) => Err(Refusal::argument(format!("the environment variable {name} is not UTF-8"))),
                };
            }
        }
    }
    Ok(None)
}
