//! When to try again: how long to wait before a retry, by our own back-off and by the service's `Retry-After`.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};

const LONGEST_BACKOFF: Duration = Duration::from_secs(8);

/// The wait before retry `n` (from 0): min(8 s, 1 s · 2ⁿ), times a random 0.5 to 1, so that callers who failed together
/// do not come back together.
pub fn backoff(n: u32) -> Duration {
    let full = Duration::from_secs(1).saturating_mul(2_u32.saturating_pow(n)).min(LONGEST_BACKOFF);
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    full.mul_f64(0.5 + f64::from(random) / f64::from(u32::MAX) / 2.0)
}

/// The wait that an answer asks for (RFC 9110, 10.2.3): seconds or an HTTP-date; anything else asks for none.
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than a number has: longer than anyone will wait, and not to be taken for no wait.
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
            for _ in 0..50 {
                let wait = backoff(n);
                assert!(full / 2 <= wait && wait <= full, "{n}: {wait:?}");
            }
        }
    }
}
