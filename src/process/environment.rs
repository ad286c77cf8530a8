//! The environment, as far as this process may be led by it.

use std::env;
use std::ffi::OsString;

/// The value of a variable that is set and not empty. None at all in a process with privileges that its caller lacks: who
/// runs a set-uid program must not choose whom it trusts or which way its key goes.
pub fn variable(name: &str) -> Option<OsString> {
    if is_privileged() { None } else { env::var_os(name).filter(|value| !value.is_empty()) }
}

#[cfg(target_os = "linux")]
pub fn is_privileged() -> bool {
    // SAFETY: reads a number that the kernel gave to this process; has no preconditions.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

#[cfg(all(unix, not(target_os = "linux")))]
pub fn is_privileged() -> bool {
    unsafe extern "C" {
        fn issetugid() -> std::ffi::c_int;
    }
    // SAFETY: has no preconditions, and always succeeds.
    unsafe { issetugid() != 0 }
}

#[cfg(not(unix))]
pub fn is_privileged() -> bool {
    false
}
