//! The result of an attempt that was answered: what the status line and the body say about this signature request.
//!
//! Source: <https://wiki.signatus.com/documentation/okdokument-api/3-4-delete-signature-request-id/>. Where that page says
//! nothing, the code takes the cautious interpretation.

use std::time::SystemTime;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::outcome::{
    Attempt, Ended, OKDOK_STATUS_BAD_REQUEST, OKDOK_STATUS_FORBIDDEN, OKDOK_STATUS_NOT_FOUND, OKDOK_STATUS_OK,
    OKDOK_STATUS_RATE_LIMITED, OKDOK_STATUS_SERVER_ERROR, OKDOK_STATUS_TIMED_OUT, OKDOK_STATUS_UNAUTHORIZED,
    OKDOK_STATUS_UNEXPECTED_RESPONSE, okdok_status,
};
use crate::transport::{Answer, Body};

use super::id::SignatureRequestId;
use super::retry::retry_after;

/// How a body begins that was compressed with gzip.
const GZIP: &[u8] = b"\x1f\x8b";

/// The members of the service's JSON reports. Other members are ignored, and `null` counts as absent.
#[derive(Default, Deserialize)]
struct Members {
    #[serde(default)]
    message: Member,
    #[serde(default)]
    result: Member,
    #[serde(default)]
    value: Member,
}

#[derive(Default, PartialEq, Eq)]
enum Member {
    #[default]
    Absent,
    Text(String),
    /// Anything else, such as a number, an object, or text that is not valid Unicode.
    Other,
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        Ok(match serde_json::from_str(raw) {
            _ if raw == "null" => Self::Absent,
            Ok(text) => Self::Text(text),
            Err(_) => Self::Other,
        })
    }
}

impl Member {
    fn text(&self) -> &str {
        if let Self::Text(text) = self { text } else { "" }
    }

    fn is(&self, id: &str) -> bool {
        matches!(self, Self::Text(text) if text == id)
    }
}

/// `origin` is the service's scheme, host and port, for messages.
pub fn judge(answer: &Answer, id: SignatureRequestId, origin: &str, now: SystemTime) -> Attempt {
    let SignatureRequestId(id) = id;
    let Answer { http_status, body, .. } = answer;
    let http_status = *http_status;
    let members = match body {
        Body::Complete(bytes) => parse(bytes),
        _ => Members::default(),
    };
    let message = members.message.text();
    let for_this_id = members.value == Member::Absent || members.value.is(id);
    let own_report = message.starts_with("err.") && for_this_id;
    let deleted = http_status == 200 && message == "msg.deleted" && members.result.is(id);
    let missing = matches!(http_status, 400 | 404 | 410) && message == "err.signature.request.not.exist" && for_this_id;

    let (ended, status) = match http_status {
        _ if deleted => (Ended::Answered, OKDOK_STATUS_OK),
        _ if missing => (Ended::Answered, OKDOK_STATUS_NOT_FOUND),
        200 if matches!(body, Body::Late) => (Ended::Open, OKDOK_STATUS_TIMED_OUT),
        // 408 is a time-out of the server, 499 is nginx's code for a client that left. The work may still be going on.
        408 | 499 => (Ended::Open, OKDOK_STATUS_UNEXPECTED_RESPONSE),
        400..500 if answer.ends_connection && !answer.refused_alone && !own_report => {
            (Ended::Doubtful, refused(http_status))
        }
        400..500 => (Ended::Refused, refused(http_status)),
        500..600 => (Ended::Open, OKDOK_STATUS_SERVER_ERROR),
        _ => (Ended::Open, OKDOK_STATUS_UNEXPECTED_RESPONSE),
    };
    let retry = match http_status {
        200 => !deleted && matches!(body, Body::Cut),
        408 | 429 | 500 | 502 | 503 | 504 => true,
        _ => ended == Ended::Doubtful,
    };
    let (first, second) =
        if http_status == 200 { (&members.result, &members.value) } else { (&members.value, &members.result) };
    let service_value = if first.text().is_empty() { second.text() } else { first.text() };
    Attempt {
        ended,
        retry,
        status,
        http_status,
        retry_after: answer.retry_after.as_deref().and_then(|value| retry_after(value, now)),
        service_code: message.to_owned(),
        service_value: service_value.to_owned(),
        refused_alone: answer.refused_alone,
        own_report,
        message: advice(status, http_status, id, origin, message, body),
    }
}

/// Empty unless `bytes` is a JSON object without duplicate members.
fn parse(bytes: &[u8]) -> Members {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    // The derived code would accept an array of the members in their order.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Members::default();
    }
    serde_json::from_slice(bytes).unwrap_or_default()
}

