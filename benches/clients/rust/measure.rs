//! Measures reqwest as it comes: blocking|async BASE_URL CA_FILE SECONDS.
//!
//! `blocking` hands each request to reqwest's own thread, as okdok does; `async` drives it on the calling thread.
//! Prints the same line as the C program: deletions, nanoseconds, CPU nanoseconds.

use std::error::Error;
use std::mem::MaybeUninit;
use std::time::{Duration, Instant};
use std::{env, fs};

use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use reqwest::{Certificate, blocking};
use serde_json::Value;

const WARM_UP: u64 = 50;
const TIMEOUT: Duration = Duration::from_secs(30);

type Deleted = Result<(u16, Value), reqwest::Error>;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().collect();
    let [_, way, base_url, ca_file, seconds] = arguments.as_slice() else {
        return Err("usage: measure blocking|async BASE_URL CA_FILE SECONDS".into());
    };
    rustls::crypto::ring::default_provider().install_default().map_err(|_| "rustls has a provider already")?;
    let roots = Certificate::from_pem_bundle(&fs::read(ca_file)?)?;
    let mut headers = HeaderMap::new();
    headers.insert("x-api-key", HeaderValue::from_static("bench-key"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let duration = Duration::from_secs_f64(seconds.parse()?);
    let url = |id: &str| format!("{base_url}/JSON/signatureRequest/{id}");

    if way == "blocking" {
        let client =
            blocking::Client::builder().tls_certs_only(roots).default_headers(headers).timeout(TIMEOUT).build()?;
        measure(duration, |id| {
            let response = client.delete(url(id)).send()?;
            Ok((response.status().as_u16(), response.json()?))
        })
    } else {
        let client =
            reqwest::Client::builder().tls_certs_only(roots).default_headers(headers).timeout(TIMEOUT).build()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        measure(duration, |id| {
            runtime.block_on(async {
                let response = client.delete(url(id)).send().await?;
                Ok((response.status().as_u16(), response.json().await?))
            })
        })
    }
}

fn measure(duration: Duration, delete: impl Fn(&str) -> Deleted) -> Result<(), Box<dyn Error>> {
    let delete_next = |number: u64| -> Result<(), Box<dyn Error>> {
        let id = format!("32f8628d-6658-443d-0000-{number:012x}");
        let (status, report) = delete(&id)?;
        if status == 200 && report["message"] == "msg.deleted" && report["result"] == id.as_str() {
            Ok(())
        } else {
            Err(format!("not confirmed: {status} {report}").into())
        }
    };
    for number in 0..WARM_UP {
        delete_next(number)?;
    }
    let (spent, began) = (cpu(), Instant::now());
    let mut deletions = 0;
    while began.elapsed() < duration {
        delete_next(WARM_UP + deletions)?;
        deletions += 1;
    }
    println!("{deletions} {} {}", began.elapsed().as_nanos(), (cpu() - spent).as_nanos());
    Ok(())
}

/// Of the whole process, reqwest's thread too.
fn cpu() -> Duration {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: `getrusage` fills the struct that it is given, and all zero is a valid one too.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
        usage.assume_init()
    };
    let time = |time: libc::timeval| Duration::new(time.tv_sec as u64, 1000 * time.tv_usec as u32);
    time(usage.ru_utime) + time(usage.ru_stime)
}
