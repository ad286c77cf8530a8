//! `fork`: a child has our memory but none of our threads.
//!
//! Before it, our leaf locks are taken, and released on both sides after it. The child raises the generation, by which
//! whatever belongs to a lost thread is told from what is its own.

use std::sync::atomic::{AtomicU32, Ordering};

static GENERATION: AtomicU32 = AtomicU32::new(0);

/// The number of forks between the first process and this one. (Process ids would not do: they repeat across namespaces.)
pub fn generation() -> u32 {
    GENERATION.load(Ordering::Acquire)
}

#[cfg(unix)]
mod system {
    use std::cell::RefCell;
    use std::sync::MutexGuard;
    use std::sync::atomic::Ordering;

    use once_cell::race::OnceBool;

    use super::GENERATION;
    use crate::registry::{CLIENTS, Clients};
    use crate::transport::{TRANSPORTS, Transports};

    type Held = (MutexGuard<'static, Transports>, MutexGuard<'static, Clients>);

    thread_local! {
        /// What the forking thread holds between the handlers.
        static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
    }

    extern "C" fn before() {
        let _ = HELD.try_with(|held| {
            let mut held = held.borrow_mut();
            // Registered twice (below), it runs twice.
            if held.is_none() {
                *held = Some((TRANSPORTS.lock(), CLIENTS.lock()));
            }
        });
    }

    extern "C" fn after_in_parent() {
        let _ = HELD.try_with(|held| held.borrow_mut().take());
    }

    extern "C" fn after_in_child() {
        GENERATION.fetch_add(1, Ordering::AcqRel);
        after_in_parent();
    }

    /// Registers the handlers. Threads that race may register them more than once, which does no harm; waiting for one
    /// another, under libc's own lock for handlers, could end in a deadlock.
    pub fn watch() {
        static WATCHED: OnceBool = OnceBool::new();
        WATCHED.get_or_init(|| {
            // SAFETY: the handlers are functions of a library that is never unloaded (`-z nodelete`), and none unwinds
            // out: they only lock, unlock and add.
            unsafe { libc::pthread_atfork(Some(before), Some(after_in_parent), Some(after_in_child)) };
            true
        });
    }
}

#[cfg(not(unix))]
mod system {
    pub fn watch() {}
}

pub use system::watch;
