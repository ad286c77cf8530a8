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
    use std::cell::UnsafeCell;
    use std::sync::MutexGuard;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use once_cell::race::OnceBool;

    use super::GENERATION;
    use crate::abi::handles::{CLIENTS, Clients};
    use crate::transport::shared::{TRANSPORTS, Transports};

    type Guards = (MutexGuard<'static, Transports>, MutexGuard<'static, Clients>);

    /// What the forking thread holds between the handlers. Not a thread-local: the first use of one may wait for the
    /// loader's lock, which a thread inside `dlopen` holds, perhaps while it waits for this fork.
    struct Held(UnsafeCell<Option<Guards>>);

    // SAFETY: only the thread that holds both locks reads or writes the cell.
    unsafe impl Sync for Held {}

    static HELD: Held = Held(UnsafeCell::new(None));
    /// The forking thread, while it holds both locks; else 0.
    static OWNER: AtomicUsize = AtomicUsize::new(0);

    #[allow(clippy::cast_possible_truncation, reason = "a thread's identity is as wide as a pointer")]
    fn this_thread() -> usize {
        // SAFETY: has no preconditions.
        unsafe { libc::pthread_self() as usize }
    }

    extern "C" fn before() {
        // Registered twice (below), it runs twice.
        if OWNER.load(Ordering::Acquire) == this_thread() {
            return;
        }
        let guards = (TRANSPORTS.lock(), CLIENTS.lock());
        // SAFETY: both locks are ours.
        unsafe { *HELD.0.get() = Some(guards) };
        OWNER.store(this_thread(), Ordering::Release);
    }

    extern "C" fn after_in_parent() {
        if OWNER.load(Ordering::Acquire) == this_thread() {
            OWNER.store(0, Ordering::Release);
            // SAFETY: both locks are ours until the guards are dropped; a child's only thread has the parent's identity.
            let guards = unsafe { (*HELD.0.get()).take() };
            drop(guards);
        }
    }

    extern "C" fn after_in_child() {
        if OWNER.load(Ordering::Acquire) == this_thread() {
            GENERATION.fetch_add(1, Ordering::AcqRel);
        }
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
