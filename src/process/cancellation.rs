//! Thread cancellation, held off during a call: `pthread_cancel` inside `catch_unwind` aborts the process.

#[cfg(unix)]
mod system {
    use std::ffi::c_int;

    // libc declares these for some systems only; both names and 1 = DISABLE hold for glibc, musl and macOS.
    #[cfg(not(target_os = "linux"))]
    const PTHREAD_CANCEL_DISABLE: c_int = 0;
    #[cfg(target_os = "linux")]
    const PTHREAD_CANCEL_DISABLE: c_int = 1;

    unsafe extern "C" {
        fn pthread_setcancelstate(state: c_int, old_state: *mut c_int) -> c_int;
    }

    pub struct HeldOff {
        before: c_int,
    }

    pub fn hold_off() -> HeldOff {
        let mut before = 0;
        // SAFETY: sets a flag of the calling thread only, and writes the old one to a live local.
        unsafe { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &raw mut before) };
        HeldOff { before }
    }

    impl Drop for HeldOff {
        fn drop(&mut self) {
            let mut ignored = 0;
            // SAFETY: restores the flag that `hold_off` found on this thread; the value does not leave its thread.
            unsafe { pthread_setcancelstate(self.before, &raw mut ignored) };
        }
    }
}

#[cfg(not(unix))]
mod system {
    pub struct HeldOff;

    pub fn hold_off() -> HeldOff {
        HeldOff
    }
}

pub use system::hold_off;
