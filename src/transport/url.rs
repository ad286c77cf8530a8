//! URLs from the caller.

use hyper::Uri;
use url::Url;

use crate::outcome::{Refusal, check_length};

/// Parses a URL, and refuses what a parser would silently drop or change.
pub fn checked_url(name: &str, text: &str, schemes: &[&str]) -> Result<Url, Refusal> {
    check_length(name, text, 2048)?;
    if let Some(c) = text.chars().find(|c| c.is_control() || matches!(c, ' ' | '\\')) {
        return Err(Refusal::argument(format!(
            "{name} holds {}, which is not allowed in a URL",
            match c {
                ' ' => "a space".into(),
                c => c.escape_default().to_string(),
            }
        )));
    }
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    if !schemes.iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        let known = format!("{}://", schemes.join("://, "));
        let known = known.rsplit_once(", ").map_or(known.clone(), |(others, last)| format!("{others} or {last}"));
        return Err(Refusal::argument(format!("{name} {} must begin with {known}", shown(text))));
    }
    if authority(text).contains('[') && authority(text).contains('%') {
        return Err(Refusal::argument(format!(
            "{name} {} holds an IPv6 address with a zone (%), which okdok does not support; use a host name or another \
             address",
            shown(text)
        )));
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

/// The text between `//` and the path, before any parser has changed it.
pub fn authority(text: &str) -> &str {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

/// The URL for messages, if it is plainly one. Anything else may be a misplaced key, or contain a password.
pub fn shown(text: &str) -> String {
    let authority = authority(text);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    let behind_ipv6 = authority.rsplit_once(']').map_or(authority, |(_, rest)| rest);
    let port = behind_ipv6.split_once(':').map_or("", |(_, port)| port);
    let up_to_query = text.split(['?', '#']).next().unwrap_or_default();
    let is_plain = authority.chars().all(plain) && port.chars().all(|c| c.is_ascii_digit()) && !text.contains('@');
    if text.contains("://") && is_plain {
        format!("\"{up_to_query}\"")
    } else {
        "(not shown, it may hold a secret)".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_may_hold_a_secret_is_not_shown() {
        for text in [
            "http://bob:Secret@proxy",
            "http://bob:2024#Secret@proxy:3128",
            "http://bob:0/Secret@proxy:3128",
            "http:///bob:Secret@proxy:3128",
            "http://proxy/../bob:Secret@x",
            "http://?bob:Secret@x",
            "https://h.test?key=Secret",
            "https://h.test#Secret",
            "Secret",
        ] {
            assert!(!shown(text).contains("Secret"), "{text}");
        }
        assert_eq!(shown("https://h.test:8443/a"), "\"https://h.test:8443/a\"");
    }
}
