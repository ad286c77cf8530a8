//! Reading a response: nothing in it makes the library panic, and what is read agrees with the contract.
#![no_main]

use std::time::{Duration, SystemTime};

use libfuzzer_sys::fuzz_target;

use crate::call::id::SignatureRequestId;
use crate::outcome::attempt::Ended;
use crate::transport::exchange::{Answer, Body};

include!(concat!(env!("OUT_DIR"), "/okdok.rs"));

const ID: &str = "id-1";

// Two bytes choose the status, the rest is the body; a first line that begins with `\x01` is a Retry-After.
fuzz_target!(|data: &[u8]| {
    let Some((&[high, low], rest)) = data.split_first_chunk::<2>() else { return };
    let status = match high {
        0..200 => [200, 400, 401, 403, 404, 410, 429, 503][usize::from(low % 8)],
        _ => 100 + u16::from_be_bytes([high, low]) % 900,
    };
    let (mut retry_after, mut body) = (None, rest);
    if let Some((line, after)) = rest.strip_prefix(b"\x01").and_then(|rest| rest.split_at_checked(rest.len().min(40))) {
        (retry_after, body) = (Some(String::from_utf8_lossy(line).into_owned()), after);
    }
    let answer = Answer {
        http_status: status,
        retry_after,
        body: Body::Complete(body.to_vec()),
        refused_alone: low & 64 == 0,
        ends_connection: low & 128 == 0,
    };
    let id = SignatureRequestId::new(ID).expect("a good id");
    let attempt = call::answered::judge(&answer, id, "https://h.test", SystemTime::UNIX_EPOCH);

    assert_eq!(attempt.http_status, status);
    assert_eq!(attempt.message.is_empty(), attempt.status == outcome::status::OKDOK_STATUS_OK);
    let text = String::from_utf8_lossy(body);
    match attempt.ended {
        Ended::NotSent => panic!("an answer came"),
        Ended::Answered => {
            assert!(matches!(status, 200 | 400 | 404 | 410), "{status}");
            // Escaped in some way, the words may not be found as they are; then a backslash is.
            assert!(text.contains('\\') || text.contains("msg.deleted") || text.contains("not.exist"));
            assert!(status != 200 || attempt.service_value == ID);
        }
        Ended::Doubtful => assert!(answer.ends_connection && !answer.refused_alone && attempt.retry),
        Ended::Refused => assert!((400..500).contains(&status) && status != 408 && status != 499),
        Ended::Open => assert!(!(400..500).contains(&status) || status == 408 || status == 499),
    }
    let call = outcome::report::Report { attempt, attempts: 1, outcome_unknown: false, log: Vec::new() };
    check_error(&abi::error::okdok_error::new(&call, Some("sandbox-key"), Duration::ZERO));
});

/// What every text of an error promises.
fn check_error(error: &abi::error::okdok_error) {
    for text in [&error.service_code[..], &error.service_value, &error.message] {
        let bytes: Vec<u8> = text.iter().map(|c| c.cast_unsigned()).collect();
        let end = bytes.iter().position(|b| *b == 0).expect("terminated");
        let text = std::str::from_utf8(&bytes[..end]).expect("UTF-8");
        assert!(!text.chars().any(char::is_control));
        assert!(!text.contains("sandbox-key"));
    }
}
