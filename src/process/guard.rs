//! The guard that every exported function runs in: whatever happens inside, the caller's process and thread go on.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::cancellation;

static SILENT: AtomicBool = AtomicBool::new(false);

/// Runs `body`; a panic in it becomes `fallback`, and nothing is printed.
pub fn guarded<T>(fallback: T, body: impl FnOnce() -> T) -> T {
    let _held_off = cancellation::hold_off();
    // Our std is private to this library, so this hook is not the host's. Only the first caller sets it, and the others do
    // not wait for that: a child forked in between would wait for ever.
    if !SILENT.swap(true, Ordering::AcqRel) {
        panic::set_hook(Box::new(|_| {}));
    }
    caught(body).unwrap_or(fallback)
}

/// Runs `body`; `None` if it panicked.
pub fn caught<T>(body: impl FnOnce() -> T) -> Option<T> {
    match panic::catch_unwind(AssertUnwindSafe(body)) {
        Ok(value) => Some(value),
        Err(payload) => {
            // Dropping a panic's payload may itself panic.
            std::mem::forget(payload);
            None
        }
    }
}

/// Whether this thread is ending and Rust's thread-local storage has been destroyed, without which the HTTP stack panics.
pub fn thread_is_ending() -> bool {
    // The payload is std's, so that it can be dropped.
    panic::catch_unwind(thread::current).is_err()
}
