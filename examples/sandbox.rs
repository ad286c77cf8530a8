//! A server that imitates the OKdokument service, for trying okdok without an account and for the tests of every language.
//!
//! `sandbox [--port N]`: listens on localhost (N is 8080 by default; 0 is a free port) and prints its base URL.
//! `sandbox --help`: prints this text.
//!
//! | key                 | answer                          |
//! | ------------------- | ------------------------------- |
//! | `sandbox-key`       | depends on the id, see below    |
//! | `sandbox-forbidden` | 403                             |
//! | any other, or none  | 401                             |
//!
//! | id                                     | answer                                                                |
//! | -------------------------------------- | --------------------------------------------------------------------- |
//! | a UUID, in lower case and with dashes  | 200 `msg.deleted` the first time, then it does not exist              |
//! | `32f8628d-6658-443d-a2a0-f59d9d3752d2` | 400 `err.signature.request.not.exist` (the id on the service's page)  |
//! | `invalid-…`                            | 400 `err.invalid`                                                     |
//! | `error-…`                              | 500                                                                   |
//! | any other, such as `missing-1`         | 400 `err.signature.request.not.exist`                                 |
//!
//! So every UUID exists until it is deleted, and an id with a blank at its end, or half of an id, does not exist.
#![allow(clippy::expect_used, reason = "a program that cannot go on says why and ends")]

use std::collections::HashSet;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Mutex;
use std::thread;

use httpmock::{HttpMockRequest, HttpMockResponse, MockServer};

const USAGE: &str = "usage: sandbox [--port N | --help]";
const PATH: &str = "/JSON/signatureRequest/";

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let port = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => 8080,
        ["--port", port] => port.parse().expect(USAGE),
        ["--help"] => {
            // The text at the top of this file.
            for line in include_str!("sandbox.rs").lines().map_while(|line| line.strip_prefix("//!")) {
                println!("{}", line.strip_prefix(' ').unwrap_or(line));
            }
            return Ok(());
        }
        _ => {
            eprintln!("{USAGE}");
            std::process::exit(2)
        }
    };
    let service = MockServer::start();
    let deleted = Mutex::new(HashSet::new());
    service.mock(|when, then| {
        when.any_request();
        then.respond_with(move |request| answer(request, &deleted));
    });

    // The mock server chooses its own port, so a listener on our port forwards to it.
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    let url = format!("http://127.0.0.1:{}", listener.local_addr()?.port());
    println!("{url}");
    if port != 0 {
        println!("In another terminal: export OKDOK_BASE_URL={url} OKDOK_API_KEY=sandbox-key");
    }
    // A client that is gone again, or for which there is no descriptor, is no reason to end.
    for client in listener.incoming().flatten() {
        forward(client, *service.address());
    }
    Ok(())
}

fn answer(request: &HttpMockRequest, deleted: &Mutex<HashSet<String>>) -> HttpMockResponse {
    let uri = request.uri();
    let Some(id) = uri.path().strip_prefix(PATH).filter(|_| request.method() == "DELETE") else {
        return status(404);
    };
    let id = percent_encoding::percent_decode_str(id).decode_utf8_lossy();
    match request.headers().get("x-api-key").map(reqwest::header::HeaderValue::as_bytes) {
        Some(b"sandbox-key") => {}
        Some(b"sandbox-forbidden") => return status(403),
        _ => return status(401),
    }
    if id.starts_with("error-") {
        status(500)
    } else if id.starts_with("invalid-") {
        report(400, "err.invalid", "value", &id)
    } else if exists(&id) && deleted.lock().expect("no answer panics").insert(id.to_string()) {
        report(200, "msg.deleted", "result", &id)
    } else {
        report(400, "err.signature.request.not.exist", "value", &id)
    }
}

/// Whether the id exists until it is deleted.
fn exists(id: &str) -> bool {
    let is_uuid = id.len() == 36
        && id.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        });
    is_uuid && id != "32f8628d-6658-443d-a2a0-f59d9d3752d2"
}

fn status(code: u16) -> HttpMockResponse {
    HttpMockResponse::builder().status(code).build()
}

fn report(code: u16, message: &str, member: &str, id: &str) -> HttpMockResponse {
    let body = serde_json::json!({ "message": message, member: id });
    HttpMockResponse::builder().status(code).header("content-type", "application/json").body(body.to_string()).build()
}

/// Copies in both directions, until each side has ended.
fn forward(client: TcpStream, service: SocketAddr) {
    let Ok(upstream) = TcpStream::connect(service) else { return };
    if client.set_nodelay(true).and(upstream.set_nodelay(true)).is_err() {
        return;
    }
    let (Ok(from_client), Ok(from_upstream)) = (client.try_clone(), upstream.try_clone()) else { return };
    for (mut from, mut to) in [(from_client, upstream), (from_upstream, client)] {
        thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        });
    }
}
