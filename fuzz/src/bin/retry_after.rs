//! `Retry-After`: never a panic, never a wait where none was asked for in words that mean one.
#![no_main]

use std::time::{Duration, SystemTime};

use libfuzzer_sys::fuzz_target;

include!(concat!(env!("OUT_DIR"), "/okdok.rs"));

// Eight bytes are the clock, the rest the header's value.
fuzz_target!(|data: &[u8]| {
    let Some((clock, value)) = data.split_first_chunk::<8>() else { return };
    let Ok(value) = std::str::from_utf8(value) else { return };
    // To the year 9999, which is as far as an HTTP-date goes.
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from_be_bytes(*clock) % 253_402_300_800);
    let wait = call::retry::retry_after(value, now);

    let text = value.trim();
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match wait {
        Some(wait) if digits => assert_eq!(wait.as_secs(), text.parse().unwrap_or(u64::MAX)),
        Some(wait) => assert_eq!(httpdate::parse_http_date(text).expect("a date"), now + wait),
        None => assert!(!digits),
    }
    let mut report = outcome::report::Report::ok();
    report.attempt.retry_after = wait;
    let told = abi::error::okdok_error::new(&report, None, Duration::ZERO).retry_after_ms;
    assert!(u128::from(told) <= wait.unwrap_or_default().as_millis());
});
