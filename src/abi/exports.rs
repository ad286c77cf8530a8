//! The C boundary: the exported functions, and nothing that a call does after its arguments were read.

use std::ffi::{CStr, c_char};
use std::ptr;
use std::time::Instant;

use crate::call::{Client, SignatureRequestId};
use crate::outcome::{Refusal, Report, okdok_status, status_name};
use crate::process::{self, guarded};

use super::error::okdok_error;
use super::handles;
use super::options::{self, okdok_options};

/// The version of the ABI: the number in the SONAME `libokdok.so.0`. It changes when a program built against an older
/// header would no longer work.
pub const OKDOK_ABI_VERSION: u32 = 0;

/// A client: base URL, API key and options. Opaque; the pointer is a token, never an address to look at.
pub struct okdok_client {
    _opaque: [u8; 0],
}

/// Where a call writes what happened, and when it began.
struct Outputs {
    status: *mut okdok_status,
    error: *mut okdok_error,
    /// `None` where the system's clock fails.
    begun: Option<Instant>,
}

impl Outputs {
    /// # Safety
    /// Each pointer is NULL or writable; what it points to need not be initialised.
    unsafe fn write(&self, report: &Report, api_key: Option<&str>) {
        if !self.status.is_null() {
            // SAFETY: not NULL, so it is writable; a raw write reads nothing of what was there, aligned or not.
            unsafe { ptr::write_unaligned(self.status, report.attempt.status) };
        }
        if !self.error.is_null() {
            // The rest is told even where the clock fails.
            let elapsed = process::caught(|| self.begun.map(|begun| begun.elapsed())).flatten().unwrap_or_default();
            // SAFETY: as above.
            unsafe { ptr::write_unaligned(self.error, okdok_error::new(report, api_key, elapsed)) };
        }
    }
}

/// The name of a status, for logs.
///
/// @param status  any number.
/// @return static text, never NULL, never to be freed: "OKDOK_STATUS_NOT_FOUND", say; "OKDOK_STATUS_UNKNOWN" for a
///         number that this release does not know.
///
/// Any thread, any time. Yields no status.
#[unsafe(no_mangle)]
pub extern "C" fn okdok_status_name(status: okdok_status) -> *const c_char {
    guarded(c"OKDOK_STATUS_UNKNOWN".as_ptr(), || status_name(status).as_ptr())
}

/// Makes a client. Sends nothing.
///
/// Reads the environment (proxy variables, SSL_CERT_FILE, SSL_CERT_DIR) here, and only here; an empty variable counts as
/// unset, and a privileged program (set-uid, file capabilities) reads none. Clients that go the same way share their
/// connections, so that one more costs microseconds. After 10 minutes of use names are resolved, roots read and connections
/// made anew. The returned handle works in a child process after `fork` too.
///
/// @param base_url    where the service is: https://, or http:// for a loopback address or localhost; 1 to 2048 bytes of
///                    UTF-8; a path prefix is kept, a final /JSON is taken as such; no user name, query or fragment.
///                    NULL: https://apidev.okdokument.com, the development host (the only one that the service's page
///                    names), which is hardly what production wants.
/// @param api_key     the key for the header x-api-key, 1 to 4096 visible ASCII characters; not NULL.
/// @param options     NULL: every default. See `okdok_options`.
/// @param out_status  NULL, or where to write the status.
/// @param out_error   NULL, or where to write what happened; it needs no initialising.
/// @return a handle for `okdok_free`, or NULL. Everything passed in was copied and may go.
///
/// Statuses: OKDOK_STATUS_OK; OKDOK_STATUS_INVALID_ARGUMENT (which and why is in the message);
/// OKDOK_STATUS_TLS_FAILED (the system has no roots to trust); OKDOK_STATUS_NO_RESOURCES; OKDOK_STATUS_INTERNAL.
///
/// Any thread, any time, but for signal handlers, `DllMain`, and constructors and destructors of libraries.
///
/// # Safety
/// Each pointer is NULL or valid as said above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn okdok_client_new(
    base_url: *const c_char,
    api_key: *const c_char,
    options: *const okdok_options,
    out_status: *mut okdok_status,
    out_error: *mut okdok_error,
) -> *mut okdok_client {
    let begun = guarded(None, || Some(Instant::now()));
    let outputs = Outputs { status: out_status, error: out_error, begun };
    let made = guarded(None, || {
        // SAFETY: the caller's promise, passed on.
        Some(unsafe { new_client(base_url, api_key, options) })
    });
    guarded(ptr::null_mut(), || {
        let (handle, report, api_key) = match made {
            Some(Ok(token)) => (ptr::without_provenance_mut(token), Report::ok(), None),
            Some(Err((refusal, api_key))) => (ptr::null_mut(), refusal.into(), api_key),
            None => (ptr::null_mut(), Report::panicked(), None),
        };
        // SAFETY: the caller's promise, passed on.
        unsafe { outputs.write(&report, api_key) };
        handle
    })
}

