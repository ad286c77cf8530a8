//! Another Rust archive, with its own copy of Rust's runtime: it allocates, unwinds and starts a thread.

use std::panic::catch_unwind;

#[unsafe(no_mangle)]
pub extern "C" fn other_length(count: u32) -> u32 {
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let caught = catch_unwind(|| std::hint::black_box(&[0u8; 0][..])[0]).is_err();
    std::panic::set_hook(quiet);
    let text = std::thread::spawn(move || "é".repeat(count as usize)).join().unwrap_or_default();
    if caught { text.chars().count() as u32 } else { 0 }
}
