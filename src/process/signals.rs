//! Signals stay with the host: our threads start with all asynchronous signals blocked, including SIGPIPE.

#[cfg(unix)]
mod system {
    use std::mem::MaybeUninit;
    use std::ptr;

    /// A failing thread raises these itself. If they were blocked, the host's crash handler would not see crashes of our
    /// threads.
    const SYNCHRONOUS: [libc::c_int; 7] =
        [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGTRAP, libc::SIGSYS, libc::SIGABRT];

    struct Restored(libc::sigset_t);

    impl Drop for Restored {
        fn drop(&mut self) {
            // SAFETY: `self.0` is the mask that this thread had, written by `pthread_sigmask`.
            unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, ptr::null_mut()) };
        }
    }

    /// Runs `body` with all other signals blocked. A thread that it starts inherits the mask; the caller's own mask is
    /// restored.
    pub fn with_async_signals_blocked<T>(body: impl FnOnce() -> T) -> T {
        let mut blocked = MaybeUninit::<libc::sigset_t>::uninit();
        let mut before = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: `sigfillset` writes the whole set before `sigdelset` and `pthread_sigmask` read it, and the latter writes
        // all of `before`. Both are local variables, and the mask belongs to this thread.
        let _restored = unsafe {
            libc::sigfillset(blocked.as_mut_ptr());
            for signal in SYNCHRONOUS {
                libc::sigdelset(blocked.as_mut_ptr(), signal);
            }
            libc::pthread_sigmask(libc::SIG_BLOCK, blocked.as_ptr(), before.as_mut_ptr());
            Restored(before.assume_init())
        };
        body()
    }
}

#[cfg(not(unix))]
mod system {
    /// This system has no signals.
    pub fn with_async_signals_blocked<T>(body: impl FnOnce() -> T) -> T {
        body()
    }
}

pub use system::with_async_signals_blocked;
