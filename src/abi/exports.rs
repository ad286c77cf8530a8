//! The C boundary: the exported functions. They read the arguments, and leave the rest of a call to `call`.

use std::ffi::{CStr, c_char};
use std::ptr;
use std::time::Instant;

use crate::call::{Client, SignatureRequestId};
use crate::outcome::{Refusal, Report, okdok_status, status_name};
use crate::process::{self, guarded};

use super::error::okdok_error;
use super::handles;
use super::options::{self, okdok_options};

/// The version of the ABI, which is the number in the SONAME `libokdok.so.0`. It changes when a program built against an
/// older header would no longer work.
pub const OKDOK_ABI_VERSION: u32 = 0;

/// A client: base URL, API key and options. Opaque: the pointer is a token and must not be dereferenced.
pub struct okdok_client {
    _opaque: [u8; 0],
}

/// Where a call writes its result, and when it began.
struct Outputs {
    status: *mut okdok_status,
    error: *mut okdok_error,
    /// `None` if the system's clock fails.
    begun: Option<Instant>,
}

impl Outputs {
    /// # Safety
    /// Each pointer is NULL or writable; what it points to need not be initialised.
    unsafe fn write(&self, report: &Report, api_key: Option<&str>) {
        if !self.status.is_null() {
            // SAFETY: not NULL, so it is writable; this write needs no alignment and does not read what was there.
            unsafe { ptr::write_unaligned(self.status, report.attempt.status) };
        }
        if !self.error.is_null() {
            // A failing clock must not keep the rest from being reported.
            let elapsed = process::caught(|| self.begun.map(|begun| begun.elapsed())).flatten().unwrap_or_default();
            // SAFETY: as above.
            unsafe { ptr::write_unaligned(self.error, okdok_error::new(report, api_key, elapsed)) };
        }
    }
}

/// The name of a status, for logs.
///
/// @param status  any number.
/// @return static text such as "OKDOK_STATUS_NOT_FOUND", or "OKDOK_STATUS_UNKNOWN" for a number that this release does
///         not know. Never NULL; must not be freed.
///
/// Any thread may call this at any time.
///
/// Statuses: none.
#[unsafe(no_mangle)]
pub extern "C" fn okdok_status_name(status: okdok_status) -> *const c_char {
    guarded(c"OKDOK_STATUS_UNKNOWN".as_ptr(), || status_name(status).as_ptr())
}

/// Makes a client. Sends nothing.
///
/// This is the only function that reads the environment (proxy variables, SSL_CERT_FILE, SSL_CERT_DIR). An empty
/// variable counts as unset, and a privileged program (set-uid, file capabilities) reads none. Clients with the same
/// proxy, roots and connect time-out share their connections, so an additional client costs microseconds. Every 10
/// minutes of use, names are resolved again, roots are read again and new connections are made. The returned handle also
/// works in a child process after `fork`.
///
/// @param base_url    the URL of the service: https://, or http:// for a loopback address or localhost; 1 to 2048 bytes
///                    of UTF-8, without user name, query and fragment. A path prefix is kept. A final /JSON may be
///                    given or left out. NULL means https://apidev.okdokument.com, which is the development host (the
///                    only one that the service's page names) and hardly the one to use in production.
/// @param api_key     the key for the header x-api-key, 1 to 4096 visible ASCII characters; not NULL.
/// @param options     see `okdok_options`; NULL for all defaults.
/// @param out_status  where to write the status, or NULL.
/// @param out_error   where to write what happened, or NULL; it needs no initialising.
/// @return a handle to be freed by `okdok_free`, or NULL on failure. All arguments have been copied and need not be kept.
///
/// Any thread may call this at any time, but not from signal handlers, `DllMain`, or constructors and destructors of
/// libraries.
///
/// Statuses: OKDOK_STATUS_OK; OKDOK_STATUS_INVALID_ARGUMENT (the message says which argument, and why);
/// OKDOK_STATUS_TLS_FAILED (the system has no roots to trust); OKDOK_STATUS_NO_RESOURCES; OKDOK_STATUS_INTERNAL.
///
/// # Safety
/// Each pointer is NULL or valid as described above.
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

