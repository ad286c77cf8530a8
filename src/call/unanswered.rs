//! The result of an attempt that got no complete response head.

use crate::outcome::{
    Attempt, Ended, OKDOK_STATUS_CONNECT_FAILED, OKDOK_STATUS_CONNECTION_LOST, OKDOK_STATUS_NO_RESOURCES,
    OKDOK_STATUS_PROXY_REFUSED, OKDOK_STATUS_RESOLVE_FAILED, OKDOK_STATUS_TIMED_OUT, OKDOK_STATUS_TLS_FAILED,
    OKDOK_STATUS_UNEXPECTED_RESPONSE,
};
use crate::transport::{NoAnswer, Proxy};

use super::tls_text;

/// `origin` is the service's scheme, host and port, for messages.
pub fn judge(reason: &NoAnswer, origin: &str, proxy: Option<&Proxy>) -> Attempt {
    let through = proxy.map_or(String::new(), |proxy| format!(" through the proxy {}", proxy.url));
    let (ended, retry, status, message) = match reason {
        NoAnswer::NoResources(reason) => {
            let advice = "lower the process's load or raise its limits (ulimit -n, -u)";
            let message = format!("no thread, descriptor or memory was left for a connection: {reason}; {advice}");
            (Ended::NotSent, false, OKDOK_STATUS_NO_RESOURCES, message)
        }
        NoAnswer::NotResolved(reason) => {
            let host = match proxy {
                None => origin,
                Some(proxy) if proxy.url.starts_with("socks5:") => &format!("{origin} or of the proxy {}", proxy.url),
                Some(proxy) => &proxy.url,
            };
            let advice = "check base_url, the proxy and the name servers";
            let message = format!("the host name of {host} could not be resolved: {reason}; {advice}");
            (Ended::NotSent, true, OKDOK_STATUS_RESOLVE_FAILED, message)
        }
        NoAnswer::ProxyRefused(reason) => {
            (Ended::NotSent, false, OKDOK_STATUS_PROXY_REFUSED, proxy_message(proxy, origin, reason))
        }
        NoAnswer::NotConnected(reason) => {
            let advice = "check base_url, the network, firewalls and whether a proxy is needed";
            let message = format!("no connection to {origin}{through}: {reason}; {advice}");
            (Ended::NotSent, true, OKDOK_STATUS_CONNECT_FAILED, message)
        }
        NoAnswer::TlsFailed(error) => {
            let message = tls_text::message(&format!("{origin}{through}"), error);
            (Ended::NotSent, false, OKDOK_STATUS_TLS_FAILED, message)
        }
        NoAnswer::NotStarted => {
            let message = format!("the connection to {origin}{through} closed before the request was started");
            (Ended::NotSent, true, OKDOK_STATUS_CONNECT_FAILED, message)
        }
        NoAnswer::Late => {
            let advice = "allow more time with timeout_ms if this happens again";
            let message = format!("{origin} gave no complete answer before the deadline; {advice}");
            (Ended::Open, false, OKDOK_STATUS_TIMED_OUT, message)
        }
        NoAnswer::NotHttp(reason) => {
            let advice = "check base_url, its port and whether the server expects https";
            let message = format!("what {origin} answered is not valid HTTP ({reason}); {advice}");
            (Ended::Open, true, OKDOK_STATUS_UNEXPECTED_RESPONSE, message)
        }
        NoAnswer::Broken(reason) => (Ended::Open, true, OKDOK_STATUS_CONNECTION_LOST, broken(origin, &through, reason)),
        NoAnswer::BrokenByTls(error) => {
            (Ended::Open, true, OKDOK_STATUS_CONNECTION_LOST, broken(origin, &through, &tls_text::reason(error)))
        }
    };
    Attempt::unanswered(ended, retry, status, message)
}

fn broken(origin: &str, through: &str, reason: &str) -> String {
    // A server that asks for a client certificate by renegotiation (IIS) just closes the connection if it gets none.
    let advice = if origin.starts_with("https:") {
        "; if this happens again, the server may demand a client certificate, which okdok does not send"
    } else {
        ""
    };
    format!("the connection to {origin}{through} broke before an answer came: {reason}{advice}")
}