/// The new client's handle; or why there is none, with the key that the text must not show.
///
/// # Safety
/// As for [`okdok_client_new`].
unsafe fn new_client<'a>(
    base_url: *const c_char,
    api_key: *const c_char,
    options: *const okdok_options,
) -> Result<usize, (Refusal, Option<&'a str>)> {
    process::pin();
    // SAFETY: the caller's promise, passed on.
    let api_key = unsafe { options::text("api_key", api_key) }.map_err(|refusal| (refusal, None))?;
    let made = || {
        let api_key =
            api_key.ok_or_else(|| Refusal::argument("api_key is NULL; give the key of your OKdokument account"))?;
        // SAFETY: the caller's promise, passed on.
        let (base_url, options) = unsafe { (options::text("base_url", base_url)?, options::options(options)?) };
        let client = Client::new(base_url, api_key, options)?;
        handles::register(client).ok_or_else(|| Refusal::Internal("the system gave no random numbers".into()))
    };
    made().map_err(|refusal| (refusal, api_key))
}

/// Deletes a signature request: `DELETE {base_url}/JSON/signatureRequest/{id}`.
///
/// Blocks until the service has answered or the deadline has passed (`timeout_ms`, plus 250 ms at most), whatever the
/// network does. Tries again, where that may help and time allows, up to `max_attempts`.
///
/// False with `outcome_unknown` 0 means that this call deleted nothing; with 1, that the service may have deleted it.
///
/// Two things no client can see. A gateway that repeats a DELETE by itself (nginx does by default) turns a deletion into
/// "does not exist": OKDOK_STATUS_NOT_FOUND does not mean that the signature request was never there. A gateway that mixes
/// up the answers of one connection can refuse on behalf of another request.
///
/// @param client                a handle of `okdok_client_new`; many threads may use one at once. Anything else is
///                              refused, never dereferenced. The id is looked at first: with NULL here, a good id gives
///                              OKDOK_STATUS_INVALID_CLIENT and any other OKDOK_STATUS_INVALID_ARGUMENT with the reason.
/// @param signature_request_id  the id that Create signature request returned, opaque, 1 to 256 bytes of UTF-8 without
///                              control characters, `/` and `\`, white space at either end or of another kind than
///                              U+0020, and format characters (U+200B and the like); neither `.` nor `..`; not NULL.
/// @param out_status            NULL, or where to write the status.
/// @param out_error             NULL, or where to write what happened; it needs no initialising.
/// @return true when the signature request is gone: OKDOK_STATUS_OK or OKDOK_STATUS_PRESUMED_DELETED.
///
/// Statuses: OKDOK_STATUS_OK, OKDOK_STATUS_PRESUMED_DELETED (both true); OKDOK_STATUS_INVALID_ARGUMENT,
/// OKDOK_STATUS_INVALID_CLIENT (nothing was sent); OKDOK_STATUS_NOT_FOUND, OKDOK_STATUS_BAD_REQUEST,
/// OKDOK_STATUS_UNAUTHORIZED, OKDOK_STATUS_FORBIDDEN, OKDOK_STATUS_RATE_LIMITED, OKDOK_STATUS_SERVER_ERROR,
/// OKDOK_STATUS_UNEXPECTED_RESPONSE (by the answer); OKDOK_STATUS_RESOLVE_FAILED, OKDOK_STATUS_CONNECT_FAILED,
/// OKDOK_STATUS_TLS_FAILED, OKDOK_STATUS_TIMED_OUT, OKDOK_STATUS_CONNECTION_LOST, OKDOK_STATUS_PROXY_REFUSED (no answer);
/// OKDOK_STATUS_INTERNAL, OKDOK_STATUS_NO_RESOURCES.
///
/// Any thread, any time, but for signal handlers, `DllMain`, and constructors and destructors of libraries. Thread
/// cancellation is held off meanwhile.
///
/// # Safety
/// `signature_request_id` is NULL or NUL-terminated; the outputs are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn okdok_delete_signature_request(
    client: *const okdok_client,
    signature_request_id: *const c_char,
    out_status: *mut okdok_status,
    out_error: *mut okdok_error,
) -> bool {
    let begun = guarded(None, || Some(Instant::now()));
    let outputs = Outputs { status: out_status, error: out_error, begun };
    let client = guarded(None, || handles::find(client.addr()));
    let report = guarded(Report::panicked(), || {
        // SAFETY: the caller's promise, passed on.
        unsafe { delete(client.as_deref(), signature_request_id) }.unwrap_or_else(Report::from)
    });
    guarded(false, move || {
        // The client may end here, with all that it holds: while thread cancellation is held off.
        // SAFETY: the caller's promise, passed on.
        unsafe { outputs.write(&report, client.as_ref().map(|client| client.api_key())) };
        report.is_gone()
    })
}

