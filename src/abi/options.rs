//! What C hands in: read once, checked, and turned into Rust before anything is done with it.

use std::ffi::{CStr, c_char};
use std::mem::{MaybeUninit, offset_of};
use std::ptr;
use std::time::Duration;

use crate::call::{Options, user_agent};
use crate::outcome::{Refusal, check_length};

/// Options of a client. Zero and NULL mean the default; set up with `OKDOK_OPTIONS_INIT`.
///
/// Copied by `okdok_client_new`, with the text it points to.
#[repr(C)]
pub struct okdok_options {
    /// `sizeof(okdok_options)` of the caller. The struct grows at its end only; bytes past what the library knows must
    /// be zero, or the option that they mean would be dropped silently.
    pub size: u32,
    /// Deadline of one whole call in milliseconds, all attempts and waits included; default 30000; 1 to 9 count as 10.
    pub timeout_ms: u32,
    /// Milliseconds for the name, all addresses, the proxy and TLS of one connection; default 10000; lowered to half of
    /// `timeout_ms` where it is above that.
    pub connect_timeout_ms: u32,
    /// Attempts at most; 1: never retry; default 3.
    pub max_attempts: u32,
    /// File with PEM certificates that are trusted instead of the system's roots, 1 to 4096 bytes of UTF-8; NULL: the
    /// system's roots, or those that SSL_CERT_FILE and SSL_CERT_DIR name. Read by `okdok_client_new`, for plain http too,
    /// and again every 10 minutes of use; what cannot be read then stays as it was. Where roots are named, by this or by a
    /// variable, they alone count; else Windows and macOS are asked about a chain that their store does not complete.
    pub ca_file: *const c_char,
    /// URL of an http://, https://, socks5:// or socks5h:// proxy, 1 to 2048 bytes; http:// where it names no scheme;
    /// "": none; NULL: from the environment (HTTPS_PROXY, https_proxy, ALL_PROXY, all_proxy, but for NO_PROXY, no_proxy)
    /// or, on Windows and macOS, the system. Loopback is never proxied. With socks5:// the name is resolved here, with
    /// socks5h:// by the proxy.
    pub proxy: *const c_char,
    /// Put in front of "okdok/<version>" in the header `user-agent`, 1 to 256 printable ASCII characters; NULL: nothing.
    pub user_agent: *const c_char,
}

/// Fields of the first release end here; a caller cannot know fewer.
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

/// Copies the caller's struct, whatever its size; NULL means every default.
///
/// # Safety
/// `pointer` is NULL or points to `size` readable bytes, `size` being its first field, whose pointers are as for [`text`].
pub unsafe fn options<'a>(pointer: *const okdok_options) -> Result<Options<'a>, Refusal> {
    let mut copy = MaybeUninit::<okdok_options>::zeroed();
    if !pointer.is_null() {
        // SAFETY: `size` comes first and is always there.
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