fn proxy_message(proxy: Option<&Proxy>, origin: &str, refusal: &str) -> String {
    let url = proxy.map_or("", |proxy| proxy.url.as_str());
    let has_login = proxy.is_some_and(|proxy| proxy.authorization.is_some() || proxy.login.is_some());
    let reason = match refusal {
        "proxy authorization required" | "credentials not accepted" if has_login => {
            "it did not accept the user name and password"
        }
        "proxy authorization required"
        | "server does not support user/pass authentication"
        | "server implements authentication incorrectly"
            if !has_login =>
        {
            "it asks for a login: put user:password@ into the proxy's URL"
        }
        "unsuccessful" => "it refused",
        "unexpected end of file" | "io error establishing tunnel" | "io error during SOCKS handshake" => "it hung up",
        "failed parsing server response" => "its answer is not SOCKS5",
        other => other,
    };
    format!(
        "the proxy {url} opened no tunnel to {origin}: {reason}. Nothing was sent to the service. Set the right proxy in \
         options.proxy or HTTPS_PROXY, or exclude the host with NO_PROXY; PAC files and NTLM or Kerberos logins are not \
         supported"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: &str = "https://h.test";

    fn proxy(url: &str, login: bool) -> Proxy {
        let login = login.then(|| ("user".to_owned(), "password".to_owned()));
        Proxy { url: url.into(), authorization: None, login }
    }

    #[test]
    fn each_failure_says_what_is_wrong_and_what_to_do() {
        use Ended::{NotSent, Open};
        let text = || "why".to_owned();
        let tls = || rustls::Error::NoCertificatesPresented;
        for (reason, ended, retry, status, says) in [
            (NoAnswer::NoResources(text()), NotSent, false, OKDOK_STATUS_NO_RESOURCES, "ulimit"),
            (NoAnswer::NotResolved(text()), NotSent, true, OKDOK_STATUS_RESOLVE_FAILED, "name servers"),
            (NoAnswer::ProxyRefused(text()), NotSent, false, OKDOK_STATUS_PROXY_REFUSED, "options.proxy"),
            (NoAnswer::NotConnected(text()), NotSent, true, OKDOK_STATUS_CONNECT_FAILED, "firewalls"),
            (NoAnswer::TlsFailed(tls()), NotSent, false, OKDOK_STATUS_TLS_FAILED, "sent no certificate"),
            (NoAnswer::NotStarted, NotSent, true, OKDOK_STATUS_CONNECT_FAILED, "before the request was started"),
            (NoAnswer::Late, Open, false, OKDOK_STATUS_TIMED_OUT, "timeout_ms"),
            (NoAnswer::NotHttp(text()), Open, true, OKDOK_STATUS_UNEXPECTED_RESPONSE, "check base_url"),
            (NoAnswer::Broken(text()), Open, true, OKDOK_STATUS_CONNECTION_LOST, "client certificate"),
            (NoAnswer::BrokenByTls(tls()), Open, true, OKDOK_STATUS_CONNECTION_LOST, "sent no certificate"),
        ] {
            let attempt = judge(&reason, ORIGIN, None);
            assert_eq!((attempt.ended, attempt.retry, attempt.status, attempt.http_status), (ended, retry, status, 0));
            assert!(attempt.message.contains("h.test") || status == OKDOK_STATUS_NO_RESOURCES, "{}", attempt.message);
            assert!(attempt.message.contains(says), "{}", attempt.message);
        }
    }

    #[test]
    fn a_proxy_is_named_without_its_password() {
        let http = proxy("http://p.test:3128/", false);
        let socks = proxy("socks5://p.test:1080/", true);
        for (reason, proxy, says) in [
            (NoAnswer::NotConnected("refused".into()), &http, "through the proxy http://p.test:3128/"),
            (NoAnswer::NotResolved("no".into()), &http, "host name of http://p.test:3128/"),
            (
                NoAnswer::NotResolved("no".into()),
                &socks,
                "host name of https://h.test or of the proxy socks5://p.test:1080/",
            ),
            (NoAnswer::ProxyRefused("proxy authorization required".into()), &http, "asks for a login"),
            (NoAnswer::ProxyRefused("credentials not accepted".into()), &socks, "did not accept the user name"),
            (NoAnswer::ProxyRefused("unexpected end of file".into()), &http, "hung up"),
            (NoAnswer::ProxyRefused("failed parsing server response".into()), &socks, "not SOCKS5"),
        ] {
            let message = judge(&reason, ORIGIN, Some(proxy)).message;
            assert!(message.contains(says) && !message.contains("password@p"), "{message}");
        }
    }
}
