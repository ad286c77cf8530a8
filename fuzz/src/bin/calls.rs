//! Calls of the C functions in any order, with live, stale and made-up handles, against a service that answers what the
//! input says: no crash, and each call ends as the state of its handle demands.
#![no_main]

use std::ffi::CString;
use std::io::{Read, Write};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpListener};
use std::ptr;
use std::sync::{Mutex, OnceLock};

use libfuzzer_sys::fuzz_target;

use crate::abi::error::okdok_error;
use crate::abi::exports::{okdok_client, okdok_client_new, okdok_delete_signature_request, okdok_free};
use crate::abi::options::okdok_options;
use crate::outcome::status::{
    OKDOK_STATUS_INTERNAL, OKDOK_STATUS_INVALID_ARGUMENT, OKDOK_STATUS_INVALID_CLIENT, OKDOK_STATUS_OK,
    OKDOK_STATUS_PRESUMED_DELETED,
};

include!(concat!(env!("OUT_DIR"), "/okdok.rs"));

/// What the service answers next.
static ANSWER: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Answers each request with what `ANSWER` holds then, and closes.
fn service() -> SocketAddr {
    static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();
    *ADDRESS.get_or_init(|| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        std::thread::spawn(move || {
            for mut connection in listener.incoming().flatten() {
                let mut head = [0; 4096];
                let mut read = 0;
                while !head[..read].ends_with(b"\r\n\r\n") {
                    match connection.read(&mut head[read..]) {
                        Ok(0) | Err(_) => break,
                        Ok(count) => read += count,
                    }
                }
                let answer = ANSWER.lock().expect("never poisoned").clone();
                let _ = connection.write_all(&answer);
            }
        });
        address
    })
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn text(&mut self) -> CString {
        let length = usize::from(self.byte().unwrap_or(0)).min(self.0.len());
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        CString::new(text.split(|b| *b == 0).next().unwrap_or_default()).expect("no NUL")
    }
}

/// A handle that was given out, and whether it still lives.
struct Handle(*mut okdok_client, bool);

/// The library silences panics. Here each of them is a bug, those that it would catch too.
fn keep_panics_loud() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let loud = std::panic::take_hook();
        abi::exports::okdok_version();
        std::panic::set_hook(loud);
    });
}

fuzz_target!(|data: &[u8]| {
    keep_panics_loud();
    let base_url = CString::new(format!("http://{}", service())).expect("no NUL");
    let mut input = Input(data);
    let mut handles: Vec<Handle> = Vec::new();
    while let Some(action) = input.byte() {
        let chosen = usize::from(input.byte().unwrap_or(0));
        let handle = match (chosen % 8, handles.len()) {
            (0, _) | (_, 0) => ptr::without_provenance_mut(chosen.wrapping_mul(0x0101_0101_0101_0101)),
            (_, count) => handles[chosen / 8 % count].0,
        };
        let lives = handles.iter().any(|known| known.0 == handle && known.1);
        match action % 4 {
            0 => make(&mut input, &base_url, chosen, &mut handles),
            1 => {
                okdok_free(handle);
                handles.iter_mut().filter(|known| known.0 == handle).for_each(|known| known.1 = false);
            }
            _ => delete(&mut input, handle, lives, action),
        }
    }
    for handle in handles {
        okdok_free(handle.0);
    }
});

fn make(input: &mut Input, base_url: &CString, chosen: usize, handles: &mut Vec<Handle>) {
    let (key, text) = (input.text(), input.text());
    let options = okdok_options {
        size: if chosen & 1 == 0 { size_of::<okdok_options>() } else { chosen % size_of::<okdok_options>() } as u32,
        timeout_ms: 2000,
        // Few enough transports that threads do not pile up.
        connect_timeout_ms: 500 + (chosen as u32 & 3),
        max_attempts: 1,
        ca_file: ptr::null(),
        proxy: if chosen & 16 == 0 { ptr::null() } else { text.as_ptr() },
        user_agent: if chosen & 32 == 0 { ptr::null() } else { text.as_ptr() },
    };
    let base = if chosen & 64 == 0 { base_url.as_ptr() } else { text.as_ptr() };
    let (mut status, mut error) = (-1, MaybeUninit::<okdok_error>::uninit());
    let client =
        unsafe { okdok_client_new(base, key.as_ptr(), &raw const options, &raw mut status, error.as_mut_ptr()) };
    let error = unsafe { error.assume_init_ref() };
    assert_eq!(error.status, status);
    assert_eq!(client.is_null(), status != OKDOK_STATUS_OK);
    assert_ne!(status, OKDOK_STATUS_INTERNAL);
    if !client.is_null() {
        assert!(handles.iter().all(|known| known.0 != client), "a handle was given out twice");
        // Only what goes to our own service may be called.
        if chosen & 64 == 0 {
            handles.push(Handle(client, true));
        } else {
            okdok_free(client);
        }
    }
}

fn delete(input: &mut Input, handle: *mut okdok_client, lives: bool, action: u8) {
    let id = input.text();
    let id = if action & 4 == 0 { id.as_ptr() } else { c"id-1".as_ptr() };
    let answer = input.text().into_bytes();
    *ANSWER.lock().expect("never poisoned") = match action & 24 {
        0 => answer,
        8 => b"HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\n{\"message\":\"msg.deleted\",\"result\":\"id-1\"}".to_vec(),
        _ => [b"HTTP/1.1 400 x\r\nconnection: close\r\n\r\n".as_slice(), &answer].concat(),
    };
    let (mut status, mut error) = (-1, MaybeUninit::<okdok_error>::uninit());
    let gone = unsafe { okdok_delete_signature_request(handle, id, &raw mut status, error.as_mut_ptr()) };
    let error = unsafe { error.assume_init_ref() };
    assert_eq!(error.status, status);
    assert_eq!(gone, matches!(status, OKDOK_STATUS_OK | OKDOK_STATUS_PRESUMED_DELETED));
    // The id is looked at before the handle.
    assert_eq!(status == OKDOK_STATUS_INVALID_CLIENT, !lives && status != OKDOK_STATUS_INVALID_ARGUMENT);
    assert_ne!(status, OKDOK_STATUS_INTERNAL);
    assert!(error.outcome_unknown == 0 || (!gone && error.attempts == 1));
    assert_eq!(error.attempts == 0, matches!(status, OKDOK_STATUS_INVALID_ARGUMENT | OKDOK_STATUS_INVALID_CLIENT));
    assert!(error.reserved.iter().all(|word| *word == 0));
}
