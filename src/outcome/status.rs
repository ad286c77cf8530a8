//! The statuses of a call. The header, the bindings and the README follow this list.

use std::ffi::CStr;

/// The result of a call: one of the `OKDOK_STATUS_` numbers.
///
/// Numbers are never changed or reused. A later release may add new ones; a caller that gets a status that it does not
/// know should rely on the returned `bool`.
pub type okdok_status = i32;

/// The service confirmed that it deleted this signature request (200 and `msg.deleted` for this id). Returns true.
pub const OKDOK_STATUS_OK: okdok_status = 0;
/// The service said that the signature request does not exist, but an earlier attempt of this same call may have
/// deleted it. Returns true. The id or the host may also be wrong.
pub const OKDOK_STATUS_PRESUMED_DELETED: okdok_status = 1;
/// An argument or option is NULL, empty, too long, not UTF-8, contains forbidden characters, or cannot be used. Nothing was
/// sent.
pub const OKDOK_STATUS_INVALID_ARGUMENT: okdok_status = 10;
/// The handle is not, or no longer, a live client of this library. Nothing was sent.
pub const OKDOK_STATUS_INVALID_CLIENT: okdok_status = 11;
/// 400 (404, 410) with `err.signature.request.not.exist` for this id: the signature request does not exist, or no longer.
pub const OKDOK_STATUS_NOT_FOUND: okdok_status = 20;
/// Any other 400.
pub const OKDOK_STATUS_BAD_REQUEST: okdok_status = 21;
/// 401: the service did not accept the API key.
pub const OKDOK_STATUS_UNAUTHORIZED: okdok_status = 22;
/// 403: the API key lacks the permission.
pub const OKDOK_STATUS_FORBIDDEN: okdok_status = 23;
/// 429: too many requests; see `retry_after_ms`.
pub const OKDOK_STATUS_RATE_LIMITED: okdok_status = 24;
/// 5xx: the service or a gateway failed.
pub const OKDOK_STATUS_SERVER_ERROR: okdok_status = 25;
/// Any other response: a redirect, 204, 404, 408, a 200 that does not confirm this id, or something that is not HTTP.
pub const OKDOK_STATUS_UNEXPECTED_RESPONSE: okdok_status = 26;
/// The host name could not be resolved, or not in time.
pub const OKDOK_STATUS_RESOLVE_FAILED: okdok_status = 30;
/// No connection: refused, unreachable, too slow, or broken during the handshake.
pub const OKDOK_STATUS_CONNECT_FAILED: okdok_status = 31;
/// One side refused the certificate or the handshake; or, from `okdok_client_new`, the system has no roots to trust.
pub const OKDOK_STATUS_TLS_FAILED: okdok_status = 32;
/// The deadline passed during an attempt.
pub const OKDOK_STATUS_TIMED_OUT: okdok_status = 33;
/// The connection broke after the request may have been sent.
pub const OKDOK_STATUS_CONNECTION_LOST: okdok_status = 34;
/// The proxy did not open a tunnel: it refused, asked for a login or hung up. Never retried.
pub const OKDOK_STATUS_PROXY_REFUSED: okdok_status = 35;
/// A bug in the library, caught at the boundary.
pub const OKDOK_STATUS_INTERNAL: okdok_status = 40;
/// The system has no thread, descriptor or memory map left.
pub const OKDOK_STATUS_NO_RESOURCES: okdok_status = 41;

macro_rules! names {
    ($($constant:ident)*) => {
        /// The name of the constant; `OKDOK_STATUS_UNKNOWN` for any other number.
        pub const fn status_name(status: okdok_status) -> &'static CStr {
            // Not a `match`: a misspelt constant would become a binding that matches everything.
            $(if status == $constant {
                const NAME: &CStr = match CStr::from_bytes_with_nul(concat!(stringify!($constant), "\0").as_bytes()) {
                    Ok(name) => name,
                    Err(_) => c"",
                };
                return NAME;
            })*
            c"OKDOK_STATUS_UNKNOWN"
        }
    };
}

names! {
    OKDOK_STATUS_OK
    OKDOK_STATUS_PRESUMED_DELETED
    OKDOK_STATUS_INVALID_ARGUMENT
    OKDOK_STATUS_INVALID_CLIENT
    OKDOK_STATUS_NOT_FOUND
    OKDOK_STATUS_BAD_REQUEST
    OKDOK_STATUS_UNAUTHORIZED
    OKDOK_STATUS_FORBIDDEN
    OKDOK_STATUS_RATE_LIMITED
    OKDOK_STATUS_SERVER_ERROR
    OKDOK_STATUS_UNEXPECTED_RESPONSE
    OKDOK_STATUS_RESOLVE_FAILED
    OKDOK_STATUS_CONNECT_FAILED
    OKDOK_STATUS_TLS_FAILED
    OKDOK_STATUS_TIMED_OUT
    OKDOK_STATUS_CONNECTION_LOST
    OKDOK_STATUS_PROXY_REFUSED
    OKDOK_STATUS_INTERNAL
    OKDOK_STATUS_NO_RESOURCES
}
