//! Environment variables, as far as this process may trust them.

use std::env;
use std::ffi::OsString;

/// The value of a variable that is set and not empty. Always `None` in a process with more privileges than its caller:
/// whoever runs a set-uid program must not choose which authorities it trusts or which proxy it uses.
pub fn variable(name: &str) -> Option<OsString> {
    if is_privileged() { None } else { env::var_os(name).filter(|value| !value.is_empty()) }
}

#[cfg(target_os = "linux")]
pub fn is_privileged() -> bool {
    // SAFETY: only reads a number that the kernel passed to this process; has no preconditions.
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
