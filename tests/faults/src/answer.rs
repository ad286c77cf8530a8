//! The bytes of an answer.

use std::fmt::Write;

use crate::step::Reply;

pub struct Answer {
    pub bytes: Vec<u8>,
    /// Where the body begins in `bytes`.
    pub head: usize,
    /// Sent after `bytes`, repeatedly.
    pub tail: Option<Tail>,
    /// Does the answer end the connection?
    pub closes: bool,
}

pub struct Tail {
    pub pattern: Vec<u8>,
    /// Bytes to send; `None` = without end.
    pub length: Option<u64>,
}

impl Answer {
    pub fn ok(id: &[u8]) -> Self {
        Self::json(200, br#"{"message":"msg.deleted","result":"{id}"}"#, id)
    }

    pub fn missing(id: &[u8]) -> Self {
        Self::json(400, br#"{"message":"err.signature.request.not.exist","value":"{id}"}"#, id)
    }

    fn json(status: u16, body: &[u8], id: &[u8]) -> Self {
        let fields = vec![(b"content-type".to_vec(), b"application/json".to_vec())];
        Self::reply(&Reply { status, fields, body: body.to_vec() }, id)
    }

    pub fn reply(reply: &Reply, id: &[u8]) -> Self {
        let body = with_id(&reply.body, id);
        let mut bytes = status_line(reply.status).into_bytes();
        let mut framed = matches!(reply.status, 100..200 | 204 | 304);
        let mut closes = false;
        for (name, value) in &reply.fields {
            bytes.extend([name.as_slice(), b": ", value, b"\r\n"].concat());
            framed |= name.eq_ignore_ascii_case(b"content-length") || name.eq_ignore_ascii_case(b"transfer-encoding");
            closes |= name.eq_ignore_ascii_case(b"connection") && value.eq_ignore_ascii_case(b"close");
        }
        if !framed {
            bytes.extend(format!("content-length: {}\r\n", body.len()).into_bytes());
        }
        bytes.extend(b"\r\n");
        let head = bytes.len();
        bytes.extend(body);
        Self { bytes, head, tail: None, closes }
    }

    /// What gateways answer when a connection breaks a rule.
    pub fn stray(status: u16, says_close: bool) -> Self {
        let close = if says_close { vec![(b"connection".to_vec(), b"close".to_vec())] } else { vec![] };
        Self::reply(&Reply { status, fields: close, body: b"<html>no</html>".to_vec() }, b"")
    }

    pub fn raw(bytes: &[u8], id: &[u8]) -> Self {
        let bytes = with_id(bytes, id);
        let head = bytes.windows(4).position(|end| end == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
        Self { bytes, head, tail: None, closes: true }
    }

    pub fn body(status: u16, length: u64) -> Self {
        let head = format!("{}content-length: {length}\r\n\r\n", status_line(status));
        Self::with_tail(head, vec![b'x'; 65_536], Some(length))
    }

    pub fn endless(status: u16) -> Self {
        let head = format!("{}transfer-encoding: chunked\r\n\r\n", status_line(status));
        let chunk = [b"10000\r\n".as_slice(), &vec![b'x'; 0x1_0000], b"\r\n"].concat();
        Self::with_tail(head, chunk, None)
    }

    pub fn endless_head() -> Self {
        Self::with_tail(status_line(200), b"x-more: and more and more and more and more and more\r\n".repeat(64), None)
    }

    pub fn flood() -> Self {
        Self::with_tail(String::new(), informational(64), None)
    }

    fn with_tail(head: String, pattern: Vec<u8>, length: Option<u64>) -> Self {
        Self { head: head.len(), bytes: head.into_bytes(), tail: Some(Tail { pattern, length }), closes: false }
    }
}

/// Interim answers, alternating 100 and 103.
pub fn informational(count: u32) -> Vec<u8> {
    (0..count)
        .flat_map(|index| {
            if index % 2 == 0 {
                b"HTTP/1.1 100 Continue\r\n\r\n".as_slice()
            } else {
                b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n"
            }
        })
        .copied()
        .collect()
}

pub fn status_line(status: u16) -> String {
    let reason = if status == 200 { "OK" } else { "As Asked" };
    format!("HTTP/1.1 {status} {reason}\r\n")
}

fn with_id(template: &[u8], id: &[u8]) -> Vec<u8> {
    const PLACE: &[u8] = b"{id}";
    let id = json_text(id);
    let mut rest = template;
    let mut filled = Vec::with_capacity(template.len());
    while let Some(at) = rest.windows(PLACE.len()).position(|window| window == PLACE) {
        let (before, place) = rest.split_at(at);
        filled.extend(before);
        filled.extend(id.as_bytes());
        rest = place.split_at(PLACE.len()).1;
    }
    filled.extend(rest);
    filled
}

fn json_text(text: &[u8]) -> String {
    let mut escaped = String::new();
    for character in String::from_utf8_lossy(text).chars() {
        match character {
            '"' | '\\' => escaped.extend(['\\', character]),
            '\0'..' ' => {
                // Writing to a string cannot fail.
                let _ = write!(escaped, "\\u{:04x}", u32::from(character));
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_put_in_as_json() {
        assert_eq!(with_id(b"<{id}|{id}>", b"a\"\n\\"), br#"<a\"\u000a\\|a\"\u000a\\>"#);
    }

    #[test]
    fn a_length_is_added_only_where_none_is_given() {
        let sent = |text: &str| String::from_utf8(Answer::reply(&text.parse().unwrap(), b"1").bytes).unwrap();
        assert_eq!(sent("200;;{id}"), "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1");
        assert_eq!(sent("200;Content-Length:9;;x"), "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx");
        assert_eq!(sent("204"), "HTTP/1.1 204 As Asked\r\n\r\n");
    }
}
