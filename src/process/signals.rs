//! Signals stay with the host: our threads are born with every asynchronous one blocked, SIGPIPE among them.

#[cfg(unix)]
mod system {
    use std::mem::MaybeUninit;
    use std::ptr;

    /// Raised by the failing thread itself. Blocking these would silence the host's crash handler on our threads.
    const SYNCHRONOUS: [libc::c_int; 7] =
        [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGTRAP, libc::SIGSYS, libc::SIGABRT];

    struct Restored(libc::sigset_t);

    impl Drop for Restored {
        fn drop(&mut self) {
            // SAFETY: `self.0` is the mask that this thread had, written by `pthread_sigmask`.
            unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, ptr::null_mut()) };
        }
    }

    /// Runs `body` with them blocked: a thread that it starts inherits the mask, and the caller gets its own back.
    pub fn with_async_signals_blocked<T>(body: impl FnOnce() -> T) -> T {
        let mut blocked = MaybeUninit::<libc::sigset_t>::uninit();
        let mut before = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: `sigfillset` writes the whole set before `sigdelset` and `pthread_sigmask` read it; the latter writes
        // `before` whole. All are locals, and the mask is this thread's own.
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
    /// There are no signals here.
    pub fn with_async_signals_blocked<T>(body: impl FnOnce() -> T) -> T {
        body()
    }
}

pub use system::with_async_signals_blocked;