/// The id is looked at first, so that a call without a client tells whether it could be sent.
///
/// # Safety
/// As for [`okdok_delete_signature_request`].
unsafe fn delete(client: Option<&Client>, id: *const c_char) -> Result<Report, Refusal> {
    // SAFETY: the caller's promise, passed on.
    let id = unsafe { options::text("signature_request_id", id) }?;
    let id = id.ok_or_else(|| Refusal::argument("signature_request_id is NULL"))?;
    let id = SignatureRequestId::new(id)?;
    Ok(client.ok_or(Refusal::Client)?.delete(id))
}

/// Frees a client. Returns at once; calls that still run on it finish.
///
/// @param client  a handle of `okdok_client_new`. NULL, a handle that was freed before and anything else are ignored.
///
/// Yields no status. Any thread, any time, but for signal handlers, `DllMain`, and constructors and destructors of
/// libraries.
#[unsafe(no_mangle)]
pub extern "C" fn okdok_free(client: *mut okdok_client) {
    guarded((), || handles::remove(client.addr()));
}

/// The version of the library, for logs.
///
/// @return static text such as "0.1.0", never NULL, never to be freed.
///
/// Yields no status. Any thread, any time.
#[unsafe(no_mangle)]
pub extern "C" fn okdok_version() -> *const c_char {
    const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => c"",
    };
    guarded(c"".as_ptr(), || VERSION.as_ptr())
}

/// The version of the library's ABI. A wrapper checks it first: it must equal the `OKDOK_ABI_VERSION` it was written for.
///
/// @return `OKDOK_ABI_VERSION` of the library that was loaded.
///
/// Yields no status. Any thread, any time.
#[unsafe(no_mangle)]
pub extern "C" fn okdok_abi_version() -> u32 {
    guarded(OKDOK_ABI_VERSION, || OKDOK_ABI_VERSION)
}
