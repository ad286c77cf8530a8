//! The built shared library, as other languages use it: loaded at run time, called through the C ABI.

use std::ffi::{CStr, CString, c_char, c_void};
use std::path::PathBuf;
use std::process::Command;
use std::ptr;
use std::sync::OnceLock;

use libloading::{Library, Symbol};

pub const KEY: &str = "7796b696_bd2b1aaf7ef4f09be9f52ce2d8d599674d81aa9d";

/// `okdok_error` of the header.
#[repr(C)]
struct Error {
    status: i32,
    http_status: i32,
    attempts: u32,
    outcome_unknown: u32,
    retry_after_ms: u32,
    service_code: [c_char; 128],
    service_value: [c_char; 256],
    message: [c_char; 512],
    elapsed_ms: u32,
    attempt_log: [Attempt; 6],
    reserved: [u32; 8],
}

/// `okdok_attempt` of the header.
#[repr(C)]
struct Attempt {
    status: i16,
    http_status: i16,
    waited_ms: u32,
    elapsed_ms: u32,
}

type New = unsafe extern "C" fn(*const c_char, *const c_char, *const c_void, *mut i32, *mut Error) -> *mut c_void;
type Delete = unsafe extern "C" fn(*const c_void, *const c_char, *mut i32, *mut Error) -> bool;
type Free = unsafe extern "C" fn(*mut c_void);
type StatusName = unsafe extern "C" fn(i32) -> *const c_char;

pub struct Client(*mut c_void);

// SAFETY: the header promises that many threads may use one client at once.
unsafe impl Sync for Client {}

#[derive(Debug, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the names of the C struct")]
pub struct Outcome {
    pub gone: bool,
    /// The name without `OKDOK_STATUS_`.
    pub status: String,
    pub http_status: i32,
    pub attempts: u32,
    pub outcome_unknown: u32,
    pub service_code: String,
    pub service_value: String,
    pub message: String,
}

impl Client {
    pub fn new(base_url: &str) -> Self {
        let (base_url, key) = (CString::new(base_url).unwrap(), CString::new(KEY).unwrap());
        // SAFETY: the signature is the header's; the strings live until the call returns.
        let client = unsafe {
            symbol::<New>("okdok_client_new")(
                base_url.as_ptr(),
                key.as_ptr(),
                ptr::null(),
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        assert!(!client.is_null());
        Self(client)
    }

    pub fn delete(&self, id: &str) -> Outcome {
        let id = CString::new(id).unwrap();
        let mut error = std::mem::MaybeUninit::<Error>::uninit();
        // SAFETY: the signature is the header's, and the call writes the whole error.
        let (gone, error) = unsafe {
            let delete = symbol::<Delete>("okdok_delete_signature_request");
            let gone = delete(self.0, id.as_ptr(), ptr::null_mut(), error.as_mut_ptr());
            (gone, error.assume_init())
        };
        assert_eq!(error.reserved, [0; 8]);
        let logged: u32 = error.attempt_log.iter().map(|attempt| attempt.waited_ms + attempt.elapsed_ms).sum();
        assert!(logged <= error.elapsed_ms, "the attempts took longer than the call");
        let begun = usize::try_from(error.attempts).unwrap();
        let last = error.attempt_log.get(begun - 1).unwrap();
        assert_eq!((i32::from(last.status), i32::from(last.http_status)), (error.status, error.http_status));
        assert!(error.attempt_log.iter().skip(begun).all(|attempt| attempt.status == 0 && attempt.elapsed_ms == 0));
        // SAFETY: static text of the library.
        let name = unsafe { CStr::from_ptr(symbol::<StatusName>("okdok_status_name")(error.status)) };
        Outcome {
            gone,
            status: name.to_str().unwrap().strip_prefix("OKDOK_STATUS_").unwrap().to_owned(),
            http_status: error.http_status,
            attempts: error.attempts,
            outcome_unknown: error.outcome_unknown,
            service_code: text(&error.service_code),
            service_value: text(&error.service_value),
            message: text(&error.message),
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // SAFETY: the signature is the header's.
        unsafe { symbol::<Free>("okdok_free")(self.0) };
    }
}

fn text(chars: &[c_char]) -> String {
    let bytes: Vec<u8> = chars.iter().map(|c| c.cast_unsigned()).take_while(|b| *b != 0).collect();
    String::from_utf8(bytes).unwrap()
}

fn symbol<T>(name: &str) -> Symbol<'static, T> {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    let library = LIBRARY.get_or_init(|| {
        // SAFETY: okdok has no initialisers.
        unsafe { Library::new(path()) }.unwrap()
    });
    // SAFETY: each caller names the type that the header gives this name.
    unsafe { library.get(name.as_bytes()) }.unwrap()
}

/// The library is built here, since cargo builds no cdylib for tests: so it is never missing and never out of date.
fn path() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let target = test.ancestors().nth(3).unwrap();
    let arguments = ["build", "--quiet", "--lib", "--locked", "--package", "okdok", "--target-dir"];
    let cargo =
        Command::new(env!("CARGO")).current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).arg(target).status();
    assert!(cargo.unwrap().success(), "cargo could not build the library");
    target.join("debug").join(libloading::library_filename("okdok"))
}
