//! The one way in from C: whatever happens inside, the caller's process and thread go on.

use std::panic::{self, AssertUnwindSafe};

use once_cell::race::OnceBool;

use crate::process::cancellation;

static SILENT: OnceBool = OnceBool::new();

/// Runs `body`; a panic in it becomes `fallback`, and nothing is printed.
pub fn guarded<T>(fallback: T, body: impl FnOnce() -> T) -> T {
    let _held_off = cancellation::hold_off();
    // Our std is private to this library, so this hook is not the host's. `race`: two threads may both set it, and none
    // ever waits for another, which `fork` could have taken away.
    SILENT.get_or_init(|| {
        panic::set_hook(Box::new(|_| {}));
        true
    });
    caught(body).unwrap_or(fallback)
}

/// Runs `body`; `None` where it panicked.
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
