//! What a call tells its caller: the C struct, and how text from anywhere is made fit for it.

use std::ffi::c_char;
use std::time::Duration;

use crate::outcome::{LOGGED_ATTEMPTS, Report, okdok_status};

/// How one attempt of a call ended. 12 bytes on every platform.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct okdok_attempt {
    /// One of the `OKDOK_STATUS_` numbers: what the call's status would be if this attempt were its only one.
    pub status: i16,
    /// The HTTP status code of its answer; 0: no response arrived.
    pub http_status: i16,
    /// Milliseconds that were waited before it; 0 for the first.
    pub waited_ms: u32,
    /// Milliseconds from its start to its end.
    pub elapsed_ms: u32,
}

/// Everything that a call has to say, written whole by each call that is given one.
///
/// 1024 bytes on every platform; the caller's own memory, which needs no initialising. Text is UTF-8, NUL-terminated,
/// cut at a character boundary and free of control characters. It never holds the API key: where text from outside
/// does, and the key has 8 bytes or more, `***` stands in its place.
#[repr(C)]
pub struct okdok_error {
    /// The same as `*out_status`.
    pub status: okdok_status,
    /// The HTTP status code of the reported answer; 0: no response arrived.
    pub http_status: i32,
    /// Attempts begun, retries and those not sent included; 0: refused before the first.
    pub attempts: u32,
    /// 1: the service may have deleted it, and this call could not find out. 0 with a false result: this call deleted
    /// nothing.
    pub outcome_unknown: u32,
    /// Milliseconds that the call's last answer, of whatever status, asked to wait (`Retry-After`); 0: none; saturates.
    pub retry_after_ms: u32,
    /// The response's `message`, such as `err.signature.request.not.exist`; "": none.
    pub service_code: [c_char; 128],
    /// The response's `value` or `result`; "": none.
    pub service_value: [c_char; 256],
    /// For a person: what happened and what to do. "" only with `OKDOK_STATUS_OK`.
    pub message: [c_char; 512],
    /// Milliseconds that the whole call took, waits included.
    pub elapsed_ms: u32,
    /// The newest six attempts, oldest first; entries past `attempts` are zero.
    pub attempt_log: [okdok_attempt; 6],
    /// Zero. Later fields come from here.
    pub reserved: [u32; 8],
}

/// A key shorter than this is likelier part of an innocent word than a leak.
const SHORTEST_HIDDEN_KEY: usize = 8;

impl okdok_error {
    /// `elapsed` is the time that the call took.
    pub fn new(report: &Report, api_key: Option<&str>, elapsed: Duration) -> Self {
        let Report { attempt, attempts, outcome_unknown, log } = report;
        let mut attempt_log = [okdok_attempt::default(); LOGGED_ATTEMPTS];
        for (to, from) in attempt_log.iter_mut().zip(log) {
            *to = okdok_attempt {
                status: i16::try_from(from.status).unwrap_or_default(),
                http_status: i16::try_from(from.http_status).unwrap_or_default(),
                waited_ms: milliseconds(from.waited),
                elapsed_ms: milliseconds(from.elapsed),
            };
        }
        Self {
            status: attempt.status,
            http_status: attempt.http_status.into(),
            attempts: *attempts,
            outcome_unknown: (*outcome_unknown).into(),
            retry_after_ms: milliseconds(attempt.retry_after.unwrap_or_default()),
            service_code: fit(&attempt.service_code, api_key),
            service_value: fit(&attempt.service_value, api_key),
            message: fit(&attempt.message, api_key),
            elapsed_ms: milliseconds(elapsed),
            attempt_log,
            reserved: [0; 8],
        }
    }
}

fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

/// `text` without control characters and without the key, cut to a C string of `N` bytes.
fn fit<const N: usize>(text: &str, api_key: Option<&str>) -> [c_char; N] {
    // Control characters first: one in the middle of the key must not hide it.
    let mut text: String = text.chars().filter(|c| !c.is_control()).collect();
    if let Some(key) = api_key.filter(|key| key.len() >= SHORTEST_HIDDEN_KEY) {
        // Again, for what came together around a replacement; each is shorter than the key, so this ends.
        while text.contains(key) {
            text = text.replace(key, "***");
        }
    }
    let mut fitted = [0; N];
    let end = text.floor_char_boundary(N - 1);
    for (to, from) in fitted.iter_mut().zip(text.bytes().take(end)) {
        *to = from.cast_signed() as c_char;
    }
    fitted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted<const N: usize>(text: &str, key: Option<&str>) -> String {
        let chars: [c_char; N] = fit(text, key);
        let bytes = chars.iter().map(|c| c.cast_unsigned()).take_while(|b| *b != 0).collect();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn only_a_key_of_8_bytes_or_more_is_replaced() {
        assert_eq!(fitted::<64>("abcdefgh abcdefgh", Some("abcdefgh")), "*** ***");
        assert_eq!(fitted::<64>("abcdefg", Some("abcdefg")), "abcdefg");
        assert!(!fitted::<64>(&"*".repeat(24), Some("********")).contains("********"));
    }

    #[test]
    fn text_is_cut_at_a_character_and_holds_nothing_to_control_a_terminal() {
        for (text, wanted) in [
            ("short", "short"),
            ("exactly", "exactly"),
            ("too long", "too lon"),
            ("\u{20ac}\u{20ac}\u{20ac}", "\u{20ac}\u{20ac}"),
            ("a\nb\u{1b}[31m\u{7f}", "ab[31m"),
            ("", ""),
        ] {
            assert_eq!(fitted::<8>(text, None), wanted, "{text:?}");
        }
        assert_eq!(fitted::<32>("abcd\u{0}efgh", Some("abcdefgh")), "***");
    }

    #[test]
    fn times_saturate() {
        assert_eq!(milliseconds(Duration::from_micros(1_999)), 1);
        assert_eq!(milliseconds(Duration::MAX), u32::MAX);
    }
}
