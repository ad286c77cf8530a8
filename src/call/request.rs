//! The URL and the headers of the one request that okdok sends.
//!
//! Source: <https://wiki.signatus.com/documentation/okdokument-api/3-4-delete-signature-request-id/>

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use url::Url;

use crate::outcome::{Refusal, check_length};
use crate::transport::BaseUrl;

use super::id::SignatureRequestId;

/// Everything except the unreserved characters of RFC 3986.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The URL of a signature request, with the id as one path segment.
pub fn url(base: &BaseUrl, id: SignatureRequestId) -> Result<Url, Refusal> {
    let SignatureRequestId(id) = id;
    let path = format!("/JSON/signatureRequest/{}", utf8_percent_encode(id, SEGMENT));
    base.join(&path).ok_or_else(|| Refusal::argument(format!("signature_request_id \"{id}\" cannot be part of a URL")))
}

pub fn headers(api_key: &str, user_agent: &HeaderValue) -> Result<HeaderMap, Refusal> {
    let mut key =
        HeaderValue::from_str(api_key).map_err(|_| Refusal::argument("api_key cannot be sent as a header"))?;
    // Keeps the HTTP stack from printing it.
    key.set_sensitive(true);
    let mut headers = HeaderMap::with_capacity(3);
    headers.insert(X_API_KEY, key);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, user_agent.clone());
    Ok(headers)
}

/// The API key: 1 to 4096 visible ASCII characters. An error never quotes it.
pub fn check_api_key(api_key: &str) -> Result<(), Refusal> {
    check_length("api_key", api_key, 4096)?;
    match api_key.bytes().position(|b| !b.is_ascii_graphic()) {
        None => Ok(()),
        Some(at) => Err(Refusal::argument(format!(
            "api_key holds a space, control or non-ASCII character as byte {}; was it read with its line break?",
            at + 1
        ))),
    }
}

/// The header `user-agent`: the `prefix`, if there is one, and then our own name.
pub fn user_agent(prefix: Option<&str>) -> Result<HeaderValue, Refusal> {
    const OWN: &str = concat!("okdok/", env!("CARGO_PKG_VERSION"));
    let Some(prefix) = prefix else {
        return Ok(HeaderValue::from_static(OWN));
    };
    check_length("options.user_agent", prefix, 256)?;
    if !prefix.bytes().all(|b| matches!(b, 0x20..=0x7e)) {
        return Err(Refusal::argument("options.user_agent may hold printable ASCII characters only"));
    }
    HeaderValue::try_from(format!("{prefix} {OWN}"))
        .map_err(|_| Refusal::argument("options.user_agent cannot be sent as a header"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_a_parser_would_change_is_not_sent() {
        let base = BaseUrl::parse(Some("https://h.test/p")).unwrap();
        for id in [".", ".."] {
            assert!(url(&base, SignatureRequestId(id)).is_err(), "{id}");
        }
    }

    #[test]
    fn the_key_is_sensitive() {
        let headers = headers("secret-key", &HeaderValue::from_static("x")).unwrap();
        assert!(!format!("{headers:?}").contains("secret"));
    }
}
