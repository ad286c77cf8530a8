//! Disables thread cancellation during a call: `pthread_cancel` inside `catch_unwind` aborts the process.

#[cfg(unix)]
mod system {
    use std::ffi::c_int;

    // The crate libc declares these for some systems only. The function and these values are those of glibc, musl and macOS.
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
        // SAFETY: only sets a flag of the calling thread, and writes the old value to a live local variable.
        unsafe { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &raw mut before) };
        HeldOff { before }
    }

    impl Drop for HeldOff {
        fn drop(&mut self) {
            let mut ignored = 0;
            // SAFETY: restores the flag that `hold_off` found on this thread; `HeldOff` is not sent to other threads.
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