fn refused(http_status: u16) -> okdok_status {
    match http_status {
        400 => OKDOK_STATUS_BAD_REQUEST,
        401 => OKDOK_STATUS_UNAUTHORIZED,
        403 => OKDOK_STATUS_FORBIDDEN,
        429 => OKDOK_STATUS_RATE_LIMITED,
        _ => OKDOK_STATUS_UNEXPECTED_RESPONSE,
    }
}

/// Text for a person: what happened and what to do. Text from outside comes last, since a text that is too long is cut at
/// its end (after the key has been replaced).
fn advice(status: okdok_status, http_status: u16, id: &str, origin: &str, code: &str, body: &Body) -> String {
    let advice = match status {
        OKDOK_STATUS_OK => return String::new(),
        OKDOK_STATUS_NOT_FOUND => {
            "no such signature request: it may have been deleted before, or base_url or the id is wrong"
        }
        OKDOK_STATUS_BAD_REQUEST => "the request was refused: check the id",
        OKDOK_STATUS_UNAUTHORIZED => {
            "the API key in the header x-api-key was not accepted: check the key, and that it belongs to this host"
        }
        OKDOK_STATUS_FORBIDDEN => {
            "the API key in the header x-api-key lacks the permission to delete this signature request"
        }
        OKDOK_STATUS_RATE_LIMITED => "too many requests: wait, then try again",
        OKDOK_STATUS_SERVER_ERROR => "the service, or a gateway in front of it, failed: try again later",
        OKDOK_STATUS_TIMED_OUT => {
            "the answer was not complete before the deadline: allow more time with timeout_ms if this happens again"
        }
        _ => match http_status {
            200 => match body {
                Body::Complete(_) => "its body does not confirm that this id was deleted: base_url may be wrong",
                Body::TooLarge => "its body is too large: base_url may be wrong",
                Body::Cut | Body::Late => "its body was cut off, so nothing is confirmed",
            },
            300..400 => "a redirect, not followed because that would send the API key along: base_url may be wrong",
            404 | 405 | 410 => "base_url may be wrong: it must be the part of the URL before /JSON/signatureRequest/",
            _ => "not documented by the service: base_url may be wrong, or something in between has answered",
        },
    };
    let compressed = match body {
        Body::Complete(bytes) if bytes.starts_with(GZIP) => {
            "; its body is compressed, which okdok did not ask for: turn this off in the gateway or proxy that does it"
        }
        _ => "",
    };
    let said = if code.is_empty() { String::new() } else { format!("; the service said: {code}") };
    format!("{origin} answered {http_status}, {advice}{compressed}; the id was \"{id}\"{said}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "id-1";

    fn judged(http_status: u16, body: Body) -> Attempt {
        let answer = Answer { http_status, retry_after: None, body, refused_alone: true, ends_connection: false };
        judge(&answer, SignatureRequestId(ID), "https://h.test", SystemTime::UNIX_EPOCH)
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn a_body_says_what_it_says_and_no_more() {
        use crate::outcome::*;
        use Ended::{Answered, Open, Refused};
        for (http_status, body, ended, status, code, value) in [
            (200, r#"{"message":"msg.deleted","result":"id-1"}"#, Answered, OKDOK_STATUS_OK, "msg.deleted", "id-1"),
            (
                200,
                "\u{feff} {\"message\":\"msg.deleted\",\"result\":\"id-1\",\"x\":[{}]}",
                Answered,
                OKDOK_STATUS_OK,
                "msg.deleted",
                "id-1",
            ),
            (
                200,
                r#"{"message":"msg.deleted","result":"id-2"}"#,
                Open,
                OKDOK_STATUS_UNEXPECTED_RESPONSE,
                "msg.deleted",
                "id-2",
            ),
            (
                200,
                r#"{"message":"msg.deleted","result":null}"#,
                Open,
                OKDOK_STATUS_UNEXPECTED_RESPONSE,
                "msg.deleted",
                "",
            ),
            (
                200,
                r#"{"message":"msg.deleted","result":["id-1"]}"#,
                Open,
                OKDOK_STATUS_UNEXPECTED_RESPONSE,
                "msg.deleted",
                "",
            ),
            (
                200,
                r#"{"message":"msg.deleted","result":"id-1","result":"id-1"}"#,
                Open,
                OKDOK_STATUS_UNEXPECTED_RESPONSE,
                "",
                "",
            ),
            (200, r#"["msg.deleted","id-1"]"#, Open, OKDOK_STATUS_UNEXPECTED_RESPONSE, "", ""),
            (200, r#"{"message":"msg.deleted","result":"id-1"} x"#, Open, OKDOK_STATUS_UNEXPECTED_RESPONSE, "", ""),
            (200, "", Open, OKDOK_STATUS_UNEXPECTED_RESPONSE, "", ""),
            (204, "", Open, OKDOK_STATUS_UNEXPECTED_RESPONSE, "", ""),
            (302, "", Open, OKDOK_STATUS_UNEXPECTED_RESPONSE, "", ""),
            (
                400,
                r#"{"message":"err.signature.request.not.exist","value":"id-1"}"#,
                Answered,
                OKDOK_STATUS_NOT_FOUND,
                "err.signature.request.not.exist",
                "id-1",
            ),
            (
                410,
                r#"{"message":"err.signature.request.not.exist"}"#,
                Answered,
                OKDOK_STATUS_NOT_FOUND,
                "err.signature.request.not.exist",
                "",
            ),
            (
                404,
                r#"{"message":"err.signature.request.not.exist","value":null}"#,
                Answered,
                OKDOK_STATUS_NOT_FOUND,
                "err.signature.request.not.exist",
                "",
            ),
            (
                400,
                r#"{"message":"err.signature.request.not.exist","value":7}"#,
                Refused,
                OKDOK_STATUS_BAD_REQUEST,
                "err.signature.request.not.exist",
                "",
            ),
            (
                400,
                r#"{"message":"err.signature.request.not.exist","value":"id-11"}"#,
                Refused,
                OKDOK_STATUS_BAD_REQUEST,
                "err.signature.request.not.exist",
                "id-11",
            ),
            (
                401,
                r#"{"message":"err.signature.request.not.exist","value":"id-1"}"#,
                Refused,
                OKDOK_STATUS_UNAUTHORIZED,
                "err.signature.request.not.exist",
                "id-1",
            ),
            (401, r#"{"message":7,"value":"v"}"#, Refused, OKDOK_STATUS_UNAUTHORIZED, "", "v"),
            (403, "<html>", Refused, OKDOK_STATUS_FORBIDDEN, "", ""),
            (404, "", Refused, OKDOK_STATUS_UNEXPECTED_RESPONSE, "", ""),
            (408, "", Open, OKDOK_STATUS_UNEXPECTED_RESPONSE, "", ""),
            (429, "", Refused, OKDOK_STATUS_RATE_LIMITED, "", ""),
            (499, "", Open, OKDOK_STATUS_UNEXPECTED_RESPONSE, "", ""),
            (
                503,
                r#"{"message":"msg.deleted","result":"id-1"}"#,
                Open,
                OKDOK_STATUS_SERVER_ERROR,
                "msg.deleted",
                "id-1",
            ),
        ] {
            let attempt = judged(http_status, Body::Complete(body.into()));
            assert_eq!((attempt.ended, attempt.status), (ended, status), "{http_status} {body}");
            assert_eq!((&*attempt.service_code, &*attempt.service_value), (code, value), "{http_status} {body}");
            assert_eq!(attempt.message.is_empty(), status == OKDOK_STATUS_OK);
        }
    }

    #[test]
    fn a_compressed_body_is_called_by_its_name() {
        for http_status in [200, 400, 502] {
            let of = |body: &[u8]| judged(http_status, Body::Complete(body.to_vec())).message.contains("compressed");
            assert_eq!((of(b"\x1f\x8b\x08\0"), of(b"{}")), (true, false), "{http_status}");
        }
    }

    #[test]
    fn what_did_not_arrive_whole_says_nothing() {
        for (body, status) in [
            (Body::Cut, OKDOK_STATUS_UNEXPECTED_RESPONSE),
            (Body::TooLarge, OKDOK_STATUS_UNEXPECTED_RESPONSE),
            (Body::Late, OKDOK_STATUS_TIMED_OUT),
        ] {
            let attempt = judged(200, body);
            assert_eq!((attempt.ended, attempt.status), (Ended::Open, status));
        }
        assert_eq!(judged(400, Body::Cut).status, OKDOK_STATUS_BAD_REQUEST);
        assert!(judged(200, Body::Cut).retry && !judged(200, Body::Late).retry);
    }

    #[test]
    fn a_refusal_that_ends_a_used_connection_is_doubtful_unless_it_is_the_services_own() {
        let html = "<html>no</html>";
        let own = r#"{"message":"err.invalid","value":"id-1"}"#;
        let of_another = r#"{"message":"err.invalid","value":"id-2"}"#;
        for (http_status, body, refused_alone, ends_connection, ended) in [
            (401, html, false, true, Ended::Doubtful),
            (401, html, false, false, Ended::Refused),
            (401, html, true, true, Ended::Refused),
            (401, of_another, false, true, Ended::Doubtful),
            (400, own, false, true, Ended::Refused),
            (408, html, false, true, Ended::Open),
            (503, html, false, true, Ended::Open),
        ] {
            let body_read = Body::Complete(body.into());
            let answer = Answer { http_status, retry_after: None, body: body_read, refused_alone, ends_connection };
            let attempt = judge(&answer, SignatureRequestId(ID), "https://h.test", SystemTime::UNIX_EPOCH);
            assert_eq!(attempt.ended, ended, "{http_status} {body}");
            assert_eq!(attempt.retry, ended != Ended::Refused, "{http_status} {body}");
        }
    }
}
