//! The guard that every exported function runs in: whatever happens inside, the caller's process and thread go on.

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::cancellation;
use super::signals::with_async_signals_blocked;

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

/// Runs `body` on this thread, or on another one if this one is ending: after Rust's thread-local storage has been destroyed,
/// the HTTP stack would panic. An error means that there was no thread.
pub fn on_a_living_thread<T: Send>(body: impl FnOnce() -> T + Send) -> io::Result<T> {
    if caught(thread::current).is_some() {
        return Ok(body());
    }
    thread::scope(|scope| {
        let spawn = || thread::Builder::new().name("okdok-call".into()).spawn_scoped(scope, body);
        let thread = with_async_signals_blocked(spawn)?;
        Ok(thread.join().unwrap_or_else(|payload| panic::resume_unwind(payload)))
    })
}
