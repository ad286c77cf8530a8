//! Measures `reqwest::blocking` as it comes: warm BASE_URL CA_FILE SECONDS THREADS. THREADS is 1.
//!
//! Prints the same line as the C program (client.c): deletions, nanoseconds, CPU nanoseconds.

use std::error::Error;
use std::time::{Duration, Instant};
use std::{env, fs};

use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use reqwest::{Certificate, blocking};
use serde_json::Value;

const WARM_UP: u64 = 50;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().collect();
    let [_, _, base_url, ca_file, seconds, _] = arguments.as_slice() else {
        return Err("usage: see the head of measure.rs".into());
    };
    rustls::crypto::ring::default_provider().install_default().map_err(|_| "rustls has a provider already")?;
    let roots = Certificate::from_pem_bundle(&fs::read(ca_file)?)?;
    let mut headers = HeaderMap::new();
    headers.insert("x-api-key", HeaderValue::from_static("bench-key"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let client = blocking::Client::builder()
        .tls_certs_only(roots)
        .default_headers(headers)
        .timeout(Duration::from_secs(30))
        .build()?;
    let delete = |number: u64| -> Result<(), Box<dyn Error>> {
        let id = format!("32f8628d-6658-443d-0000-{number:012x}");
        let response = client.delete(format!("{base_url}/JSON/signatureRequest/{id}")).send()?;
        let status = response.status();
        let report: Value = response.json()?;
        if status == 200 && report["message"] == "msg.deleted" && report["result"] == id.as_str() {
            return Ok(());
        }
        Err(format!("not confirmed: {status} {report}").into())
    };

    let mut number = 0;
    while number < WARM_UP {
        delete(number)?;
        number += 1;
    }
    let duration = Duration::from_secs_f64(seconds.parse()?);
    let (spent, began) = (cpu(), Instant::now());
    while began.elapsed() < duration {
        delete(number)?;
        number += 1;
    }
    println!("{} {} {}", number - WARM_UP, began.elapsed().as_nanos(), (cpu() - spent).as_nanos());
    Ok(())
}

/// Of the whole process, reqwest's thread too.
fn cpu() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes to a struct of ours that outlives it.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
