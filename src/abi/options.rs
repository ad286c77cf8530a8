//! Arguments from C: they are read once, checked, and converted to Rust types before anything is done with them.

use std::ffi::{CStr, c_char};
use std::mem::{MaybeUninit, offset_of};
use std::ptr;
use std::time::Duration;

use crate::call::{Options, user_agent};
use crate::outcome::{Refusal, check_length};

/// Options of a client. Initialise the struct with `OKDOK_OPTIONS_INIT`; zero and NULL mean the default.
///
/// `okdok_client_new` copies the struct and the text that it points to.
#[repr(C)]
pub struct okdok_options {
    /// The caller's `sizeof(okdok_options)`. The struct grows only at its end. Bytes after the fields that the library
    /// knows must be zero; otherwise `okdok_client_new` fails, so that no option is ignored silently.
    pub size: u32,
    /// The deadline of a whole call including all attempts and waits, in milliseconds; default 30000; 1 to 9 count as 10.
    pub timeout_ms: u32,
    /// The time-out of one connection in milliseconds. It covers name resolution, all addresses, the proxy and TLS. At
    /// most half of `timeout_ms` is used; default 10000.
    pub connect_timeout_ms: u32,
    /// The maximum number of attempts; 1 means no retries; default 3.
    pub max_attempts: u32,
    /// The path of a file with PEM certificates that are trusted instead of the system's roots, 1 to 4096 bytes of UTF-8.
    /// NULL means the roots that SSL_CERT_FILE and SSL_CERT_DIR name, or else the system's. The file is read by
    /// `okdok_client_new`, even for plain http, and again every 10 minutes of use; if it cannot be read then, the old
    /// roots stay in use. If this option or a variable names roots, only those are trusted. Otherwise, on Windows and
    /// macOS, the system is asked about certificate chains that the roots in its store do not complete.
    pub ca_file: *const c_char,
    /// The URL of an http://, https://, socks5:// or socks5h:// proxy, 1 to 2048 bytes; without a scheme, http:// is
    /// assumed. "" means no proxy. NULL means the proxy from the environment (HTTPS_PROXY, https_proxy, ALL_PROXY,
    /// all_proxy, unless NO_PROXY or no_proxy excludes the host) or, on Windows and macOS, from the system. Loopback is
    /// never proxied. With socks5:// the host name is resolved locally, with socks5h:// by the proxy.
    pub proxy: *const c_char,
    /// Text to put in front of "okdok/<version>" in the header `user-agent`, 1 to 256 printable ASCII characters; NULL for
    /// none.
    pub user_agent: *const c_char,
}

/// Where the fields of the first release end; no caller knows fewer.
const SMALLEST_SIZE: usize = offset_of!(okdok_options, user_agent) + size_of::<*const c_char>();
const LARGEST_SIZE: usize = 4096;

const DEFAULT_TIMEOUT_MS: u32 = 30_000;
const SHORTEST_TIMEOUT_MS: u32 = 10;
const DEFAULT_CONNECT_TIMEOUT_MS: u32 = 10_000;
const DEFAULT_MAX_ATTEMPTS: u32 = 3;

/// Text from C; `None` for NULL.
///
/// # Safety
/// `pointer` is NULL or points to a NUL-terminated string that stays unchanged for `'a`.
pub unsafe fn text<'a>(name: &str, pointer: *const c_char) -> Result<Option<&'a str>, Refusal> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, and NUL-terminated as the caller of this function promises.
    let text = unsafe { CStr::from_ptr(pointer) };
    match text.to_str() {
        Ok(text) => Ok(Some(text)),
        Err(error) => Err(Refusal::argument(format!(
            "{name} is not UTF-8: byte {} is wrong; convert it first",
            error.valid_up_to() + 1
        ))),
    }
}

/// Copies the caller's struct, whatever its size; NULL means all defaults.
///
/// # Safety
/// `pointer` is NULL or points to `size` readable bytes, where `size` is its first field and its pointers are as for
/// [`text`].
pub unsafe fn options<'a>(pointer: *const okdok_options) -> Result<Options<'a>, Refusal> {
    let mut copy = MaybeUninit::<okdok_options>::zeroed();
    if !pointer.is_null() {
        // SAFETY: every version of the struct begins with `size`.
        let size = unsafe { ptr::read_unaligned(pointer.cast::<u32>()) } as usize;
        if !(SMALLEST_SIZE..=LARGEST_SIZE).contains(&size) {
            return Err(Refusal::argument(format!(
                "options.size is {size}; set it with OKDOK_OPTIONS_INIT ({SMALLEST_SIZE} to {LARGEST_SIZE})"
            )));
        }
        let known = size.min(size_of::<okdok_options>());
        // SAFETY: `known` bytes are within the caller's struct and within ours; the two do not overlap. The bytes past
        // them are within the caller's struct, and any byte is a valid `u8`.
        let unknown = unsafe {
            ptr::copy_nonoverlapping(pointer.cast::<u8>(), copy.as_mut_ptr().cast::<u8>(), known);
            std::slice::from_raw_parts(pointer.cast::<u8>().add(known), size - known)
        };
        if unknown.iter().any(|byte| *byte != 0) {
            return Err(Refusal::argument(format!(
                "options sets a field that okdok {} does not know; use a newer library, or leave it zero",
                env!("CARGO_PKG_VERSION")
            )));
        }
    }
    // SAFETY: zero or copied bytes make valid numbers and pointers.
    let copy = unsafe { copy.assume_init() };
    // SAFETY: as the caller of this function promises.
    let (ca_file, proxy, prefix) = unsafe {
        (
            text("options.ca_file", copy.ca_file)?,
            text("options.proxy", copy.proxy)?,
            text("options.user_agent", copy.user_agent)?,
        )
    };
    if let Some(path) = ca_file {
        check_length("options.ca_file", path, 4096)?;
    }
    let timeout_ms = or_default(copy.timeout_ms, DEFAULT_TIMEOUT_MS).max(SHORTEST_TIMEOUT_MS);
    let connect_timeout_ms = or_default(copy.connect_timeout_ms, DEFAULT_CONNECT_TIMEOUT_MS).min(timeout_ms / 2);
    Ok(Options {
        timeout: Duration::from_millis(timeout_ms.into()),
        connect_timeout: Duration::from_millis(connect_timeout_ms.into()),
        max_attempts: or_default(copy.max_attempts, DEFAULT_MAX_ATTEMPTS),
        ca_file,
        proxy,
        user_agent: user_agent(prefix)?,
    })
}

fn or_default(value: u32, default: u32) -> u32 {
    if value == 0 { default } else { value }
}
