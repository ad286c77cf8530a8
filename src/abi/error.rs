//! The C struct that reports what a call did, and the code that makes any text fit into it.

use std::ffi::c_char;
use std::time::Duration;

use crate::outcome::{LOGGED_ATTEMPTS, Report, okdok_status};

/// How one attempt of a call ended. 12 bytes on every platform.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct okdok_attempt {
    /// One of the `OKDOK_STATUS_` numbers: the status that the call would have if this were its only attempt.
    pub status: i16,
    /// The HTTP status code of the response; 0 if none arrived.
    pub http_status: i16,
    /// The wait before this attempt, in milliseconds; 0 for the first.
    pub waited_ms: u32,
    /// The duration of this attempt, in milliseconds.
    pub elapsed_ms: u32,
}

/// Everything that a call reports. Each call that is given one writes all of it.
///
/// 1024 bytes on every platform. The memory belongs to the caller and needs no initialising. Text is UTF-8,
/// NUL-terminated, cut at a character boundary and free of control characters. okdok's own text never contains the API
/// key; in text from outside, a key of 8 bytes or more is replaced by `***`.
#[repr(C)]
pub struct okdok_error {
    /// The same as `*out_status`.
    pub status: okdok_status,
    /// The HTTP status code of the reported response; 0 if none arrived.
    pub http_status: i32,
    /// Attempts started, including retries and those that sent nothing; 0 if the call was refused before the first.
    pub attempts: u32,
    /// 1 if the service may have deleted the signature request and this call could not find out. If the call returned
    /// false and this is 0, the call deleted nothing.
    pub outcome_unknown: u32,
    /// The wait that the call's last response, whatever its status, asked for (`Retry-After`), in milliseconds; 0 for
    /// none; 4294967295 for anything longer.
    pub retry_after_ms: u32,
    /// The response's `message`, such as `err.signature.request.not.exist`; "" if there is none.
    pub service_code: [c_char; 128],
    /// The response's `value` or `result`; "" if there is none.
    pub service_value: [c_char; 256],
    /// Text for a person: what happened and what to do. "" only with `OKDOK_STATUS_OK`.
    pub message: [c_char; 512],
    /// The duration of the whole call including waits, in milliseconds.
    pub elapsed_ms: u32,
    /// The newest six attempts, oldest first; entries past `attempts` are zero.
    pub attempt_log: [okdok_attempt; 6],
    /// Zero. Reserved for fields of later releases.
    pub reserved: [u32; 8],
}

/// A shorter key is more likely to be part of an ordinary word than a leak.
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
    // Control characters go first: one in the middle of the key would keep it from being found.
    let mut text: String = text.chars().filter(|c| !c.is_control()).collect();
    if let Some(key) = api_key.filter(|key| key.len() >= SHORTEST_HIDDEN_KEY) {
        // Replacing may join the text around it into another key. Each replacement shortens the text, so the loop ends.
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
