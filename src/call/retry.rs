//! How long to wait before a retry, according to our own back-off and to the service's `Retry-After`.

use std::time::{Duration, SystemTime};

const LONGEST_BACKOFF: Duration = Duration::from_secs(8);

/// The wait before retry `n` (from 0): min(8 s, 1 s · 2ⁿ), times a factor of 0.5 to 1 that follows from `random` (0 to 1), so
/// that callers that failed at the same time do not retry at the same time.
pub fn backoff(n: u32, random: f64) -> Duration {
    let full = Duration::from_secs(1).saturating_mul(2_u32.saturating_pow(n)).min(LONGEST_BACKOFF);
    full.mul_f64(0.5 + random / 2.0)
}

/// The wait that an answer asks for (RFC 9110, 10.2.3): seconds or an HTTP-date. Anything else is ignored.
pub fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // A number that is too large for `u64` means a very long wait, not none.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    date.duration_since(now).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_8_seconds_and_is_cut_to_half_at_most() {
        for (n, seconds) in [(0, 1), (1, 2), (2, 4), (3, 8), (4, 8), (u32::MAX, 8)] {
            let full = Duration::from_secs(seconds);
            assert_eq!([backoff(n, 0.0), backoff(n, 0.5), backoff(n, 1.0)], [full / 2, full * 3 / 4, full], "{n}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_to_come() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777 - 60); // a minute before the date below
        let seconds = |n| Some(Duration::from_secs(n));
        for (value, wait) in [
            ("0", seconds(0)),
            ("120", seconds(120)),
            (" 7 ", seconds(7)),
            ("99999999999999999999999", seconds(u64::MAX)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", seconds(60)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", seconds(60)),
            ("Sun Nov  6 08:49:37 1994", seconds(60)),
            ("Sun, 06 Nov 1994 08:47:37 GMT", None),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
        ] {
            assert_eq!(retry_after(value, now), wait, "{value}");
        }
    }
}
