//! When the server ends: on a signal, or with its parent, so that a killed test leaves no server behind.

use std::io;
use std::mem::MaybeUninit;
use std::os::unix::process::parent_id;
use std::ptr;

pub struct Lifetime {
    signals: libc::sigset_t,
    parent: u32,
}

impl Lifetime {
    /// Must be called before the first thread starts, since threads inherit the blocked signals.
    pub fn begin() -> io::Result<Self> {
        let mut signals = MaybeUninit::uninit();
        // SAFETY: sigemptyset initialises the set, the other calls only read or add to it.
        let (blocked, signals) = unsafe {
            libc::sigemptyset(signals.as_mut_ptr());
            for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
                libc::sigaddset(signals.as_mut_ptr(), signal);
            }
            let signals = signals.assume_init();
            let blocked = libc::pthread_sigmask(libc::SIG_BLOCK, &raw const signals, ptr::null_mut());
            (blocked, signals)
        };
        if blocked != 0 {
            return Err(io::Error::from_raw_os_error(blocked));
        }
        Ok(Self { signals, parent: parent_id() })
    }

    /// Returns when the server should end.
    pub fn wait(&self) {
        // PR_SET_PDEATHSIG would fire when the parent's thread ends, not the parent, so this polls.
        let interval = libc::timespec { tv_sec: 0, tv_nsec: 250_000_000 };
        while parent_id() == self.parent {
            // SAFETY: both pointers point to live values; a null siginfo is allowed.
            let signal = unsafe { libc::sigtimedwait(&raw const self.signals, ptr::null_mut(), &raw const interval) };
            if signal > 0 {
                return;
            }
        }
    }
}