/// The new client's handle, or the reason why there is none and the key that its text must not show.
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
/// network does. Retries if that may help and time allows, up to `max_attempts` attempts.
///
/// If the call returns false and `outcome_unknown` is 0, it deleted nothing. If `outcome_unknown` is 1, the service may
/// have deleted the signature request.
///
/// There are two things that no client can detect. If a gateway repeats a DELETE by itself (nginx does by default), a
/// deletion can be reported as "does not exist", so OKDOK_STATUS_NOT_FOUND does not mean that the signature request never
/// existed. And a gateway that mixes up the responses of one connection can report a refusal of another request.
///
/// @param client                a handle from `okdok_client_new`; many threads may use one at the same time. Any other
///                              value is refused and never dereferenced. The id is checked first: with NULL, a valid id
///                              gives OKDOK_STATUS_INVALID_CLIENT, and an invalid one OKDOK_STATUS_INVALID_ARGUMENT with
///                              the reason.
/// @param signature_request_id  the id that Create signature request returned: opaque, 1 to 256 bytes of UTF-8, not NULL.
///                              It must not contain control characters, `/`, `\`, format characters (U+200B and the
///                              like), white space other than U+0020, or white space at either end, and must not be
///                              `.` or `..`.
/// @param out_status            where to write the status, or NULL.
/// @param out_error             where to write what happened, or NULL; it needs no initialising.
/// @return true if the signature request is gone: OKDOK_STATUS_OK or OKDOK_STATUS_PRESUMED_DELETED.
///
/// Any thread may call this at any time, but not from signal handlers, `DllMain`, or constructors and destructors of
/// libraries. Thread cancellation is disabled during the call.
///
/// Statuses:
/// - returns true: OKDOK_STATUS_OK, OKDOK_STATUS_PRESUMED_DELETED;
/// - nothing was sent: OKDOK_STATUS_INVALID_ARGUMENT, OKDOK_STATUS_INVALID_CLIENT;
/// - depending on the response: OKDOK_STATUS_NOT_FOUND, OKDOK_STATUS_BAD_REQUEST, OKDOK_STATUS_UNAUTHORIZED,
///   OKDOK_STATUS_FORBIDDEN, OKDOK_STATUS_RATE_LIMITED, OKDOK_STATUS_SERVER_ERROR, OKDOK_STATUS_UNEXPECTED_RESPONSE;
/// - no response: OKDOK_STATUS_RESOLVE_FAILED, OKDOK_STATUS_CONNECT_FAILED, OKDOK_STATUS_TLS_FAILED,
///   OKDOK_STATUS_TIMED_OUT, OKDOK_STATUS_CONNECTION_LOST, OKDOK_STATUS_PROXY_REFUSED;
/// - OKDOK_STATUS_INTERNAL, OKDOK_STATUS_NO_RESOURCES.
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
        // This may drop the client, so it runs inside `guarded`, where thread cancellation is disabled.
        // SAFETY: the caller's promise, passed on.
        unsafe { outputs.write(&report, client.as_ref().map(|client| client.api_key())) };
        report.is_gone()
    })
}

/// Checks the id first, so that a call without a client says whether the id could be sent.
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

/// Frees a client. Returns at once. Calls that are still using it run to their end.
///
/// @param client  a handle from `okdok_client_new`. NULL, a handle that was already freed, and any other value are ignored.
///
/// Any thread may call this at any time, but not from signal handlers, `DllMain`, or constructors and destructors of
/// libraries.
///
/// Statuses: none.
#[unsafe(no_mangle)]
pub extern "C" fn okdok_free(client: *mut okdok_client) {
    guarded((), || handles::remove(client.addr()));
}

/// The version of the library, for logs.
///
/// @return static text such as "0.1.0". Never NULL; must not be freed.
///
/// Any thread may call this at any time.
///
/// Statuses: none.
#[unsafe(no_mangle)]
pub extern "C" fn okdok_version() -> *const c_char {
    const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => c"",
    };
    guarded(c"".as_ptr(), || VERSION.as_ptr())
}

/// The version of the library's ABI. A wrapper should check it first: it must equal the `OKDOK_ABI_VERSION` that the
/// wrapper was written for.
///
/// @return `OKDOK_ABI_VERSION` of the loaded library.
///
/// Any thread may call this at any time.
///
/// Statuses: none.
#[unsafe(no_mangle)]
pub extern "C" fn okdok_abi_version() -> u32 {
    guarded(OKDOK_ABI_VERSION, || OKDOK_ABI_VERSION)
}
